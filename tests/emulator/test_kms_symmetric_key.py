"""KMS symmetric keys: their life and the life of their versions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from yandex.cloud.kms.v1.symmetric_key_pb2 import SymmetricAlgorithm, SymmetricKey, SymmetricKeyVersion
from yandex.cloud.kms.v1.symmetric_key_service_pb2 import (
    CancelSymmetricKeyVersionDestructionRequest,
    CreateSymmetricKeyRequest,
    DeleteSymmetricKeyRequest,
    GetSymmetricKeyRequest,
    ListSymmetricKeyOperationsRequest,
    ListSymmetricKeysRequest,
    ListSymmetricKeyVersionsRequest,
    RotateSymmetricKeyRequest,
    ScheduleSymmetricKeyVersionDestructionRequest,
    SetPrimarySymmetricKeyVersionRequest,
    UpdateSymmetricKeyRequest,
)

from tests.emulator.local import STUBS, Local, delta, refusal, unpacked

_KMS = STUBS["kms"]


@pytest.fixture
def key(local: Local) -> SymmetricKey:
    """A key that the deployer has made."""
    request = CreateSymmetricKeyRequest(
        folder_id=local.folder_id,
        name="secrets",
        default_algorithm=SymmetricAlgorithm.AES_256,
        rotation_period=Duration(seconds=90 * 86_400),
    )
    made: SymmetricKey = unpacked(local.deployer(_KMS, "Create", request), SymmetricKey())
    return made


def _versions(local: Local, key_id: str) -> list[tuple[str, str, bool]]:
    listed = local.deployer(_KMS, "ListVersions", ListSymmetricKeyVersionsRequest(key_id=key_id)).key_versions
    return [(item.id, SymmetricKeyVersion.Status.Name(item.status), item.primary) for item in listed]


def test_a_new_key_has_a_primary_version(local: Local, key: SymmetricKey) -> None:
    assert key.id.startswith("abj")
    assert key.rotation_period.ToTimedelta() == timedelta(days=90)
    assert (key.rotated_at, key.status) == (key.created_at, SymmetricKey.Status.ACTIVE)
    primary = key.primary_version
    assert (primary.key_id, primary.algorithm, primary.created_at) == (key.id, key.default_algorithm, key.created_at)
    assert (primary.primary, primary.status) == (True, SymmetricKeyVersion.Status.ACTIVE)
    assert _versions(local, key.id) == [(key.primary_version.id, "ACTIVE", True)]
    assert local.deployer(_KMS, "Get", GetSymmetricKeyRequest(key_id=key.id)) == key
    assert list(local.deployer(_KMS, "List", ListSymmetricKeysRequest(folder_id=local.folder_id)).keys) == [key]


def test_an_update_changes_what_its_mask_names(local: Local, key: SymmetricKey) -> None:
    request = UpdateSymmetricKeyRequest(key_id=key.id, name="new")
    request.update_mask.paths.extend(["name", "rotation_period"])
    changed = unpacked(local.deployer(_KMS, "Update", request), SymmetricKey())
    assert (changed.name, changed.HasField("rotation_period")) == ("new", False)
    assert changed.default_algorithm == SymmetricAlgorithm.AES_256


def test_a_rotation_makes_another_version_primary(local: Local, key: SymmetricKey) -> None:
    local.admin("POST", "clock", {"advance": "30d"})
    rotated = unpacked(local.deployer(_KMS, "Rotate", RotateSymmetricKeyRequest(key_id=key.id)), SymmetricKey())
    first, second = key.primary_version.id, rotated.primary_version.id
    assert rotated.rotated_at == rotated.primary_version.created_at
    assert rotated.rotated_at.ToDatetime() - key.rotated_at.ToDatetime() >= timedelta(days=30)
    assert _versions(local, key.id) == [(first, "ACTIVE", False), (second, "ACTIVE", True)]
    back = SetPrimarySymmetricKeyVersionRequest(key_id=key.id, version_id=first)
    local.deployer(_KMS, "SetPrimaryVersion", back)
    assert _versions(local, key.id) == [(first, "ACTIVE", True), (second, "ACTIVE", False)]


def test_a_version_is_destroyed_in_emulated_time_unless_cancelled(local: Local, key: SymmetricKey) -> None:
    first = key.primary_version.id
    schedule = ScheduleSymmetricKeyVersionDestructionRequest(key_id=key.id, version_id=first)
    assert refusal(lambda: local.deployer(_KMS, "ScheduleVersionDestruction", schedule))[0] == "FAILED_PRECONDITION"
    local.deployer(_KMS, "Rotate", RotateSymmetricKeyRequest(key_id=key.id))
    local.deployer(_KMS, "ScheduleVersionDestruction", schedule)
    cancel = CancelSymmetricKeyVersionDestructionRequest(key_id=key.id, version_id=first)
    local.deployer(_KMS, "CancelVersionDestruction", cancel)
    local.deployer(_KMS, "ScheduleVersionDestruction", schedule)
    local.admin("POST", "clock", {"advance": "3d"})
    assert _versions(local, key.id)[0] == (first, "DESTROYED", False)


def test_a_protected_key_is_not_deleted_and_a_deleted_one_is_gone(local: Local, key: SymmetricKey) -> None:
    update = UpdateSymmetricKeyRequest(key_id=key.id, deletion_protection=True)
    update.update_mask.paths.append("deletion_protection")
    local.deployer(_KMS, "Update", update)
    delete = DeleteSymmetricKeyRequest(key_id=key.id)
    assert refusal(lambda: local.deployer(_KMS, "Delete", delete))[0] == "FAILED_PRECONDITION"
    update.deletion_protection = False
    local.deployer(_KMS, "Update", update)
    local.deployer(_KMS, "Delete", delete)
    assert refusal(lambda: local.deployer(_KMS, "Get", GetSymmetricKeyRequest(key_id=key.id)))[0] == "NOT_FOUND"


def test_rights_on_a_key_need_an_admin(local: Local, key: SymmetricKey) -> None:
    editor, reader = local.account("editor", "kms.editor"), local.account("reader")
    change = delta(key.id, "kms.keys.encrypterDecrypter", reader)
    caller = local.as_account(editor)
    assert refusal(lambda: caller(_KMS, "UpdateAccessBindings", change))[0] == "PERMISSION_DENIED"
    local.bind(STUBS["folders"], local.folder_id, "kms.admin", editor)
    caller(_KMS, "UpdateAccessBindings", change)
    request = ListSymmetricKeyOperationsRequest(key_id=key.id)
    operations = local.deployer(_KMS, "ListOperations", request).operations
    assert [item.description for item in operations] == ["Create symmetric key", "Update access bindings"]
