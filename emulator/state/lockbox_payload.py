"""The calls on a secret's versions and payloads: who may do what with them, and which one is current."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from yandex.cloud.lockbox.v1.payload_pb2 import Payload
from yandex.cloud.lockbox.v1.payload_service_pb2 import GetExRequest, GetExResponse, GetPayloadRequest
from yandex.cloud.lockbox.v1.secret_pb2 import Secret, Version
from yandex.cloud.lockbox.v1.secret_service_pb2 import (
    AddVersionMetadata,
    AddVersionRequest,
    CancelVersionDestructionMetadata,
    CancelVersionDestructionRequest,
    ListVersionsRequest,
    ListVersionsResponse,
    ScheduleVersionDestructionMetadata,
    ScheduleVersionDestructionRequest,
    SetCurrentVersionMetadata,
    SetCurrentVersionRequest,
)
from yandex.cloud.operation.operation_pb2 import Operation

from emulator import identifiers
from emulator.errors import bad_request, not_found, precondition
from emulator.state.access import AccessBindings
from emulator.state.call import Call
from emulator.state.ground import Ground
from emulator.state.listing import page_that_lags
from emulator.state.lockbox_secret import Secrets
from emulator.state.lockbox_version import DEFAULT_PENDING_PERIOD, Versions
from emulator.state.operations import Operations
from emulator.state.symmetric_key import SymmetricKeys
from emulator.storage import Kind, Record


class SecretVersions:
    """What callers do with versions."""

    def __init__(
        self,
        ground: Ground,
        access: AccessBindings,
        operations: Operations,
        secrets: Secrets,
        versions: Versions,
        keys: SymmetricKeys,
    ) -> None:
        self._ground = ground
        self._access = access
        self._operations = operations
        self._secrets = secrets
        self._versions = versions
        self._keys = keys

    def page(self, request: ListVersionsRequest, call: Call) -> ListVersionsResponse:
        """The versions of one secret, without payload."""
        self._allowed(request.secret_id, "listVersions", call)
        page, token = page_that_lags(self._ground, Kind.VERSION, request.secret_id, request)
        return ListVersionsResponse(versions=[self._versions.shown(record) for record in page], next_page_token=token)

    def add(self, request: AddVersionRequest, call: Call) -> Operation:
        """A new version, merged into the base (the current one by default); it becomes current."""
        record = self._allowed(request.secret_id, "addVersion", call)
        secret = Secret.FromString(record.body)
        if secret.status != Secret.Status.ACTIVE:
            raise precondition(f"Secret {secret.id} is inactive: activate it to add a version")
        base = self._base(secret.id, request.base_version_id, record.facts["current"])
        version = self._versions.add(secret, base, request.payload_entries, request.description, "payload_entries")
        self._make_current(record, version.id)
        metadata = AddVersionMetadata(secret_id=secret.id, version_id=version.id)
        return self._done(call, secret.id, "Add version", metadata, version)

    def _base(self, secret_id: str, asked: str, current: str) -> list[Payload.Entry]:
        """The entries that a new version begins with: those of the version that was asked for, or of the current one.

        What holds of a current version that is on its way to destruction, the settings say.
        """
        if asked or not current:
            return list(self._versions.payload(secret_id, asked).entries) if asked else []
        status = self._versions.find(secret_id, current).status
        if status == Version.Status.ACTIVE or self._ground.settings.scheduled_base == "refuse":
            return list(self._versions.payload(secret_id, current).entries)
        if status == Version.Status.SCHEDULED_FOR_DESTRUCTION and self._ground.settings.scheduled_base == "merge":
            return list(self._versions.kept_payload(current).entries)
        return []

    def set_current(self, request: SetCurrentVersionRequest, call: Call) -> Operation:
        """Makes an active version the current one."""
        record = self._allowed(request.secret_id, "setCurrentVersion", call)
        version = self._versions.find(request.secret_id, request.version_id)
        if version.status != Version.Status.ACTIVE:
            raise precondition(f"Version {version.id} isn't active, so it can't be the current one")
        self._make_current(record, version.id)
        metadata = SetCurrentVersionMetadata(secret_id=request.secret_id, version_id=version.id)
        return self._done(call, request.secret_id, "Set current version", metadata, version)

    def schedule(self, request: ScheduleVersionDestructionRequest, call: Call) -> Operation:
        """Has a version destroyed later. The current one is refused, unless the settings allow it."""
        record = self._allowed(request.secret_id, "scheduleVersionDestruction", call)
        is_current = record.facts["current"] == request.version_id
        if is_current and self._ground.settings.schedule_current_version == "refuse":
            raise precondition(
                f"Version {request.version_id} is the current one: it can't be scheduled for destruction"
            )
        pending = DEFAULT_PENDING_PERIOD
        if request.HasField("pending_period"):
            pending = timedelta(seconds=request.pending_period.seconds)
        if not timedelta() < pending < timedelta(days=10_000):
            raise bad_request([("pending_period", "has to be longer than nothing, such as 168h")])
        version = self._versions.schedule(request.secret_id, request.version_id, pending)
        metadata = ScheduleVersionDestructionMetadata(
            secret_id=request.secret_id, version_id=version.id, destroy_at=version.destroy_at
        )
        return self._done(call, request.secret_id, "Schedule version destruction", metadata, version)

    def cancel(self, request: CancelVersionDestructionRequest, call: Call) -> Operation:
        """Takes a version back from its destruction."""
        self._allowed(request.secret_id, "cancelVersionDestruction", call)
        version = self._versions.cancel(request.secret_id, request.version_id)
        metadata = CancelVersionDestructionMetadata(secret_id=request.secret_id, version_id=version.id)
        return self._done(call, request.secret_id, "Cancel version destruction", metadata, version)

    def payload(self, request: GetPayloadRequest, call: Call) -> Payload:
        """What a version holds: the one asked for, or the current one."""
        return self._read(request.secret_id, request.version_id, call)

    def payload_ex(self, request: GetExRequest, call: Call) -> GetExResponse:
        """The same as bytes by key, of a secret that may be named by its folder and name."""
        secret_id = request.secret_id
        if request.WhichOneof("identifier") == "folder_and_name":
            secret_id = self._named(request.folder_and_name.folder_id, request.folder_and_name.secret_name)
        payload = self._read(secret_id, request.version_id, call)
        entries = {
            entry.key: entry.binary_value if entry.WhichOneof("value") == "binary_value" else entry.text_value.encode()
            for entry in payload.entries
        }
        return GetExResponse(secret_id=secret_id, version_id=payload.version_id, entries=entries)

    def _read(self, secret_id: str, version_id: str, call: Call) -> Payload:
        record = self._secrets.find(secret_id)
        self._access.require(call, "lockbox.payloads.get", self._secrets.chain(secret_id))
        secret = Secret.FromString(record.body)
        if secret.kms_key_id:
            self._keys.require_decryption(secret.kms_key_id, call)
        if secret.status != Secret.Status.ACTIVE:
            raise precondition(f"Secret {secret_id} is inactive: its payload can't be accessed")
        wanted = version_id or record.facts["current"]
        if not wanted:
            raise not_found("Current version of secret", secret_id)
        return self._versions.payload(secret_id, wanted)

    def _named(self, folder_id: str, name: str) -> str:
        found = self._ground.storage.named(Kind.SECRET, f"{folder_id}/{name}")
        if not found:
            raise not_found("Secret", f"{folder_id}/{name}")
        if len(found) > 1:
            raise precondition(f"There are {len(found)} secrets named {name} in folder {folder_id}: use the id")
        return found[0].id

    def _allowed(self, secret_id: str, verb: str, call: Call) -> Record:
        record = self._secrets.find(secret_id)
        self._access.require(call, f"lockbox.secrets.{verb}", self._secrets.chain(secret_id))
        return record

    def _make_current(self, record: Record, version_id: str) -> None:
        self._ground.storage.put(replace(record, facts={**record.facts, "current": version_id}))

    def _done(self, call: Call, secret_id: str, words: str, metadata: Any, version: Version) -> Operation:
        return self._operations.finish(call, identifiers.LOCKBOX, secret_id, words, metadata, version)
