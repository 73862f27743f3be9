"""Service accounts: names, quotas, updates, listings, and what goes with an account."""

from __future__ import annotations

from typing import Any

import pytest
from yandex.cloud.access.access_pb2 import ListAccessBindingsRequest
from yandex.cloud.iam.v1.service_account_pb2 import ServiceAccount
from yandex.cloud.iam.v1.service_account_service_pb2 import (
    CreateServiceAccountRequest,
    DeleteServiceAccountRequest,
    GetServiceAccountRequest,
    ListServiceAccountOperationsRequest,
    ListServiceAccountsRequest,
    UpdateServiceAccountMetadata,
    UpdateServiceAccountRequest,
)

from tests.emulator.local import STUBS, Local, details, refusal, unpacked

_ACCOUNTS = STUBS["accounts"]


def _update(local: Local, account_id: str, *paths: str, **fields: Any) -> ServiceAccount:
    request = UpdateServiceAccountRequest(service_account_id=account_id, **fields)
    request.update_mask.paths.extend(paths)
    operation = local.deployer(_ACCOUNTS, "Update", request)
    metadata = UpdateServiceAccountMetadata()
    assert operation.metadata.Unpack(metadata)
    assert metadata.service_account_id == account_id
    account: ServiceAccount = unpacked(operation, ServiceAccount())
    return account


def test_a_new_account_has_an_id_of_iam_and_what_was_asked_for(local: Local) -> None:
    request = CreateServiceAccountRequest(
        folder_id=local.folder_id, name="translator", description="Translates", labels={"team": "support"}
    )
    created = unpacked(local.deployer(_ACCOUNTS, "Create", request), ServiceAccount())
    assert len(created.id) == 20
    assert created.id.startswith("aje")
    assert (created.name, created.description, dict(created.labels)) == (
        "translator",
        "Translates",
        {"team": "support"},
    )
    assert local.deployer(_ACCOUNTS, "Get", GetServiceAccountRequest(service_account_id=created.id)) == created


def test_a_name_is_taken_once_in_the_cloud(local: Local) -> None:
    local.account("translator")
    code, message = refusal(lambda: local.account("translator"))
    assert (code, "translator" in message) == ("ALREADY_EXISTS", True)


def test_an_update_changes_what_its_mask_names_and_no_more(local: Local) -> None:
    account_id = local.account("translator")
    described = _update(local, account_id, "description", description="new")
    assert (described.name, described.description) == ("translator", "new")
    everything = _update(local, account_id, name="interpreter")
    assert (everything.name, everything.description) == ("interpreter", "")


def test_an_update_of_an_unknown_field_or_to_a_taken_name_is_refused(local: Local) -> None:
    account_id = local.account("translator")
    local.account("taken")
    assert refusal(lambda: _update(local, account_id, "folder_id", name="other"))[0] == "INVALID_ARGUMENT"
    assert refusal(lambda: _update(local, account_id, "name", name="taken"))[0] == "ALREADY_EXISTS"


def test_with_an_account_go_its_keys_and_bindings(local: Local) -> None:
    account_id = local.account("translator", "viewer")
    local.key(account_id, "yc.ai.translate.execute")
    before = len(local.admin("GET", "state")["accessBindings"])
    local.deployer(_ACCOUNTS, "Delete", DeleteServiceAccountRequest(service_account_id=account_id))
    state = local.admin("GET", "state")
    assert state["apiKeys"] == []
    assert [account["name"] for account in state["serviceAccounts"]] == ["deployer"]
    assert len(state["accessBindings"]) == before - 1
    gone = DeleteServiceAccountRequest(service_account_id=account_id)
    assert refusal(lambda: local.deployer(_ACCOUNTS, "Delete", gone))[0] == "NOT_FOUND"


def test_a_listing_comes_in_pages_and_can_be_filtered_by_name(local: Local) -> None:
    for number in range(4):
        local.account(f"account-{number}")
    names: list[str] = []
    token = ""
    while True:
        request = ListServiceAccountsRequest(folder_id=local.folder_id, page_size=2, page_token=token)
        page = local.deployer(_ACCOUNTS, "List", request)
        assert len(page.service_accounts) <= 2
        names += [account.name for account in page.service_accounts]
        token = page.next_page_token
        if not token:
            break
    assert names == ["deployer", *(f"account-{number}" for number in range(4))]
    request = ListServiceAccountsRequest(folder_id=local.folder_id, filter='name="account-2"')
    found = local.deployer(_ACCOUNTS, "List", request)
    assert [account.name for account in found.service_accounts] == ["account-2"]


@pytest.mark.parametrize("wrong", [{"filter": "age > 3"}, {"page_token": "nonsense"}, {"page_size": 1001}])
def test_a_wrong_filter_token_or_page_size_is_refused(local: Local, wrong: dict[str, Any]) -> None:
    request = ListServiceAccountsRequest(folder_id=local.folder_id, **wrong)
    assert refusal(lambda: local.deployer(_ACCOUNTS, "List", request))[0] == "INVALID_ARGUMENT"


def test_the_quota_is_refused_with_its_figure(local: Local) -> None:
    local.admin("POST", "settings", {"serviceAccountQuota": 2})
    local.account("second")
    code, message = refusal(lambda: local.account("third"))
    assert (code, "2" in message) == ("RESOURCE_EXHAUSTED", True)
    assert "Limit: 2" in details(lambda: local.account("third"))["QuotaFailure"].violations[0].description


def test_a_field_beyond_its_limit_is_named_with_what_would_be_right(local: Local) -> None:
    request = CreateServiceAccountRequest(folder_id=local.folder_id, name="UPPER", description="x" * 257)
    found = details(lambda: local.deployer(_ACCOUNTS, "Create", request))
    violations = {item.field: item.description for item in found["BadRequest"].field_violations}
    assert set(violations) == {"name", "description"}
    assert "at most 256" in violations["description"]
    assert found["RequestInfo"].request_id == found["request_id"]


def test_operations_and_bindings_of_an_account_are_listed(local: Local) -> None:
    account_id, user = local.account("translator"), local.account("user")
    _update(local, account_id, "description", description="new")
    local.bind(_ACCOUNTS, account_id, "iam.serviceAccounts.user", user)
    request = ListServiceAccountOperationsRequest(service_account_id=account_id)
    operations = local.deployer(_ACCOUNTS, "ListOperations", request).operations
    words = ["Create service account", "Update service account", "Update access bindings"]
    assert [operation.description for operation in operations] == words
    listed = local.deployer(_ACCOUNTS, "ListAccessBindings", ListAccessBindingsRequest(resource_id=account_id))
    assert [(item.role_id, item.subject.id) for item in listed.access_bindings] == [("iam.serviceAccounts.user", user)]
