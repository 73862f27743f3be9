"""Lockbox payloads: what a version holds, for who may read it."""

from __future__ import annotations

from yandex.cloud.lockbox.v1.payload_pb2 import Payload
from yandex.cloud.lockbox.v1.payload_service_pb2 import GetExRequest, GetExResponse, GetPayloadRequest
from yandex.cloud.lockbox.v1.secret_pb2 import Secret

from emulator.errors import not_found, precondition
from emulator.state.access_binding import AccessBindings
from emulator.state.backend import Backend
from emulator.state.call import Call
from emulator.state.kms_symmetric_key import SymmetricKeys
from emulator.state.lockbox_secret import Secrets
from emulator.state.lockbox_version import Versions
from emulator.storage import Kind


class Payloads:
    """The payloads of all secrets."""

    def __init__(
        self, backend: Backend, access: AccessBindings, secrets: Secrets, versions: Versions, keys: SymmetricKeys
    ) -> None:
        self._backend = backend
        self._access = access
        self._secrets = secrets
        self._versions = versions
        self._keys = keys

    def get(self, request: GetPayloadRequest, call: Call) -> Payload:
        """What a version holds: the one asked for, or the current one."""
        return self._read(request.secret_id, request.version_id, call)

    def get_ex(self, request: GetExRequest, call: Call) -> GetExResponse:
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
        self._access.require(call, "lockbox.payloads.get", self._secrets.hierarchy(secret_id))
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
        found = self._backend.storage.named(Kind.SECRET, f"{folder_id}/{name}")
        if not found:
            raise not_found("Secret", f"{folder_id}/{name}")
        if len(found) > 1:
            raise precondition(f"There are {len(found)} secrets named {name} in folder {folder_id}: use the id")
        return found[0].id
