"""API keys: what is answered when one is created, changed, listed and deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from yandex.cloud.iam.v1.api_key_pb2 import ApiKey
from yandex.cloud.iam.v1.api_key_service_pb2 import (
    DeleteApiKeyMetadata,
    DeleteApiKeyRequest,
    GetApiKeyRequest,
    ListApiKeyOperationsRequest,
    ListApiKeyScopesRequest,
    ListApiKeysRequest,
    UpdateApiKeyMetadata,
    UpdateApiKeyRequest,
)

from tests.emulator.local import STUBS, Local, refusal, unpacked

_KEYS = STUBS["api_keys"]
_TRANSLATE = "yc.ai.translate.execute"


@pytest.fixture
def account(local: Local) -> str:
    """The id of an account."""
    return local.account("translator")


def _update(local: Local, key_id: str, *paths: str, **fields: Any) -> ApiKey:
    request = UpdateApiKeyRequest(api_key_id=key_id, **fields)
    request.update_mask.paths.extend(paths)
    operation = local.deployer(_KEYS, "Update", request)
    metadata = UpdateApiKeyMetadata()
    assert operation.metadata.Unpack(metadata)
    assert metadata.api_key_id == key_id
    key: ApiKey = unpacked(operation, ApiKey())
    return key


def test_the_secret_is_answered_once_and_masked_ever_after(local: Local, account: str) -> None:
    created = local.key(account, _TRANSLATE, description="mine")
    assert created.secret.startswith("AQVN")
    assert created.api_key.masked_secret == f"****{created.secret[-6:]}"
    read = local.deployer(_KEYS, "Get", GetApiKeyRequest(api_key_id=created.api_key.id))
    assert read == created.api_key
    assert created.secret.encode() not in read.SerializeToString()


def test_a_key_without_scopes_gets_the_ten_default_ones(local: Local, account: str) -> None:
    scopes = local.key(account).api_key.scopes
    assert len(scopes) == 10
    assert "yc.monitoring.manage" in scopes


def test_a_key_without_an_account_belongs_to_the_caller(local: Local) -> None:
    assert local.key("", _TRANSLATE).api_key.service_account_id == local.login["service_account_id"]
    listed = local.deployer(_KEYS, "List", ListApiKeysRequest()).api_keys
    assert [key.service_account_id for key in listed] == [local.login["service_account_id"]]


def test_scopes_may_come_back_in_another_order(local: Local, account: str) -> None:
    asked = ["yc.ai.vision.execute", _TRANSLATE]
    assert list(local.key(account, *asked).api_key.scopes) == sorted(asked)
    local.admin("POST", "settings", {"scopeOrder": "given"})
    assert list(local.key(account, *asked).api_key.scopes) == asked


@pytest.mark.parametrize("scopes", [["yc.nowhere.execute"], [_TRANSLATE, _TRANSLATE], ["x" * 257]], ids=str)
def test_unknown_or_doubled_scopes_are_refused(local: Local, account: str, scopes: list[str]) -> None:
    assert refusal(lambda: local.key(account, *scopes))[0] == "INVALID_ARGUMENT"


def test_an_update_keeps_the_secret_and_what_the_mask_leaves_out(local: Local, account: str) -> None:
    created = local.key(account, _TRANSLATE, description="mine")
    ends = datetime(2050, 1, 1, tzinfo=UTC)
    updated = _update(local, created.api_key.id, "expires_at", expires_at=ends)
    assert (updated.description, updated.expires_at.ToDatetime(tzinfo=UTC)) == ("mine", ends)
    assert list(_update(local, updated.id, "scopes", scopes=["yc.postbox.send"]).scopes) == ["yc.postbox.send"]
    cleared = _update(local, updated.id, "expires_at")
    assert not cleared.HasField("expires_at")
    assert cleared.masked_secret == created.api_key.masked_secret
    assert refusal(lambda: _update(local, updated.id, "scopes"))[0] == "INVALID_ARGUMENT"
    assert refusal(lambda: _update(local, updated.id, "secret"))[0] == "INVALID_ARGUMENT"


def test_a_deleted_key_is_gone(local: Local, account: str) -> None:
    key_id = local.key(account, _TRANSLATE).api_key.id
    operation = local.deployer(_KEYS, "Delete", DeleteApiKeyRequest(api_key_id=key_id))
    assert unpacked(operation, Empty()) == Empty()
    metadata = DeleteApiKeyMetadata()
    assert operation.metadata.Unpack(metadata)
    assert metadata.api_key_id == key_id
    assert refusal(lambda: local.deployer(_KEYS, "Get", GetApiKeyRequest(api_key_id=key_id)))[0] == "NOT_FOUND"
    gone = DeleteApiKeyRequest(api_key_id=key_id)
    assert refusal(lambda: local.deployer(_KEYS, "Delete", gone))[0] == "NOT_FOUND"


def test_keys_are_listed_by_account_in_pages_and_in_order(local: Local, account: str) -> None:
    made = [local.key(account, _TRANSLATE).api_key.id for _ in range(5)]
    local.key(local.account("other"), _TRANSLATE)
    found: list[str] = []
    token = ""
    while True:
        request = ListApiKeysRequest(service_account_id=account, page_size=2, page_token=token)
        page = local.deployer(_KEYS, "List", request)
        found += [key.id for key in page.api_keys]
        token = page.next_page_token
        if not token:
            break
    assert found == made


def test_all_scopes_are_listed_in_pages(local: Local) -> None:
    first = local.deployer(_KEYS, "ListScopes", ListApiKeyScopesRequest(page_size=20))
    assert len(first.scopes) == 20
    rest = local.deployer(_KEYS, "ListScopes", ListApiKeyScopesRequest(page_token=first.next_page_token))
    assert rest.next_page_token == ""
    every = [*first.scopes, *rest.scopes]
    assert len(set(every)) == len(every) > 25
    assert {_TRANSLATE, "yc.ydb.topics.manage", "yc.logging.write"} <= set(every)


def test_operations_on_a_key_are_listed(local: Local, account: str) -> None:
    key_id = local.key(account, _TRANSLATE).api_key.id
    _update(local, key_id, "description", description="new")
    request = ListApiKeyOperationsRequest(api_key_id=key_id)
    operations = local.deployer(_KEYS, "ListOperations", request).operations
    assert [operation.description for operation in operations] == ["Update API key"]


def test_the_quota_is_refused_with_its_figure(local: Local, account: str) -> None:
    local.admin("POST", "settings", {"apiKeyQuota": 1})
    local.key(account, _TRANSLATE)
    code, message = refusal(lambda: local.key(account, _TRANSLATE))
    assert (code, "1 allowed" in message) == ("RESOURCE_EXHAUSTED", True)


def test_a_key_is_created_in_the_emulated_time(local: Local, account: str) -> None:
    local.admin("POST", "clock", {"advance": "30d"})
    created_at = local.key(account, _TRANSLATE).api_key.created_at.ToDatetime(tzinfo=UTC)
    assert created_at - datetime.now(UTC) > timedelta(days=29)
    assert created_at.microsecond == 0
