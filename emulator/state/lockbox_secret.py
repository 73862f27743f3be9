"""Lockbox secrets: what holds versions, and which of them is current."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from yandex.cloud.lockbox.v1 import secret_service_pb2 as api
from yandex.cloud.lockbox.v1.secret_pb2 import Secret, Version
from yandex.cloud.operation.operation_pb2 import Operation

from emulator import identifiers
from emulator.errors import already_exists, bad_request, precondition
from emulator.state.access_binding import AccessBindings
from emulator.state.backend import Backend
from emulator.state.call import Call
from emulator.state.field_masks import changed_fields, copy_fields
from emulator.state.listing import page_that_lags
from emulator.state.lockbox_version import DEFAULT_PENDING_PERIOD, Versions
from emulator.state.operations import Operations
from emulator.state.resource import ManagedResource, ResourceWithAccess
from emulator.storage import Kind, Record

_MUTABLE = ("name", "description", "labels", "deletion_protection", "password_payload_specification")


class Secrets(ManagedResource, ResourceWithAccess):
    """The secrets of all folders. A record's fact `current` is the id of the version that counts."""

    kind = Kind.SECRET
    message = Secret
    noun = "secret"
    id_field = "secret_id"
    id_prefix = identifiers.LOCKBOX
    permissions = "lockbox.secrets"
    operations_response = api.ListSecretOperationsResponse
    resource_type = "lockbox.secret"

    def __init__(self, backend: Backend, access: AccessBindings, operations: Operations, versions: Versions) -> None:
        super().__init__(backend, access, operations)
        self._versions = versions

    def page(self, request: api.ListSecretsRequest, call: Call) -> api.ListSecretsResponse:
        """The secrets of one folder."""
        page, token = self._page_of_folder(request.folder_id, request, call)
        return api.ListSecretsResponse(secrets=[self.from_record(record) for record in page], next_page_token=token)

    def create(self, request: api.CreateSecretRequest, call: Call) -> Operation:
        """A new secret, with a first version where entries (or a rule to generate them) are given."""
        hierarchy = self._backend.folder_hierarchy(request.folder_id)
        self._access.require(call, "lockbox.secrets.create", hierarchy)
        self._check_quota("lockbox.secrets.count", self._backend.settings.secret_quota, hierarchy[-1])
        self._refuse_taken(request.folder_id, request.name)
        if request.kms_key_id:
            self._backend.existing(Kind.SYMMETRIC_KEY, request.kms_key_id, "Symmetric key")
        secret = Secret(
            id=identifiers.new_id(identifiers.LOCKBOX),
            folder_id=request.folder_id,
            created_at=self._backend.clock.timestamp(),
            kms_key_id=request.kms_key_id,
            status=Secret.Status.ACTIVE,
        )
        copy_fields(secret, request, _MUTABLE)
        record = self._keep(secret, "")
        version_id = ""
        if _wants_version(request):
            version = self._versions.first(secret, request.version_payload_entries, request.version_description)
            version_id = version.id
            record = self._keep(secret, version_id)
        secret = self.from_record(record)
        return self._operation(call, secret.id, "Create secret", secret, version_id=version_id)

    def update(self, request: api.UpdateSecretRequest, call: Call) -> Operation:
        """Changes what the mask names; payloads are never touched."""
        record = self._allowed(request, "update", call)
        secret = Secret.FromString(record.body)
        fields = changed_fields(request, _MUTABLE)
        if "name" in fields and request.name != secret.name:
            self._refuse_taken(secret.folder_id, request.name)
        copy_fields(secret, request, fields)
        record = self._keep(secret, record.facts["current"])
        return self._operation(call, secret.id, "Update secret", self.from_record(record))

    def remove(self, resource_id: str) -> None:
        """The secret is gone, with its versions and bindings."""
        self._versions.remove(resource_id)
        self._access.remove_resource(resource_id)
        super().remove(resource_id)

    def activate(self, request: api.ActivateSecretRequest, call: Call) -> Operation:
        """Makes the payload readable again."""
        secret = self._switch(self._allowed(request, "activate", call), Secret.Status.ACTIVE)
        return self._operation(call, secret.id, "Activate secret", secret)

    def deactivate(self, request: api.DeactivateSecretRequest, call: Call) -> Operation:
        """Makes the payload unreadable; it stays."""
        secret = self._switch(self._allowed(request, "deactivate", call), Secret.Status.INACTIVE)
        return self._operation(call, secret.id, "Deactivate secret", secret)

    def list_versions(self, request: api.ListVersionsRequest, call: Call) -> api.ListVersionsResponse:
        """The versions of one secret, without payload."""
        self._allowed(request, "listVersions", call)
        page, token = page_that_lags(self._backend, Kind.VERSION, request.secret_id, request)
        versions = [self._versions.from_record(record) for record in page]
        return api.ListVersionsResponse(versions=versions, next_page_token=token)

    def add_version(self, request: api.AddVersionRequest, call: Call) -> Operation:
        """A new version, merged into the base (the current one by default); it becomes current."""
        record = self._allowed(request, "addVersion", call)
        secret = Secret.FromString(record.body)
        if secret.status != Secret.Status.ACTIVE:
            raise precondition(f"Secret {secret.id} is inactive: activate it to add a version")
        version = self._versions.add(secret, record.facts["current"], request)
        self._make_current(record, version.id)
        return self._operation(call, secret.id, "Add version", version, version_id=version.id)

    def set_current_version(self, request: api.SetCurrentVersionRequest, call: Call) -> Operation:
        """Makes an active version the current one."""
        record = self._allowed(request, "setCurrentVersion", call)
        version = self._versions.find(request.secret_id, request.version_id)
        if version.status != Version.Status.ACTIVE:
            raise precondition(f"Version {version.id} isn't active, so it can't be the current one")
        self._make_current(record, version.id)
        return self._operation(call, request.secret_id, "Set current version", version, version_id=version.id)

    def schedule_version_destruction(self, request: api.ScheduleVersionDestructionRequest, call: Call) -> Operation:
        """Has a version destroyed later. The current one too, unless the settings refuse it."""
        record = self._allowed(request, "scheduleVersionDestruction", call)
        is_current = record.facts["current"] == request.version_id
        if is_current and self._backend.settings.schedule_current_version == "refuse":
            raise precondition(
                f"Version {request.version_id} is the current one: it can't be scheduled for destruction"
            )
        pending = DEFAULT_PENDING_PERIOD
        if request.HasField("pending_period"):
            pending = timedelta(seconds=request.pending_period.seconds)
        if not timedelta() < pending < timedelta(days=10_000):
            raise bad_request([("pending_period", "has to be longer than nothing, such as 168h")])
        version = self._versions.schedule(request.secret_id, request.version_id, pending)
        return self._operation(
            call,
            request.secret_id,
            "Schedule version destruction",
            version,
            version_id=version.id,
            destroy_at=version.destroy_at,
        )

    def cancel_version_destruction(self, request: api.CancelVersionDestructionRequest, call: Call) -> Operation:
        """Takes a version back from its destruction."""
        self._allowed(request, "cancelVersionDestruction", call)
        version = self._versions.cancel(request.secret_id, request.version_id)
        return self._operation(call, request.secret_id, "Cancel version destruction", version, version_id=version.id)

    def from_record(self, record: Record) -> Secret:
        """The secret of a record, with its current version."""
        secret = Secret.FromString(record.body)
        if record.facts["current"]:
            secret.current_version.CopyFrom(self._versions.find(secret.id, record.facts["current"]))
        return secret

    def _switch(self, record: Record, status: Secret.Status.ValueType) -> Secret:
        secret = Secret.FromString(record.body)
        secret.status = status
        return self.from_record(self._keep(secret, record.facts["current"]))

    def _make_current(self, record: Record, version_id: str) -> None:
        self._backend.storage.put(replace(record, facts={**record.facts, "current": version_id}))

    def _refuse_taken(self, folder_id: str, name: str) -> None:
        if not name or self._backend.settings.secret_names == "free":
            return
        if self._backend.storage.named(Kind.SECRET, f"{folder_id}/{name}"):
            raise already_exists(self.title, name)

    def _keep(self, secret: Secret, current: str) -> Record:
        name = f"{secret.folder_id}/{secret.name}"
        body = secret.SerializeToString()
        record = Record(Kind.SECRET, secret.id, body, secret.folder_id, name, {"current": current})
        self._backend.storage.put(record)
        return record


def _wants_version(request: api.CreateSecretRequest) -> bool:
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
