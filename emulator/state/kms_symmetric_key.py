"""KMS symmetric keys and their versions. The emulator has no key material: it only knows who may use which key."""

from __future__ import annotations

from datetime import timedelta

from yandex.cloud.kms.v1 import symmetric_key_service_pb2 as api
from yandex.cloud.kms.v1.symmetric_key_pb2 import SymmetricAlgorithm, SymmetricKey, SymmetricKeyVersion
from yandex.cloud.operation.operation_pb2 import Operation

from emulator import identifiers
from emulator.clock import moment, timestamp
from emulator.errors import not_found, precondition
from emulator.state.call import Call
from emulator.state.field_masks import changed_fields, copy_fields
from emulator.state.paging import page_of_children
from emulator.state.resource import ManagedResource, ResourceWithAccess
from emulator.storage import Facts, Kind, Record

_MUTABLE = ("name", "description", "status", "labels", "default_algorithm", "rotation_period", "deletion_protection")
_CREATED = ("name", "description", "labels", "default_algorithm", "rotation_period", "deletion_protection")
_PENDING_PERIOD = timedelta(days=3)
_STATUS = SymmetricKeyVersion.Status


class SymmetricKeys(ManagedResource, ResourceWithAccess):
    """The keys of all folders; a record's fact `primary` is the id of the version that encrypts."""

    kind = Kind.SYMMETRIC_KEY
    message = SymmetricKey
    noun = "symmetric key"
    id_field = "key_id"
    id_prefix = identifiers.KMS
    permissions = "kms.keys"
    operations_response = api.ListSymmetricKeyOperationsResponse
    resource_type = "kms.symmetricKey"

    def require_decryption(self, key_id: str, call: Call) -> None:
        """Lets the call read what the key encrypts.

        Raises PERMISSION_DENIED, or FAILED_PRECONDITION without the key.
        """
        record = self._backend.storage.get(Kind.SYMMETRIC_KEY, key_id)
        if record is None:
            raise precondition(f"The KMS key {key_id} is deleted: what it encrypts can't be read")
        self._access.require(call, "kms.keys.decrypt", self.hierarchy(key_id))
        if SymmetricKey.FromString(record.body).status != SymmetricKey.Status.ACTIVE:
            raise precondition(f"The KMS key {key_id} is inactive: what it encrypts can't be read")

    def page(self, request: api.ListSymmetricKeysRequest, call: Call) -> api.ListSymmetricKeysResponse:
        """The keys of one folder."""
        page, token = self._page_of_folder(request.folder_id, request, call)
        return api.ListSymmetricKeysResponse(keys=[self.from_record(record) for record in page], next_page_token=token)

    def create(self, request: api.CreateSymmetricKeyRequest, call: Call) -> Operation:
        """A new key with a first version."""
        self._access.require(call, "kms.keys.create", self._backend.folder_hierarchy(request.folder_id))
        key = SymmetricKey(
            id=identifiers.new_id(identifiers.KMS),
            folder_id=request.folder_id,
            created_at=self._backend.clock.timestamp(whole_seconds=True),
            status=SymmetricKey.Status.ACTIVE,
        )
        copy_fields(key, request, _CREATED)
        version = self._new_version(key)
        record = self._keep(key, version.id)
        return self._operation(
            call, key.id, "Create symmetric key", self.from_record(record), primary_version_id=version.id
        )

    def update(self, request: api.UpdateSymmetricKeyRequest, call: Call) -> Operation:
        """Changes what the mask names."""
        record = self._allowed(request, "update", call)
        key = SymmetricKey.FromString(record.body)
        fields = changed_fields(request, _MUTABLE)
        # Unset status and algorithm in an update of everything mean: as they are.
        unset = {name for name in ("status", "default_algorithm") if not getattr(request, name)}
        copy_fields(key, request, [name for name in fields if name not in unset])
        record = self._keep(key, record.facts["primary"])
        return self._operation(call, key.id, "Update symmetric key", self.from_record(record))

    def remove(self, resource_id: str) -> None:
        """The key is gone, with its versions and bindings."""
        self._backend.storage.delete_children(Kind.SYMMETRIC_KEY_VERSION, resource_id)
        self._access.remove_resource(resource_id)
        super().remove(resource_id)

    def rotate(self, request: api.RotateSymmetricKeyRequest, call: Call) -> Operation:
        """A new version, which becomes the primary one."""
        key = SymmetricKey.FromString(self._allowed(request, "rotate", call).body)
        version = self._new_version(key)
        record = self._keep(key, version.id)
        return self._operation(
            call, key.id, "Rotate symmetric key", self.from_record(record), new_primary_version_id=version.id
        )

    def set_primary_version(self, request: api.SetPrimarySymmetricKeyVersionRequest, call: Call) -> Operation:
        """Makes an active version the primary one."""
        record = self._allowed(request, "setPrimaryVersion", call)
        version = self._version(request.key_id, request.version_id)
        if version.status != _STATUS.ACTIVE:
            raise precondition(f"Version {version.id} isn't active, so it can't be the primary one")
        record = self._keep(SymmetricKey.FromString(record.body), version.id)
        return self._operation(
            call, request.key_id, "Set primary version", self.from_record(record), version_id=version.id
        )

    def list_versions(
        self, request: api.ListSymmetricKeyVersionsRequest, call: Call
    ) -> api.ListSymmetricKeyVersionsResponse:
        """The versions of one key."""
        primary = self._allowed(request, "listVersions", call).facts["primary"]
        page, token = page_of_children(self._backend.storage, Kind.SYMMETRIC_KEY_VERSION, request.key_id, request)
        versions = [self._version_from_record(record) for record in page]
        for version in versions:
            version.primary = version.id == primary
        return api.ListSymmetricKeyVersionsResponse(key_versions=versions, next_page_token=token)

    def schedule_version_destruction(
        self, request: api.ScheduleSymmetricKeyVersionDestructionRequest, call: Call
    ) -> Operation:
        """Has a version destroyed later; the primary one is refused."""
        record = self._allowed(request, "scheduleVersionDestruction", call)
        if record.facts["primary"] == request.version_id:
            raise precondition(f"Version {request.version_id} is the primary one: it can't be destroyed")
        version = self._version(request.key_id, request.version_id)
        pending = timedelta(seconds=request.pending_period.seconds) or _PENDING_PERIOD
        version.status = _STATUS.SCHEDULED_FOR_DESTRUCTION
        version.destroy_at.CopyFrom(timestamp(self._backend.clock.now() + pending, whole_seconds=True))
        self._keep_version(version)
        return self._operation(
            call,
            request.key_id,
            "Schedule version destruction",
            version,
            version_id=version.id,
            destroy_at=version.destroy_at,
        )

    def cancel_version_destruction(
        self, request: api.CancelSymmetricKeyVersionDestructionRequest, call: Call
    ) -> Operation:
        """Takes a version back from its destruction."""
        self._allowed(request, "cancelVersionDestruction", call)
        version = self._version(request.key_id, request.version_id)
        if version.status != _STATUS.SCHEDULED_FOR_DESTRUCTION:
            raise precondition(f"Version {version.id} is {_STATUS.Name(version.status)}: nothing to cancel")
        version.status = _STATUS.ACTIVE
        version.ClearField("destroy_at")
        self._keep_version(version)
        return self._operation(call, request.key_id, "Cancel version destruction", version, version_id=version.id)

    def from_record(self, record: Record) -> SymmetricKey:
        key = SymmetricKey.FromString(record.body)
        key.primary_version.CopyFrom(self._version(key.id, record.facts["primary"]))
        key.primary_version.primary = True
        return key

    def _version(self, key_id: str, version_id: str) -> SymmetricKeyVersion:
        record = self._backend.storage.get(Kind.SYMMETRIC_KEY_VERSION, version_id)
        if record is None or record.parent != key_id:
            raise not_found("Symmetric key version", version_id)
        return self._version_from_record(record)

    def _version_from_record(self, record: Record) -> SymmetricKeyVersion:
        version = SymmetricKeyVersion.FromString(record.body)
        is_scheduled = version.status == _STATUS.SCHEDULED_FOR_DESTRUCTION
        if is_scheduled and moment(version.destroy_at) <= self._backend.clock.now():
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
            created_at=self._backend.clock.timestamp(whole_seconds=True),
            hosted_by_hsm=key.default_algorithm == SymmetricAlgorithm.AES_256_HSM,
        )
        key.rotated_at.CopyFrom(version.created_at)
        self._keep_version(version)
        return version

    def _keep_version(self, version: SymmetricKeyVersion) -> None:
        body = version.SerializeToString()
        self._backend.storage.put(Record(Kind.SYMMETRIC_KEY_VERSION, version.id, body, version.key_id))

    def _keep(self, key: SymmetricKey, primary: str) -> Record:
        facts: Facts = {"primary": primary}
        record = Record(Kind.SYMMETRIC_KEY, key.id, key.SerializeToString(), key.folder_id, key.name, facts)
        self._backend.storage.put(record)
        return record
