"""Everything that the emulated cloud holds, as JSON: with secrets, on purpose, so that tests can look for them."""

from __future__ import annotations

import base64

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from yandex.cloud.access.access_pb2 import AccessBinding
from yandex.cloud.iam.v1.key_pb2 import Key
from yandex.cloud.iam.v1.service_account_pb2 import ServiceAccount
from yandex.cloud.iam.v1.user_account_pb2 import UserAccount
from yandex.cloud.kms.v1.symmetric_key_pb2 import SymmetricKey
from yandex.cloud.lockbox.v1.payload_pb2 import Payload
from yandex.cloud.organizationmanager.v1.group_pb2 import Group
from yandex.cloud.resourcemanager.v1.cloud_pb2 import Cloud
from yandex.cloud.resourcemanager.v1.folder_pb2 import Folder

from emulator.state.api_key import secret_of
from emulator.state.cloud_state import CloudState
from emulator.storage import Kind, Record


def inventory(state: CloudState) -> dict[str, object]:
    """The whole state at one moment."""
    with state.storage.transaction():
        every = state.storage.every
        return {
            "now": state.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "clouds": [_as_json(Cloud.FromString(record.body)) for record in every(Kind.CLOUD)],
            "folders": [_as_json(Folder.FromString(record.body)) for record in every(Kind.FOLDER)],
            "serviceAccounts": [_as_json(ServiceAccount.FromString(item.body)) for item in every(Kind.SERVICE_ACCOUNT)],
            "userAccounts": [_as_json(UserAccount.FromString(record.body)) for record in every(Kind.USER_ACCOUNT)],
            "groups": [_as_json(Group.FromString(record.body)) for record in every(Kind.GROUP)],
            "apiKeys": [_api_key(state, record) for record in every(Kind.API_KEY)],
            "authorizedKeys": [_as_json(Key.FromString(record.body)) for record in every(Kind.AUTHORIZED_KEY)],
            "secrets": [_secret(state, record) for record in every(Kind.SECRET)],
            "symmetricKeys": [_as_json(SymmetricKey.FromString(record.body)) for record in every(Kind.SYMMETRIC_KEY)],
            "accessBindings": [
                _binding(record) for record in every(Kind.ACCESS_BINDING) if "countsUntil" not in record.facts
            ],
        }


def _as_json(message: Message, **more: object) -> dict[str, object]:
    """The message in JSON names, with moments in RFC 3339; a moment that isn't set is null."""
    content = MessageToDict(message, always_print_fields_with_no_presence=True)
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None and field.message_type.full_name == "google.protobuf.Timestamp":
            content.setdefault(field.json_name, None)
    return {**content, **more}


def _api_key(state: CloudState, record: Record) -> dict[str, object]:
    return _as_json(state.api_keys.from_record(record), secret=secret_of(record))


def _secret(state: CloudState, record: Record) -> dict[str, object]:
    current = record.facts["current"]
    content = _as_json(state.secrets.from_record(record), currentVersionId=current)
    content.pop("currentVersion", None)
    versions = state.storage.children(Kind.VERSION, record.id)
    content["versions"] = [_version(state, item, is_current=item.id == current) for item in versions]
    return content


def _version(state: CloudState, record: Record, *, is_current: bool) -> dict[str, object]:
    version = state.versions.from_record(record)
    payload = state.storage.get(Kind.PAYLOAD, record.id)
    entries = Payload.FromString(payload.body).entries if payload is not None else []
    texts = {entry.key: entry.text_value for entry in entries if entry.WhichOneof("value") != "binary_value"}
    binaries = {
        entry.key: base64.b64encode(entry.binary_value).decode()
        for entry in entries
        if entry.WhichOneof("value") == "binary_value"
    }
    return _as_json(version, current=is_current, entries=texts, binaryEntries=binaries)


def _binding(record: Record) -> dict[str, object]:
    binding = AccessBinding.FromString(record.body)
    return {
        "resourceId": record.parent,
        "resourceType": record.facts["resourceType"],
        "roleId": binding.role_id,
        "subjectId": binding.subject.id,
        "subjectType": binding.subject.type,
    }
