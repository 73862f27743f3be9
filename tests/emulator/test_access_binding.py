"""Access bindings: who may do what, from which level, and how a change of them spreads."""

from __future__ import annotations

from typing import Any

import pytest
from yandex.cloud.access.access_pb2 import (
    AccessBinding,
    AccessBindingsOperationResult,
    ListAccessBindingsRequest,
    SetAccessBindingsRequest,
    Subject,
)
from yandex.cloud.iam.v1.api_key_service_pb2 import CreateApiKeyRequest, ListApiKeysRequest
from yandex.cloud.iam.v1.role_service_pb2 import GetRoleRequest, ListRolesRequest
from yandex.cloud.iam.v1.service_account_service_pb2 import (
    CreateServiceAccountRequest,
    DeleteServiceAccountRequest,
    ListServiceAccountsRequest,
)
from yandex.cloud.lockbox.v1.payload_service_pb2 import GetPayloadRequest
from yandex.cloud.lockbox.v1.secret_service_pb2 import (
    AddVersionRequest,
    CreateSecretRequest,
    DeleteSecretRequest,
    GetSecretRequest,
    PayloadEntryChange,
)
from yandex.cloud.resourcemanager.v1.cloud_service_pb2 import GetCloudRequest, ListCloudsRequest
from yandex.cloud.resourcemanager.v1.folder_service_pb2 import (
    CreateFolderRequest,
    GetFolderRequest,
    ListFoldersRequest,
    UpdateFolderRequest,
)

from tests.emulator.local import STUBS, Local, RealTime, delta, outcome, refusal, unpacked


def _attempts(local: Local, target: str, secret_id: str) -> dict[str, tuple[str, str, Any]]:
    """Calls by a short name: the stub, the method and the request."""
    folder = local.folder_id
    entries = [PayloadEntryChange(key="more", text_value="x")]
    return {
        "folder get": ("folders", "Get", GetFolderRequest(folder_id=folder)),
        "folder bind": ("folders", "UpdateAccessBindings", delta(folder, "viewer", target)),
        "accounts list": ("accounts", "List", ListServiceAccountsRequest(folder_id=folder)),
        "account create": ("accounts", "Create", CreateServiceAccountRequest(folder_id=folder, name="new-one")),
        "account bind": ("accounts", "UpdateAccessBindings", delta(target, "viewer", target)),
        "keys list": ("api_keys", "List", ListApiKeysRequest(service_account_id=target)),
        "key create": ("api_keys", "Create", CreateApiKeyRequest(service_account_id=target)),
        "secret create": ("secrets", "Create", CreateSecretRequest(folder_id=folder)),
        "secret get": ("secrets", "Get", GetSecretRequest(secret_id=secret_id)),
        "version add": ("secrets", "AddVersion", AddVersionRequest(secret_id=secret_id, payload_entries=entries)),
        "payload get": ("payloads", "Get", GetPayloadRequest(secret_id=secret_id)),
        "secret bind": ("secrets", "UpdateAccessBindings", delta(secret_id, "lockbox.viewer", target)),
        "secret delete": ("secrets", "Delete", DeleteSecretRequest(secret_id=secret_id)),
        "account delete": ("accounts", "Delete", DeleteServiceAccountRequest(service_account_id=target)),
    }


_SECRET_EDITS = {"secret create", "secret get", "version add", "secret delete"}
_ACCOUNT_EDITS = {"accounts list", "account create", "account delete", "keys list", "key create"}


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("", set()),
        ("ai.translate.user", set()),
        ("viewer", {"folder get", "accounts list", "keys list", "secret get"}),
        ("editor", {"folder get"} | _ACCOUNT_EDITS | _SECRET_EDITS),
        ("iam.serviceAccounts.admin", {"folder get", "account bind"} | _ACCOUNT_EDITS),
        ("iam.serviceAccounts.apiKeyAdmin", {"keys list", "key create"}),
        ("resource-manager.admin", {"folder get", "folder bind"}),
        ("lockbox.viewer", {"folder get", "secret get"}),
        ("lockbox.editor", {"folder get"} | _SECRET_EDITS),
        ("lockbox.admin", {"folder get", "payload get", "secret bind"} | _SECRET_EDITS),
        ("lockbox.payloadViewer", {"folder get", "payload get"}),
    ],
)
def test_a_role_on_the_folder_allows_what_the_reference_says(local: Local, role: str, allowed: set[str]) -> None:
    caller = local.as_account(local.account("caller", *([role] if role else [])))
    attempts = _attempts(local, local.account("target"), local.secret(entry="value"))
    passed = set()
    for name, (stub, method, request) in attempts.items():
        code = outcome(caller, STUBS[stub], method, request)
        assert code in ("OK", "PERMISSION_DENIED")
        if code == "OK":
            passed.add(name)
    assert passed == allowed


def test_admin_of_the_cloud_may_do_everything(local: Local) -> None:
    attempts = _attempts(local, local.account("target"), local.secret(entry="value"))
    outcomes = {
        name: outcome(local.deployer, STUBS[stub], method, request)
        for name, (stub, method, request) in attempts.items()
    }
    assert outcomes == dict.fromkeys(attempts, "OK")


def test_a_role_counts_on_its_resource_and_below_only(local: Local) -> None:
    mine, other = local.secret("mine", entry="mine"), local.secret("other", entry="other")
    reader = local.account("reader")
    local.bind(STUBS["secrets"], mine, "lockbox.payloadViewer", reader)
    caller = local.as_account(reader)
    assert caller(STUBS["payloads"], "Get", GetPayloadRequest(secret_id=mine)).entries[0].text_value == "mine"
    code, message = refusal(lambda: caller(STUBS["payloads"], "Get", GetPayloadRequest(secret_id=other)))
    assert (code, reader in message, other in message) == ("PERMISSION_DENIED", True, True)


