"""Lockbox: versions that merge, which one is current, and how they end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from yandex.cloud.kms.v1.symmetric_key_pb2 import SymmetricAlgorithm
from yandex.cloud.kms.v1.symmetric_key_service_pb2 import CreateSymmetricKeyMetadata, CreateSymmetricKeyRequest
from yandex.cloud.lockbox.v1.payload_service_pb2 import FolderAndName, GetExRequest, GetPayloadRequest
from yandex.cloud.lockbox.v1.secret_pb2 import PasswordPayloadSpecification, Secret, Version
from yandex.cloud.lockbox.v1.secret_service_pb2 import (
    ActivateSecretRequest,
    AddVersionMetadata,
    AddVersionRequest,
    CancelVersionDestructionRequest,
    CreateSecretMetadata,
    CreateSecretRequest,
    DeactivateSecretRequest,
    DeleteSecretRequest,
    GetSecretRequest,
    ListSecretOperationsRequest,
    ListSecretsRequest,
    ListVersionsRequest,
    PayloadEntryChange,
    ScheduleVersionDestructionRequest,
    SetCurrentVersionRequest,
    UpdateSecretRequest,
)

from tests.emulator.local import STUBS, Caller, Local, outcome, refusal, unpacked

_SECRETS = STUBS["secrets"]


def _add(local: Local, secret_id: str, base: str = "", **entries: str) -> str:
    changes = [PayloadEntryChange(key=key, text_value=value) for key, value in entries.items()]
    request = AddVersionRequest(secret_id=secret_id, payload_entries=changes, base_version_id=base, description="added")
    metadata = AddVersionMetadata()
    local.deployer(_SECRETS, "AddVersion", request).metadata.Unpack(metadata)
    return str(metadata.version_id)


def _payload(local: Local, secret_id: str, version_id: str = "", caller: Caller | None = None) -> dict[str, str]:
    request = GetPayloadRequest(secret_id=secret_id, version_id=version_id)
    payload = (caller or local.deployer)(STUBS["payloads"], "Get", request)
    return {entry.key: entry.text_value for entry in payload.entries}


def _current(local: Local, secret_id: str) -> str:
    return str(local.deployer(_SECRETS, "Get", GetSecretRequest(secret_id=secret_id)).current_version.id)


def _schedule(local: Local, secret_id: str, version_id: str, **fields: Any) -> Version:
    request = ScheduleVersionDestructionRequest(secret_id=secret_id, version_id=version_id, **fields)
    version: Version = unpacked(local.deployer(_SECRETS, "ScheduleVersionDestruction", request), Version())
    return version


def _status(local: Local, secret_id: str, version_id: str) -> str:
    listed = local.deployer(_SECRETS, "ListVersions", ListVersionsRequest(secret_id=secret_id)).versions
    return next(Version.Status.Name(version.status) for version in listed if version.id == version_id)


def test_a_secret_begins_with_a_version_where_entries_are_given(local: Local) -> None:
    request = CreateSecretRequest(
        folder_id=local.folder_id,
        name="secret",
        labels={"a": "b"},
        version_description="first",
        version_payload_entries=[PayloadEntryChange(key="k", text_value="v")],
    )
    operation = local.deployer(_SECRETS, "Create", request)
    secret, metadata = unpacked(operation, Secret()), CreateSecretMetadata()
    operation.metadata.Unpack(metadata)
    assert (metadata.secret_id, metadata.version_id) == (secret.id, secret.current_version.id)
    assert secret.id.startswith("e6q")
    assert list(secret.current_version.payload_entry_keys) == ["k"]
    assert secret.current_version.description == "first"


def test_a_secret_without_entries_has_no_version(local: Local) -> None:
    secret_id = local.secret()
    assert _current(local, secret_id) == ""
    assert refusal(lambda: _payload(local, secret_id))[0] == "NOT_FOUND"
    _add(local, secret_id, k="v")
    assert _payload(local, secret_id) == {"k": "v"}


def test_a_new_version_merges_into_the_current_one_and_becomes_current(local: Local) -> None:
    secret_id = local.secret(kept="1", changed="1", removed="1")
    first = _current(local, secret_id)
    second = _add(local, secret_id, changed="2", removed="", added="2")
    assert _current(local, secret_id) == second
    assert _payload(local, secret_id) == {"kept": "1", "changed": "2", "added": "2"}
    assert _payload(local, secret_id, first) == {"kept": "1", "changed": "1", "removed": "1"}
    third = _add(local, secret_id, base=first, changed="3")
    assert _payload(local, secret_id, third) == {"kept": "1", "changed": "3", "removed": "1"}


def test_a_binary_entry_is_kept_as_bytes(local: Local) -> None:
    secret_id = local.secret()
    changes = [PayloadEntryChange(key="b", binary_value=b"\x00\xff"), PayloadEntryChange(key="t", text_value="é")]
    local.deployer(_SECRETS, "AddVersion", AddVersionRequest(secret_id=secret_id, payload_entries=changes))
    identifier = FolderAndName(folder_id=local.folder_id, secret_name="secret")
    answer = local.deployer(STUBS["payloads"], "GetEx", GetExRequest(folder_and_name=identifier))
    assert dict(answer.entries) == {"b": b"\x00\xff", "t": "é".encode()}
    assert local.admin("GET", "state")["secrets"][0]["versions"][0]["binaryEntries"] == {"b": "AP8="}


@pytest.mark.parametrize(
    "entries",
    [{"bad key": "x"}, {"k" * 257: "x"}, {"k": "x" * 65_537}, {"a": "x" * 40_000, "b": "x" * 40_000}, {"k": ""}, {}],
    ids=["key pattern", "key length", "value length", "64 KB in all", "nothing left", "nothing given"],
)
def test_a_version_beyond_the_limits_is_refused(local: Local, entries: dict[str, str]) -> None:
    secret_id = local.secret()
    assert refusal(lambda: _add(local, secret_id, **entries))[0] == "INVALID_ARGUMENT"
    assert _current(local, secret_id) == ""


@pytest.mark.parametrize(
    ("treatment", "code"),
    [("accept", "OK"), ("refuse", "FAILED_PRECONDITION"), ("invalid", "INVALID_ARGUMENT")],
)
def test_a_change_that_takes_the_last_entries_is_treated_as_the_settings_say(
    local: Local, treatment: str, code: str
) -> None:
    assert local.admin("GET", "settings")["emptyVersions"] == "accept"
    local.admin("POST", "settings", {"emptyVersions": treatment})
    secret_id = local.secret(k="1", l="2")
    first = _current(local, secret_id)
    second = _add(local, secret_id, k="")
    changes = [PayloadEntryChange(key="l")]
    request = AddVersionRequest(secret_id=secret_id, payload_entries=changes)
    assert outcome(local.deployer, _SECRETS, "AddVersion", request) == code
    assert _payload(local, secret_id) == ({} if code == "OK" else {"l": "2"})
    assert (_current(local, secret_id) == second) == (code != "OK")
    assert _payload(local, secret_id, first) == {"k": "1", "l": "2"}
    assert refusal(lambda: _add(local, local.secret("another"), k=""))[0] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("treatment", "code", "entries"),
    [
        ("ignore", "OK", {"k": "2"}),
        ("merge", "OK", {"k": "2", "old": "1"}),
        ("refuse", "FAILED_PRECONDITION", None),
    ],
)
def test_what_a_version_begins_from_after_the_current_one_was_scheduled_is_in_the_settings(
    local: Local, treatment: str, code: str, entries: dict[str, str] | None
) -> None:
    assert local.admin("GET", "settings")["scheduledBase"] == "ignore"
    local.admin("POST", "settings", {"scheduledBase": treatment})
    secret_id = local.secret(k="1", old="1")
    _schedule(local, secret_id, _current(local, secret_id))
    changes = [PayloadEntryChange(key="k", text_value="2")]
    request = AddVersionRequest(secret_id=secret_id, payload_entries=changes)
    assert outcome(local.deployer, _SECRETS, "AddVersion", request) == code
    if entries is not None:
        assert _payload(local, secret_id) == entries


def test_nothing_is_merged_of_a_current_version_that_is_destroyed(local: Local) -> None:
    local.admin("POST", "settings", {"scheduledBase": "merge"})
    secret_id = local.secret(k="1", old="1")
    _schedule(local, secret_id, _current(local, secret_id))
    local.admin("POST", "clock", {"advance": "7d"})
    _add(local, secret_id, k="2")
    assert _payload(local, secret_id) == {"k": "2"}


def test_too_many_versions_are_refused_and_destroyed_ones_do_not_count(local: Local) -> None:
    local.admin("POST", "settings", {"versionQuota": 2})
    secret_id = local.secret(k="1")
    first = _current(local, secret_id)
    _add(local, secret_id, k="2")
    assert refusal(lambda: _add(local, secret_id, k="3"))[0] == "RESOURCE_EXHAUSTED"
    _schedule(local, secret_id, first)
    assert refusal(lambda: _add(local, secret_id, k="3"))[0] == "RESOURCE_EXHAUSTED"
    local.admin("POST", "clock", {"advance": "7d"})
    _add(local, secret_id, k="3")


def test_a_scheduled_version_cannot_be_read_and_is_destroyed_in_emulated_time(local: Local) -> None:
    secret_id = local.secret(k="1")
    first = _current(local, secret_id)
    _add(local, secret_id, k="2")
    version = _schedule(local, secret_id, first)
    ends = version.destroy_at.ToDatetime(tzinfo=UTC)
    assert timedelta(days=6, hours=23) < ends - datetime.now(UTC) < timedelta(days=7, hours=1)
    assert refusal(lambda: _payload(local, secret_id, first))[0] == "FAILED_PRECONDITION"
    local.admin("POST", "clock", {"advance": "6d"})
    assert _status(local, secret_id, first) == "SCHEDULED_FOR_DESTRUCTION"
    local.admin("POST", "clock", {"advance": "1d"})
    assert _status(local, secret_id, first) == "DESTROYED"
    versions = local.admin("GET", "state")["secrets"][0]["versions"]
    assert [(item["status"], item["entries"]) for item in versions] == [("DESTROYED", {}), ("ACTIVE", {"k": "2"})]
    cancel = CancelVersionDestructionRequest(secret_id=secret_id, version_id=first)
    assert refusal(lambda: local.deployer(_SECRETS, "CancelVersionDestruction", cancel))[0] == "FAILED_PRECONDITION"


def test_a_destruction_can_be_cancelled_in_time(local: Local) -> None:
    secret_id = local.secret(k="1")
    first = _current(local, secret_id)
    _add(local, secret_id, k="2")
    _schedule(local, secret_id, first, pending_period=timedelta(hours=1))
    cancel = CancelVersionDestructionRequest(secret_id=secret_id, version_id=first)
    local.deployer(_SECRETS, "CancelVersionDestruction", cancel)
    local.admin("POST", "clock", {"advance": "30d"})
    assert _payload(local, secret_id, first) == {"k": "1"}


def test_the_current_version_is_scheduled_unless_the_settings_refuse_it(local: Local) -> None:
    secret_id = local.secret(k="1", old="1")
    current = _current(local, secret_id)
    local.admin("POST", "settings", {"scheduleCurrentVersion": "refuse"})
    assert refusal(lambda: _schedule(local, secret_id, current))[0] == "FAILED_PRECONDITION"
    local.admin("POST", "settings", {"scheduleCurrentVersion": "allow"})
    _schedule(local, secret_id, current)
    secret = local.deployer(_SECRETS, "Get", GetSecretRequest(secret_id=secret_id))
    assert (secret.current_version.id, secret.current_version.status) == (current, Version.SCHEDULED_FOR_DESTRUCTION)
    assert refusal(lambda: _payload(local, secret_id))[0] == "FAILED_PRECONDITION"
    assert refusal(lambda: _add(local, secret_id, base=current, k="2"))[0] == "FAILED_PRECONDITION"
    _add(local, secret_id, k="2")
    assert _payload(local, secret_id) == {"k": "2"}


def test_an_older_version_can_be_made_current_again(local: Local) -> None:
    secret_id = local.secret(k="1")
    first = _current(local, secret_id)
    second = _add(local, secret_id, k="2")
    local.deployer(_SECRETS, "SetCurrentVersion", SetCurrentVersionRequest(secret_id=secret_id, version_id=first))
    assert _payload(local, secret_id) == {"k": "1"}
    _schedule(local, secret_id, second)
    again = SetCurrentVersionRequest(secret_id=secret_id, version_id=second)
    assert refusal(lambda: local.deployer(_SECRETS, "SetCurrentVersion", again))[0] == "FAILED_PRECONDITION"


def test_only_an_active_version_can_be_made_current_and_the_next_one_merges_into_it(local: Local) -> None:
    secret_id = local.secret(k="1", old="1")
    first = _current(local, secret_id)
    second = _add(local, secret_id, k="2", old="")
    third = _add(local, secret_id, k="3")

    def set_current(version_id: str) -> str:
        request = SetCurrentVersionRequest(secret_id=secret_id, version_id=version_id)
        return outcome(local.deployer, _SECRETS, "SetCurrentVersion", request)

    assert (set_current(first), _current(local, secret_id)) == ("OK", first)
    fourth = _add(local, secret_id, added="4")
    assert _payload(local, secret_id) == {"k": "1", "old": "1", "added": "4"}
    _schedule(local, secret_id, second)
    assert set_current(second) == "FAILED_PRECONDITION"
    local.admin("POST", "clock", {"advance": "7d"})
    assert set_current(second) == "FAILED_PRECONDITION"
    assert set_current("e6q00000000000000000") == "NOT_FOUND"
    assert _current(local, secret_id) == fourth
    reader = local.as_account(local.account("reader", "lockbox.payloadViewer"))
    request = SetCurrentVersionRequest(secret_id=secret_id, version_id=third)
    assert outcome(reader, _SECRETS, "SetCurrentVersion", request) == "PERMISSION_DENIED"


def test_a_version_of_another_secret_is_not_found(local: Local) -> None:
    mine, other = local.secret("mine", k="1"), local.secret("other", k="2")
    assert refusal(lambda: _payload(local, mine, _current(local, other)))[0] == "NOT_FOUND"
    assert refusal(lambda: _add(local, mine, base=_current(local, other), k="3"))[0] == "NOT_FOUND"


def test_an_inactive_secret_is_readable_again_when_activated(local: Local) -> None:
    secret_id = local.secret(k="1")
    local.deployer(_SECRETS, "Deactivate", DeactivateSecretRequest(secret_id=secret_id))
    assert refusal(lambda: _payload(local, secret_id))[0] == "FAILED_PRECONDITION"
    assert refusal(lambda: _add(local, secret_id, k="2"))[0] == "FAILED_PRECONDITION"
    local.deployer(_SECRETS, "Activate", ActivateSecretRequest(secret_id=secret_id))
    assert _payload(local, secret_id) == {"k": "1"}


def test_a_protected_secret_is_deleted_only_after_its_protection_is_cleared(local: Local) -> None:
    secret_id = local.secret(k="1")
    update = UpdateSecretRequest(secret_id=secret_id, deletion_protection=True)
    update.update_mask.paths.append("deletion_protection")
    assert unpacked(local.deployer(_SECRETS, "Update", update), Secret()).name == "secret"
    delete = DeleteSecretRequest(secret_id=secret_id)
    assert refusal(lambda: local.deployer(_SECRETS, "Delete", delete))[0] == "FAILED_PRECONDITION"
    update.deletion_protection = False
    local.deployer(_SECRETS, "Update", update)
    assert unpacked(local.deployer(_SECRETS, "Delete", delete), Secret()).id == secret_id
    assert local.admin("GET", "state")["secrets"] == []
    assert refusal(lambda: _payload(local, secret_id))[0] == "NOT_FOUND"


def test_an_update_without_a_mask_is_refused(local: Local) -> None:
    request = UpdateSecretRequest(secret_id=local.secret(), name="other")
    code, message = refusal(lambda: local.deployer(_SECRETS, "Update", request))
    assert (code, "update_mask: is required" in message) == ("INVALID_ARGUMENT", True)


def test_names_may_be_used_twice_unless_the_settings_forbid_it(local: Local) -> None:
    local.secret("same", k="1")
    local.secret("same", k="2")
    identifier = FolderAndName(folder_id=local.folder_id, secret_name="same")
    by_name = GetExRequest(folder_and_name=identifier)
    assert refusal(lambda: local.deployer(STUBS["payloads"], "GetEx", by_name))[0] == "FAILED_PRECONDITION"
    local.admin("POST", "settings", {"secretNames": "unique"})
    assert refusal(lambda: local.secret("same", k="3"))[0] == "ALREADY_EXISTS"


def test_a_secret_under_a_kms_key_is_read_by_who_may_decrypt(local: Local) -> None:
    metadata = CreateSymmetricKeyMetadata()
    create_key = CreateSymmetricKeyRequest(folder_id=local.folder_id, default_algorithm=SymmetricAlgorithm.AES_256)
    local.deployer(STUBS["kms"], "Create", create_key).metadata.Unpack(metadata)
    request = CreateSecretRequest(
        folder_id=local.folder_id,
        kms_key_id=metadata.key_id,
        version_payload_entries=[PayloadEntryChange(key="k", text_value="v")],
    )
    secret_id = unpacked(local.deployer(_SECRETS, "Create", request), Secret()).id
    reader = local.account("reader", "lockbox.payloadViewer")
    caller = local.as_account(reader)
    code, message = refusal(lambda: _payload(local, secret_id, caller=caller))
    assert (code, metadata.key_id in message) == ("PERMISSION_DENIED", True)
    local.bind(STUBS["kms"], metadata.key_id, "kms.keys.encrypterDecrypter", reader)
    assert _payload(local, secret_id, caller=caller) == {"k": "v"}


def test_a_generated_secret_makes_its_own_payload(local: Local) -> None:
    specification = PasswordPayloadSpecification(password_key="password", length=40)
    specification.include_punctuation.value = False
    request = CreateSecretRequest(folder_id=local.folder_id, password_payload_specification=specification)
    secret_id = unpacked(local.deployer(_SECRETS, "Create", request), Secret()).id
    password = _payload(local, secret_id)["password"]
    assert len(password) == 40
    assert password.isalnum()
    _add(local, secret_id)
    assert _payload(local, secret_id)["password"] != password
    assert refusal(lambda: _add(local, secret_id, password="mine"))[0] == "INVALID_ARGUMENT"


def test_secrets_versions_and_operations_are_listed_in_pages(local: Local) -> None:
    secret_id = local.secret("first", k="1")
    local.secret("second")
    _add(local, secret_id, k="2")
    page = local.deployer(_SECRETS, "List", ListSecretsRequest(folder_id=local.folder_id, page_size=1))
    rest = ListSecretsRequest(folder_id=local.folder_id, page_token=page.next_page_token)
    names = [item.name for item in [*page.secrets, *local.deployer(_SECRETS, "List", rest).secrets]]
    assert names == ["first", "second"]
    versions = local.deployer(_SECRETS, "ListVersions", ListVersionsRequest(secret_id=secret_id, page_size=1))
    assert (len(versions.versions), bool(versions.next_page_token)) == (1, True)
    operations = local.deployer(_SECRETS, "ListOperations", ListSecretOperationsRequest(secret_id=secret_id)).operations
    assert [item.description for item in operations] == ["Create secret", "Add version"]
