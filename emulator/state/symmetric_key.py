"""KMS symmetric keys and their versions. The emulator has no key material: it only knows who may use which key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from yandex.cloud.access import access_pb2
from yandex.cloud.kms.v1.symmetric_key_pb2 import SymmetricAlgorithm, SymmetricKey, SymmetricKeyVersion
from yandex.cloud.kms.v1.symmetric_key_service_pb2 import (
    CancelSymmetricKeyVersionDestructionMetadata,
    CancelSymmetricKeyVersionDestructionRequest,
    CreateSymmetricKeyMetadata,
    CreateSymmetricKeyRequest,
    DeleteSymmetricKeyMetadata,
    ListSymmetricKeyOperationsRequest,
    ListSymmetricKeyOperationsResponse,
    ListSymmetricKeysRequest,
    ListSymmetricKeysResponse,
    ListSymmetricKeyVersionsRequest,
    ListSymmetricKeyVersionsResponse,
    RotateSymmetricKeyMetadata,
    ScheduleSymmetricKeyVersionDestructionMetadata,
    ScheduleSymmetricKeyVersionDestructionRequest,
    SetPrimarySymmetricKeyVersionMetadata,
    SetPrimarySymmetricKeyVersionRequest,
    UpdateSymmetricKeyMetadata,
    UpdateSymmetricKeyRequest,
)
from yandex.cloud.operation.operation_pb2 import Operation

from emulator import identifiers
from emulator.clock import moment, timestamp
from emulator.errors import not_found, precondition
from emulator.state.access import AccessBindings
from emulator.state.call import Call
from emulator.state.ground import Ground
from emulator.state.masks import changed_fields, take_over
from emulator.state.operations import Operations
from emulator.state.paging import page_of_children
from emulator.storage import Kind, Record

_MUTABLE = ("name", "description", "status", "labels", "default_algorithm", "rotation_period", "deletion_protection")
_CREATED = ("name", "description", "labels", "default_algorithm", "rotation_period", "deletion_protection")
_PENDING_PERIOD = timedelta(days=3)
_STATUS = SymmetricKeyVersion.Status


class SymmetricKeys:
    """The keys of all folders; a record's fact `primary` is the id of the version that encrypts."""

    kind = "kms.symmetricKey"

    def __init__(self, ground: Ground, access: AccessBindings, operations: Operations) -> None:
        self._ground = ground
        self._access = access
        self._operations = operations

    def require_decryption(self, key_id: str, call: Call) -> None:
        """Lets the call read what the key encrypts. Raises PERMISSION_DENIED, or FAILED_PRECONDITION without the key."""
        record = self._ground.storage.get(Kind.SYMMETRIC_KEY, key_id)
        if record is None:
            raise precondition(f"The KMS key {key_id} is deleted: what it encrypts can't be read")
        self._access.require(call, "kms.keys.decrypt", self._chain(record))
        if SymmetricKey.FromString(record.body).status != SymmetricKey.Status.ACTIVE:
            raise precondition(f"The KMS key {key_id} is inactive: what it encrypts can't be read")

    def get(self, key_id: str, call: Call) -> SymmetricKey:
        """One key with its primary version. Raises NOT_FOUND, PERMISSION_DENIED."""
        return self._shown(self._allowed(key_id, "get", call))

    def page(self, request: ListSymmetricKeysRequest, call: Call) -> ListSymmetricKeysResponse:
        """The keys of one folder."""
        self._access.require(call, "kms.keys.list", self._ground.folder_chain(request.folder_id))
        page, token = page_of_children(self._ground.storage, Kind.SYMMETRIC_KEY, request.folder_id, request)
        return ListSymmetricKeysResponse(keys=[self._shown(record) for record in page], next_page_token=token)

    def create(self, request: CreateSymmetricKeyRequest, call: Call) -> Operation:
        """A new key with a first version."""
        self._access.require(call, "kms.keys.create", self._ground.folder_chain(request.folder_id))
        key = SymmetricKey(
            id=identifiers.new_id(identifiers.KMS),
            folder_id=request.folder_id,
            created_at=self._ground.clock.timestamp(whole_seconds=True),
            status=SymmetricKey.Status.ACTIVE,
        )
        take_over(key, request, _CREATED)
        version = self._new_version(key)
        record = self._keep(key, version.id)
        metadata = CreateSymmetricKeyMetadata(key_id=key.id, primary_version_id=version.id)
        return self._done(call, key.id, "Create symmetric key", metadata, self._shown(record))

    def update(self, request: UpdateSymmetricKeyRequest, call: Call) -> Operation:
        """Changes what the mask names."""
        record = self._allowed(request.key_id, "update", call)
        key = SymmetricKey.FromString(record.body)
        fields = changed_fields(request, _MUTABLE)
        # Unset status and algorithm in an update of everything mean: as they are.
        unset = {name for name in ("status", "default_algorithm") if not getattr(request, name)}
        take_over(key, request, [name for name in fields if name not in unset])
        record = self._keep(key, record.facts["primary"])
        metadata = UpdateSymmetricKeyMetadata(key_id=key.id)
        return self._done(call, key.id, "Update symmetric key", metadata, self._shown(record))

    def delete(self, key_id: str, call: Call) -> Operation:
        """Deletes a key; what it encrypts can't be read any more. Raises FAILED_PRECONDITION when it is protected."""
        record = self._allowed(key_id, "delete", call)
        key = self._shown(record)
        if key.deletion_protection:
            raise precondition(f"Symmetric key {key_id} is protected from deletion: clear deletion_protection first")
        self.forget(key_id)
        metadata = DeleteSymmetricKeyMetadata(key_id=key_id)
        return self._done(call, key_id, "Delete symmetric key", metadata, key)

    def forget(self, key_id: str) -> None:
        """The key is gone, with its versions and bindings."""
        self._ground.storage.delete_children(Kind.SYMMETRIC_KEY_VERSION, key_id)
        self._access.forget_resource(key_id)
        self._ground.storage.delete(Kind.SYMMETRIC_KEY, key_id)

    def rotate(self, key_id: str, call: Call) -> Operation:
        """A new version, which becomes the primary one."""
        record = self._allowed(key_id, "rotate", call)
        key = SymmetricKey.FromString(record.body)
        version = self._new_version(key)
        record = self._keep(key, version.id)
        metadata = RotateSymmetricKeyMetadata(key_id=key_id, new_primary_version_id=version.id)
        return self._done(call, key_id, "Rotate symmetric key", metadata, self._shown(record))

    def set_primary(self, request: SetPrimarySymmetricKeyVersionRequest, call: Call) -> Operation:
        """Makes an active version the primary one."""
        record = self._allowed(request.key_id, "setPrimaryVersion", call)
        version = self._version(request.key_id, request.version_id)
        if version.status != _STATUS.ACTIVE:
            raise precondition(f"Version {version.id} isn't active, so it can't be the primary one")
        record = self._keep(SymmetricKey.FromString(record.body), version.id)
        metadata = SetPrimarySymmetricKeyVersionMetadata(key_id=request.key_id, version_id=version.id)
        return self._done(call, request.key_id, "Set primary version", metadata, self._shown(record))

    def list_versions(self, request: ListSymmetricKeyVersionsRequest, call: Call) -> ListSymmetricKeyVersionsResponse:
        """The versions of one key."""
        primary = self._allowed(request.key_id, "listVersions", call).facts["primary"]
        page, token = page_of_children(self._ground.storage, Kind.SYMMETRIC_KEY_VERSION, request.key_id, request)
        versions = [self._settled(record) for record in page]
        for version in versions:
            version.primary = version.id == primary
        return ListSymmetricKeyVersionsResponse(key_versions=versions, next_page_token=token)

    def schedule(self, request: ScheduleSymmetricKeyVersionDestructionRequest, call: Call) -> Operation:
        """Has a version destroyed later; the primary one is refused."""
        record = self._allowed(request.key_id, "scheduleVersionDestruction", call)
        if record.facts["primary"] == request.version_id:
            raise precondition(f"Version {request.version_id} is the primary one: it can't be destroyed")
        version = self._version(request.key_id, request.version_id)
        pending = timedelta(seconds=request.pending_period.seconds) or _PENDING_PERIOD
        version.status = _STATUS.SCHEDULED_FOR_DESTRUCTION
        version.destroy_at.CopyFrom(timestamp(self._ground.clock.now() + pending, whole_seconds=True))
        self._keep_version(version)
        metadata = ScheduleSymmetricKeyVersionDestructionMetadata(
            key_id=request.key_id, version_id=version.id, destroy_at=version.destroy_at
        )
        return self._done(call, request.key_id, "Schedule version destruction", metadata, version)

    def cancel(self, request: CancelSymmetricKeyVersionDestructionRequest, call: Call) -> Operation:
        """Takes a version back from its destruction."""
        self._allowed(request.key_id, "cancelVersionDestruction", call)
        version = self._version(request.key_id, request.version_id)
        if version.status != _STATUS.SCHEDULED_FOR_DESTRUCTION:
            raise precondition(f"Version {version.id} is {_STATUS.Name(version.status)}: nothing to cancel")
        version.status = _STATUS.ACTIVE
        version.ClearField("destroy_at")
        self._keep_version(version)
        metadata = CancelSymmetricKeyVersionDestructionMetadata(key_id=request.key_id, version_id=version.id)
        return self._done(call, request.key_id, "Cancel version destruction", metadata, version)

    def list_operations(
        self, request: ListSymmetricKeyOperationsRequest, call: Call
    ) -> ListSymmetricKeyOperationsResponse:
        """What was done to one key."""
        self._allowed(request.key_id, "listOperations", call)
        page, token = self._operations.page(request.key_id, request)
        return ListSymmetricKeyOperationsResponse(operations=page, next_page_token=token)

    def list_access_bindings(self, request: Any, call: Call) -> access_pb2.ListAccessBindingsResponse:
        """Who has which role on the key itself."""
        self._allowed(request.resource_id, "listAccessBindings", call)
        return self._access.page(request.resource_id, request)

    def set_access_bindings(self, request: Any, call: Call) -> Operation:
        """Replaces the key's bindings."""
        self._allowed(request.resource_id, "setAccessBindings", call)
        return self._access.set(request, call, identifiers.KMS, self.kind)

    def update_access_bindings(self, request: Any, call: Call) -> Operation:
        """Adds and removes bindings on the key."""
        self._allowed(request.resource_id, "updateAccessBindings", call)
        return self._access.update(request, call, identifiers.KMS, self.kind)

    def _chain(self, record: Record) -> list[str]:
        return [record.id, *self._ground.folder_chain(record.parent)]

    def _allowed(self, key_id: str, verb: str, call: Call) -> Record:
        record = self._ground.existing(Kind.SYMMETRIC_KEY, key_id, "Symmetric key")
        self._access.require(call, f"kms.keys.{verb}", self._chain(record))
        return record

    def _shown(self, record: Record) -> SymmetricKey:
        key = SymmetricKey.FromString(record.body)
        key.primary_version.CopyFrom(self._version(key.id, record.facts["primary"]))
        key.primary_version.primary = True
        return key

    def _version(self, key_id: str, version_id: str) -> SymmetricKeyVersion:
        record = self._ground.storage.get(Kind.SYMMETRIC_KEY_VERSION, version_id)
        if record is None or record.parent != key_id:
            raise not_found("Symmetric key version", version_id)
        return self._settled(record)

    def _settled(self, record: Record) -> SymmetricKeyVersion:
        version = SymmetricKeyVersion.FromString(record.body)
        is_scheduled = version.status == _STATUS.SCHEDULED_FOR_DESTRUCTION
        if is_scheduled and moment(version.destroy_at) <= self._ground.clock.now():
            version.status = _STATUS.DESTROYED
            self._keep_version(version)
        return version

    def _new_version(self, key: SymmetricKey) -> SymmetricKeyVersion:
        """A further version of `key`, whose time of rotation it becomes: the API counts the first version too."""
        version = SymmetricKeyVersion(
            id=identifiers.new_id(identifiers.KMS),
            key_id=key.id,
            status=_STATUS.ACTIVE,
            algorithm=key.default_algorithm,
            created_at=self._ground.clock.timestamp(whole_seconds=True),
            hosted_by_hsm=key.default_algorithm == SymmetricAlgorithm.AES_256_HSM,
        )
        key.rotated_at.CopyFrom(version.created_at)
        self._keep_version(version)
        return version

    def _keep_version(self, version: SymmetricKeyVersion) -> None:
        body = version.SerializeToString()
        self._ground.storage.put(Record(Kind.SYMMETRIC_KEY_VERSION, version.id, body, version.key_id))

    def _keep(self, key: SymmetricKey, primary: str) -> Record:
        body, facts = key.SerializeToString(), {"primary": primary}
        record = Record(Kind.SYMMETRIC_KEY, key.id, body, key.folder_id, key.name, facts)
        self._ground.storage.put(record)
        return record

    def _done(self, call: Call, key_id: str, words: str, metadata: Any, response: Any) -> Operation:
        return self._operations.finish(call, identifiers.KMS, key_id, words, metadata, response)