def test_adding_twice_and_removing_what_is_not_there_change_nothing(local: Local) -> None:
    account_id = local.account("reader")
    added = local.bind(STUBS["folders"], local.folder_id, "viewer", account_id)
    assert len(unpacked(added, AccessBindingsOperationResult()).effective_deltas) == 1
    again = local.bind(STUBS["folders"], local.folder_id, "viewer", account_id)
    assert len(unpacked(again, AccessBindingsOperationResult()).effective_deltas) == 0
    local.bind(STUBS["folders"], local.folder_id, "viewer", account_id, "REMOVE")
    local.bind(STUBS["folders"], local.folder_id, "viewer", account_id, "REMOVE")
    listed = local.deployer(
        STUBS["folders"], "ListAccessBindings", ListAccessBindingsRequest(resource_id=local.folder_id)
    )
    assert list(listed.access_bindings) == []


def test_set_replaces_all_bindings_of_the_resource(local: Local) -> None:
    first, second = local.account("first", "viewer"), local.account("second")
    wanted = AccessBinding(role_id="editor", subject=Subject(id=second, type="serviceAccount"))
    request = SetAccessBindingsRequest(resource_id=local.folder_id, access_bindings=[wanted])
    result = unpacked(local.deployer(STUBS["folders"], "SetAccessBindings", request), AccessBindingsOperationResult())
    assert [item.access_binding.subject.id for item in result.effective_deltas] == [first, second]
    listed = local.deployer(
        STUBS["folders"], "ListAccessBindings", ListAccessBindingsRequest(resource_id=local.folder_id)
    )
    assert list(listed.access_bindings) == [wanted]


@pytest.mark.parametrize(
    ("role", "subject", "kind"),
    [
        ("monitoring.veiwer", "", "serviceAccount"),
        ("viewer", "aje00000000000000000", "serviceAccount"),
        ("viewer", "x", "robot"),
    ],
)
def test_an_unknown_role_or_subject_is_refused(local: Local, role: str, subject: str, kind: str) -> None:
    change = delta(local.folder_id, role, subject or local.account("reader"))
    change.access_binding_deltas[0].access_binding.subject.type = kind
    code, _ = refusal(lambda: local.deployer(STUBS["folders"], "UpdateAccessBindings", change))
    assert code in ("NOT_FOUND", "INVALID_ARGUMENT")


def test_a_change_counts_after_the_settings_delay_and_is_listed_at_once(timed: Local, real_time: RealTime) -> None:
    reader = timed.account("reader")
    caller = timed.as_account(reader)
    timed.admin("POST", "settings", {"accessDelay": "5s"})

    def reads() -> Any:
        return caller(STUBS["folders"], "Get", GetFolderRequest(folder_id=timed.folder_id))

    timed.bind(STUBS["folders"], timed.folder_id, "viewer", reader)
    assert refusal(reads)[0] == "PERMISSION_DENIED"
    real_time.now += 5
    assert reads().id == timed.folder_id
    timed.bind(STUBS["folders"], timed.folder_id, "viewer", reader, "REMOVE")
    listed = timed.deployer(
        STUBS["folders"], "ListAccessBindings", ListAccessBindingsRequest(resource_id=timed.folder_id)
    )
    assert list(listed.access_bindings) == []
    assert reads().id == timed.folder_id
    real_time.now += 5
    assert refusal(reads)[0] == "PERMISSION_DENIED"


def test_everybody_who_is_logged_in_may_be_given_a_role(local: Local) -> None:
    change = delta(local.folder_id, "viewer", "allAuthenticatedUsers")
    change.access_binding_deltas[0].access_binding.subject.type = "system"
    local.deployer(STUBS["folders"], "UpdateAccessBindings", change)
    caller = local.as_account(local.account("anybody"))
    assert caller(STUBS["folders"], "Get", GetFolderRequest(folder_id=local.folder_id)).id == local.folder_id


def test_folders_and_clouds_can_be_read(local: Local) -> None:
    cloud = local.deployer(STUBS["clouds"], "Get", GetCloudRequest(cloud_id=local.cloud_id))
    assert [item.id for item in local.deployer(STUBS["clouds"], "List", ListCloudsRequest()).clouds] == [cloud.id]
    local.deployer(STUBS["folders"], "Create", CreateFolderRequest(cloud_id=cloud.id, name="second"))
    folders = local.deployer(STUBS["folders"], "List", ListFoldersRequest(cloud_id=cloud.id)).folders
    assert [folder.name for folder in folders] == ["default", "second"]
    assert refusal(lambda: local.deployer(STUBS["folders"], "Get", GetFolderRequest(folder_id="b1g")))[0] == "NOT_FOUND"


def test_what_is_not_there_is_unimplemented(local: Local) -> None:
    request = UpdateFolderRequest(folder_id=local.folder_id, name="other")
    assert refusal(lambda: local.deployer(STUBS["folders"], "Update", request))[0] == "UNIMPLEMENTED"


def test_roles_are_listed(local: Local) -> None:
    first = local.deployer(STUBS["roles"], "List", ListRolesRequest(page_size=1000))
    assert {"admin", "lockbox.payloadViewer", "ai.translate.user"} <= {role.id for role in first.roles}
    assert local.deployer(STUBS["roles"], "Get", GetRoleRequest(role_id="viewer")).id == "viewer"
    assert refusal(lambda: local.deployer(STUBS["roles"], "Get", GetRoleRequest(role_id="veiwer")))[0] == "NOT_FOUND"
