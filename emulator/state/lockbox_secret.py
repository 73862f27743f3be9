"""Lockbox secrets: what holds versions. Their payloads lie with the versions."""

from __future__ import annotations

from typing import Any

from yandex.cloud.access import access_pb2
from yandex.cloud.lockbox.v1.secret_pb2 import Secret
from yandex.cloud.lockbox.v1.secret_service_pb2 import (
    ActivateSecretMetadata,
    CreateSecretMetadata,
    CreateSecretRequest,
    DeactivateSecretMetadata,
    DeleteSecretMetadata,
    ListSecretOperationsRequest,
    ListSecretOperationsResponse,
    ListSecretsRequest,
    ListSecretsResponse,
    UpdateSecretMetadata,
    UpdateSecretRequest,
)
from yandex.cloud.operation.operation_pb2 import Operation

from emulator import identifiers
from emulator.errors import already_exists, bad_request, precondition, quota_exceeded
from emulator.state.access import AccessBindings
from emulator.state.call import Call
from emulator.state.ground import Ground
from emulator.state.lockbox_version import Versions
from emulator.state.masks import changed_fields, take_over
from emulator.state.operations import Operations
from emulator.state.paging import page_of_children
from emulator.storage import Kind, Record

_MUTABLE = ("name", "description", "labels", "deletion_protection", "password_payload_specification")
_SECRETS = "lockbox.secrets"


