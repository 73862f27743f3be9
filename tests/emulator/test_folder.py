"""The end of a folder: with notice or at once, and what becomes of what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from google.rpc import code_pb2
from yandex.cloud.iam.v1.api_key_service_pb2 import CreateApiKeyRequest, GetApiKeyRequest
from yandex.cloud.iam.v1.service_account_pb2 import ServiceAccount
from yandex.cloud.iam.v1.service_account_service_pb2 import CreateServiceAccountRequest, GetServiceAccountRequest
from yandex.cloud.kms.v1.symmetric_key_pb2 import SymmetricAlgorithm, SymmetricKey
from yandex.cloud.kms.v1.symmetric_key_service_pb2 import CreateSymmetricKeyRequest, GetSymmetricKeyRequest
from yandex.cloud.lockbox.v1.payload_service_pb2 import GetPayloadRequest
from yandex.cloud.lockbox.v1.secret_pb2 import Secret
from yandex.cloud.lockbox.v1.secret_service_pb2 import (
    AddVersionRequest,
    CreateSecretRequest,
    DeleteSecretRequest,
    GetSecretRequest,
    ListVersionsRequest,
    PayloadEntryChange,
)
from yandex.cloud.operation.operation_pb2 import Operation
from yandex.cloud.operation.operation_service_pb2 import CancelOperationRequest, GetOperationRequest
from yandex.cloud.resourcemanager.v1.folder_pb2 import Folder
from yandex.cloud.resourcemanager.v1.folder_service_pb2 import (
    CreateFolderRequest,
    DeleteFolderMetadata,
    DeleteFolderRequest,
    GetFolderRequest,
)

from tests.emulator.local import STUBS, Caller, Local, RealTime, outcome, refusal, unpacked


@dataclass
class Filled:
    """A folder and what is in it."""

    id: str
    account_id: str
    key_id: str
    api_secret: str
    secret_id: str
    kms_key_id: str


@pytest.fixture
def folder(local: Local) -> Filled:
    """A folder with an account and its key, a Lockbox secret and a KMS key."""
    return _filled(local)


def _filled(local: Local) -> Filled:
    made = local.deployer(STUBS["folders"], "Create", CreateFolderRequest(cloud_id=local.cloud_id, name="team"))
    folder_id = unpacked(made, Folder()).id
    request = CreateServiceAccountRequest(folder_id=folder_id, name="translator")
    account_id = unpacked(local.deployer(STUBS["accounts"], "Create", request), ServiceAccount()).id
    local.bind(STUBS["folders"], folder_id, "ai.translate.user", account_id)
    local.bind(STUBS["folders"], local.folder_id, "viewer", account_id)
    entries = [PayloadEntryChange(key="k", text_value="v")]
    secret = CreateSecretRequest(folder_id=folder_id, version_payload_entries=entries)
    key = CreateSymmetricKeyRequest(folder_id=folder_id, default_algorithm=SymmetricAlgorithm.AES_256)
    created = local.key(account_id, "yc.ai.translate.execute")
    return Filled(
        folder_id,
        account_id,
        created.api_key.id,
        created.secret,
        unpacked(local.deployer(STUBS["secrets"], "Create", secret), Secret()).id,
        unpacked(local.deployer(STUBS["kms"], "Create", key), SymmetricKey()).id,
    )


def _delete(local: Local, folder_id: str, **fields: Any) -> Operation:
    request = DeleteFolderRequest(folder_id=folder_id, **fields)
    operation: Operation = local.deployer(STUBS["folders"], "Delete", request)
    return operation


def _operation(local: Local, operation: Operation) -> Operation:
    request = GetOperationRequest(operation_id=operation.id)
    found: Operation = local.deployer(STUBS["operations"], "Get", request)
    return found


def _status(local: Local, folder: Filled) -> str:
    found = local.deployer(STUBS["folders"], "Get", GetFolderRequest(folder_id=folder.id))
    return Folder.Status.Name(found.status)


def _what_is_left(local: Local, folder: Filled) -> set[str]:
    """The codes with which the folder and each thing in it is answered."""
    calls = [
        ("folders", "Get", GetFolderRequest(folder_id=folder.id)),
        ("accounts", "Get", GetServiceAccountRequest(service_account_id=folder.account_id)),
        ("api_keys", "Get", GetApiKeyRequest(api_key_id=folder.key_id)),
        ("secrets", "Get", GetSecretRequest(secret_id=folder.secret_id)),
        ("secrets", "ListVersions", ListVersionsRequest(secret_id=folder.secret_id)),
        ("kms", "Get", GetSymmetricKeyRequest(key_id=folder.kms_key_id)),
    ]
    return {outcome(local.deployer, STUBS[stub], method, request) for stub, method, request in calls}


def test_a_deletion_at_once_takes_the_folder_and_all_that_it_holds(local: Local, folder: Filled) -> None:
    before = local.admin("GET", "state")
    operation = _delete(local, folder.id, delete_after=datetime(1970, 1, 2, tzinfo=UTC))
    assert unpacked(operation, Empty()) == Empty()
    assert _what_is_left(local, folder) == {"NOT_FOUND"}
    state = local.admin("GET", "state")
    assert [item["id"] for item in state["folders"]] == [local.folder_id]
    assert (state["apiKeys"], state["secrets"], state["symmetricKeys"]) == ([], [], [])
    assert len(before["accessBindings"]) - len(state["accessBindings"]) == 2
    assert local.gateway("translate", folder.api_secret).status_code == 401


def test_without_a_time_a_folder_is_pending_for_a_day_and_then_gone(local: Local, folder: Filled) -> None:
    operation = _delete(local, folder.id)
    metadata = DeleteFolderMetadata()
    assert operation.metadata.Unpack(metadata)
    left = metadata.delete_after.ToDatetime(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    assert (operation.done, operation.WhichOneof("result"), metadata.folder_id) == (False, None, folder.id)
    assert _status(local, folder) == "PENDING_DELETION"
    local.admin("POST", "clock", {"advance": "23h59m"})
    assert (_operation(local, operation).done, _status(local, folder)) == (False, "PENDING_DELETION")
    local.admin("POST", "clock", {"advance": "1m"})
    assert _operation(local, operation).WhichOneof("result") == "response"
    assert _what_is_left(local, folder) == {"NOT_FOUND"}


def test_the_admin_api_sees_a_folder_go_though_nobody_calls(local: Local, folder: Filled) -> None:
    _delete(local, folder.id, delete_after=datetime.now(UTC) + timedelta(days=7))
    local.admin("POST", "clock", {"advance": "7d"})
    assert local.admin("GET", "state")["secrets"] == []


def test_what_a_pending_folder_holds_can_be_looked_at_and_deleted_and_nothing_else(
    local: Local, folder: Filled
) -> None:
    caller = local.as_account(folder.account_id)
    assert local.gateway("translate", folder.api_secret).status_code == 200
    _delete(local, folder.id)
    assert _what_is_left(local, folder) == {"OK"}
    entries = [PayloadEntryChange(key="k", text_value="w")]
    for stub, method, request in (
        ("accounts", "Create", CreateServiceAccountRequest(folder_id=folder.id, name="another")),
        ("api_keys", "Create", CreateApiKeyRequest(service_account_id=folder.account_id)),
        ("secrets", "AddVersion", AddVersionRequest(secret_id=folder.secret_id, payload_entries=entries)),
        ("payloads", "Get", GetPayloadRequest(secret_id=folder.secret_id)),
        ("folders", "Delete", DeleteFolderRequest(folder_id=folder.id)),
    ):
        code, words = refusal(lambda stub=stub, method=method, it=request: local.deployer(STUBS[stub], method, it))
        assert (code, folder.id in words) == ("FAILED_PRECONDITION", True), f"{stub} {method}"
    assert local.gateway("translate", folder.api_secret).status_code == 401
    looking = GetFolderRequest(folder_id=local.folder_id)
    assert refusal(lambda: caller(STUBS["folders"], "Get", looking))[0] == "UNAUTHENTICATED"
    local.deployer(STUBS["secrets"], "Delete", DeleteSecretRequest(secret_id=folder.secret_id))


def test_a_key_opens_nothing_in_a_pending_folder_of_others(local: Local, folder: Filled) -> None:
    account_id = local.account("guest")
    local.bind(STUBS["folders"], folder.id, "ai.translate.user", account_id)
    secret = local.key(account_id, "yc.ai.translate.execute").secret
    assert local.gateway("translate", secret, params={"folderId": folder.id}).status_code == 200
    _delete(local, folder.id)
    assert local.gateway("translate", secret, params={"folderId": folder.id}).status_code == 403


def test_a_deletion_can_be_cancelled_without_loss_until_its_time(local: Local, folder: Filled) -> None:
    operation = _delete(local, folder.id)
    cancel = CancelOperationRequest(operation_id=operation.id)
    cancelled = local.deployer(STUBS["operations"], "Cancel", cancel)
    metadata = DeleteFolderMetadata()
    assert cancelled.metadata.Unpack(metadata)
    assert (cancelled.done, cancelled.error.code) == (True, code_pb2.CANCELLED)
    assert metadata.cancelled_by == local.login["service_account_id"]
    assert _operation(local, operation) == cancelled
    local.admin("POST", "clock", {"advance": "30d"})
    assert (_what_is_left(local, folder), _status(local, folder)) == ({"OK"}, "ACTIVE")
    assert local.gateway("translate", folder.api_secret).status_code == 200
    second = _delete(local, folder.id)
    local.admin("POST", "clock", {"advance": "1d"})
    cancel = CancelOperationRequest(operation_id=second.id)
    assert refusal(lambda: local.deployer(STUBS["operations"], "Cancel", cancel))[0] == "FAILED_PRECONDITION"


def test_deleting_a_folder_needs_a_right_on_it(local: Local, folder: Filled) -> None:
    viewer: Caller = local.as_account(local.account("viewer", "viewer"))
    request = DeleteFolderRequest(folder_id=folder.id)
    assert refusal(lambda: viewer(STUBS["folders"], "Delete", request))[0] == "PERMISSION_DENIED"
    missing = DeleteFolderRequest(folder_id="b1g00000000000000000")
    assert refusal(lambda: local.deployer(STUBS["folders"], "Delete", missing))[0] == "NOT_FOUND"
    assert _what_is_left(local, folder) == {"OK"}


def test_a_pending_deletion_survives_a_restart(timed: Local, real_time: RealTime) -> None:
    folder = _filled(timed)
    _delete(timed, folder.id)
    timed.stop()
    restarted = Local(timed.directory, real_time)  # the fixture's own is ended already
    assert _status(restarted, folder) == "PENDING_DELETION"
    restarted.admin("POST", "clock", {"advance": "1d"})
    assert _what_is_left(restarted, folder) == {"NOT_FOUND"}
    restarted.stop()