class Secrets:
    """The secrets of all folders. A record's fact `current` is the id of the version that counts."""

    kind = "lockbox.secret"

    def __init__(self, ground: Ground, access: AccessBindings, operations: Operations, versions: Versions) -> None:
        self._ground = ground
        self._access = access
        self._operations = operations
        self._versions = versions

    def chain(self, secret_id: str) -> list[str]:
        """The secret and what holds it. Raises NOT_FOUND."""
        return [secret_id, *self._ground.folder_chain(self.find(secret_id).parent)]

    def find(self, secret_id: str) -> Record:
        """The record of one secret, whoever asks. Raises NOT_FOUND."""
        return self._ground.existing(Kind.SECRET, secret_id, "Secret")

    def get(self, secret_id: str, call: Call) -> Secret:
        """One secret with its current version, without payload. Raises NOT_FOUND, PERMISSION_DENIED."""
        return self.shown(self._allowed(secret_id, "get", call))

    def page(self, request: ListSecretsRequest, call: Call) -> ListSecretsResponse:
        """The secrets of one folder."""
        self._access.require(call, f"{_SECRETS}.list", self._ground.folder_chain(request.folder_id))
        page, token = page_of_children(self._ground.storage, Kind.SECRET, request.folder_id, request)
        return ListSecretsResponse(secrets=[self.shown(record) for record in page], next_page_token=token)

    def create(self, request: CreateSecretRequest, call: Call) -> Operation:
        """A new secret, with a first version where entries (or a rule to generate them) are given."""
        chain = self._ground.folder_chain(request.folder_id)
        self._access.require(call, f"{_SECRETS}.create", chain)
        limit = self._ground.settings.secret_quota
        if self._ground.storage.count(Kind.SECRET) >= limit:
            raise quota_exceeded("lockbox.secrets.count", limit, f"cloud:{chain[-1]}")
        self._refuse_taken(request.folder_id, request.name)
        if request.kms_key_id:
            self._ground.existing(Kind.SYMMETRIC_KEY, request.kms_key_id, "Symmetric key")
        secret = Secret(
            id=identifiers.new_id(identifiers.LOCKBOX),
            folder_id=request.folder_id,
            created_at=self._ground.clock.timestamp(),
            kms_key_id=request.kms_key_id,
            status=Secret.Status.ACTIVE,
        )
        fields = ["name", "description", "labels", "deletion_protection"]
        if request.HasField("password_payload_specification"):
            fields.append("password_payload_specification")
        take_over(secret, request, fields)
        record = self._keep(secret, "")
        metadata = CreateSecretMetadata(secret_id=secret.id)
        if _wants_version(request):
            version = self._versions.first(secret, request.version_payload_entries, request.version_description)
            record = self._keep(secret, version.id)
            metadata.version_id = version.id
        return self._done(call, secret.id, "Create secret", metadata, self.shown(record))

    def update(self, request: UpdateSecretRequest, call: Call) -> Operation:
        """Changes what the mask names; payloads are never touched."""
        record = self._allowed(request.secret_id, "update", call)
        secret = Secret.FromString(record.body)
        fields = changed_fields(request, _MUTABLE)
        if "name" in fields and request.name != secret.name:
            self._refuse_taken(secret.folder_id, request.name)
        take_over(secret, request, fields)
        record = self._keep(secret, record.facts["current"])
        metadata = UpdateSecretMetadata(secret_id=secret.id)
        return self._done(call, secret.id, "Update secret", metadata, self.shown(record))

    def delete(self, secret_id: str, call: Call) -> Operation:
        """Deletes a secret with all its versions. Raises FAILED_PRECONDITION when it is protected."""
        record = self._allowed(secret_id, "delete", call)
        secret = self.shown(record)
        if secret.deletion_protection:
            raise precondition(f"Secret {secret_id} is protected from deletion: clear deletion_protection first")
        self.forget(secret_id)
        return self._done(call, secret_id, "Delete secret", DeleteSecretMetadata(secret_id=secret_id), secret)

    def forget(self, secret_id: str) -> None:
        """The secret is gone, with its versions and bindings."""
        self._versions.forget(secret_id)
        self._access.forget_resource(secret_id)
        self._ground.storage.delete(Kind.SECRET, secret_id)

    def activate(self, secret_id: str, call: Call) -> Operation:
        """Makes the payload readable again."""
        secret = self._switch(secret_id, "activate", Secret.Status.ACTIVE, call)
        return self._done(call, secret_id, "Activate secret", ActivateSecretMetadata(secret_id=secret_id), secret)

    def deactivate(self, secret_id: str, call: Call) -> Operation:
        """Makes the payload unreadable; it stays."""
        secret = self._switch(secret_id, "deactivate", Secret.Status.INACTIVE, call)
        return self._done(call, secret_id, "Deactivate secret", DeactivateSecretMetadata(secret_id=secret_id), secret)

    def list_operations(self, request: ListSecretOperationsRequest, call: Call) -> ListSecretOperationsResponse:
        """What was done to one secret and its versions."""
        self._allowed(request.secret_id, "listOperations", call)
        page, token = self._operations.page(request.secret_id, request)
        return ListSecretOperationsResponse(operations=page, next_page_token=token)

    def list_access_bindings(self, request: Any, call: Call) -> access_pb2.ListAccessBindingsResponse:
        """Who has which role on the secret itself."""
        self._allowed(request.resource_id, "listAccessBindings", call)
        return self._access.page(request.resource_id, request)

    def set_access_bindings(self, request: Any, call: Call) -> Operation:
        """Replaces the secret's bindings."""
        self._allowed(request.resource_id, "setAccessBindings", call)
        return self._access.set(request, call, identifiers.LOCKBOX, self.kind)

    def update_access_bindings(self, request: Any, call: Call) -> Operation:
        """Adds and removes bindings on the secret."""
        self._allowed(request.resource_id, "updateAccessBindings", call)
        return self._access.update(request, call, identifiers.LOCKBOX, self.kind)

    def shown(self, record: Record) -> Secret:
        """The secret of a record, with its current version."""
        secret = Secret.FromString(record.body)
        if record.facts["current"]:
            secret.current_version.CopyFrom(self._versions.find(secret.id, record.facts["current"]))
        return secret

    def _allowed(self, secret_id: str, verb: str, call: Call) -> Record:
        record = self.find(secret_id)
        self._access.require(call, f"{_SECRETS}.{verb}", self.chain(secret_id))
        return record

    def _switch(self, secret_id: str, verb: str, status: Secret.Status.ValueType, call: Call) -> Secret:
        record = self._allowed(secret_id, verb, call)
        secret = Secret.FromString(record.body)
        secret.status = status
        return self.shown(self._keep(secret, record.facts["current"]))

    def _refuse_taken(self, folder_id: str, name: str) -> None:
        if not name or self._ground.settings.secret_names == "free":
            return
        if self._ground.storage.named(Kind.SECRET, f"{folder_id}/{name}"):
            raise already_exists("Secret", name)

    def _keep(self, secret: Secret, current: str) -> Record:
        record = Record(
            Kind.SECRET,
            secret.id,
            secret.SerializeToString(),
            parent=secret.folder_id,
            name=f"{secret.folder_id}/{secret.name}",
            facts={"current": current},
        )
        self._ground.storage.put(record)
        return record

    def _done(self, call: Call, secret_id: str, words: str, metadata: Any, response: Any) -> Operation:
        return self._operations.finish(call, identifiers.LOCKBOX, secret_id, words, metadata, response)


def _wants_version(request: CreateSecretRequest) -> bool:
    """Whether a first version is made: by default, where there is something to put into it."""
    given, generated = bool(request.version_payload_entries), request.HasField("password_payload_specification")
    if given and generated:
        words = "can't be given together with password_payload_specification"
        raise bad_request([("version_payload_entries", words)])
    if not request.HasField("create_version"):
        return given or generated
    if request.create_version.value and not (given or generated):
        words = "is true, so version_payload_entries or password_payload_specification is required"
        raise bad_request([("create_version", words)])
    return bool(request.create_version.value)
