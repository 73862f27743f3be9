"""Listings that lag: what is new, or what a test has chosen, is missing from List though Get knows it."""

from __future__ import annotations

from pathlib import Path

import pytest
from yandex.cloud.iam.v1.api_key_service_pb2 import GetApiKeyRequest, ListApiKeysRequest, UpdateApiKeyRequest
from yandex.cloud.lockbox.v1.secret_service_pb2 import (
    AddVersionRequest,
    ListSecretsRequest,
    ListVersionsRequest,
    PayloadEntryChange,
)

from tests.emulator.local import STUBS, Local


@pytest.fixture
def account(local: Local) -> str:
    """The id of an account without keys."""
    return local.account("translator")


def _new(local: Local, account: str) -> str:
    return str(local.key(account).api_key.id)


def _listed(local: Local, account: str) -> list[str]:
    listed = local.deployer(STUBS["api_keys"], "List", ListApiKeysRequest(service_account_id=account))
    return [key.id for key in listed.api_keys]


def _is_known(local: Local, key_id: str) -> bool:
    return bool(local.deployer(STUBS["api_keys"], "Get", GetApiKeyRequest(api_key_id=key_id)).id == key_id)


def test_a_new_key_is_missing_from_listings_for_the_emulated_time_that_was_set(local: Local, account: str) -> None:
    old = _new(local, account)
    local.admin("POST", "settings", {"listingDelay": "1h"})
    new = _new(local, account)
    assert _is_known(local, new)
    assert _listed(local, account) == [old]
    local.admin("POST", "clock", {"advance": "59m"})
    assert _listed(local, account) == [old]
    local.admin("POST", "clock", {"advance": "1m"})
    assert _listed(local, account) == [old, new]


def test_a_new_key_is_missing_from_as_many_listings_of_its_account_as_were_set(local: Local, account: str) -> None:
    old = _new(local, account)
    local.admin("POST", "settings", {"listingDelayCalls": 2})
    new = _new(local, account)
    assert _is_known(local, new)
    _listed(local, local.account("another"))
    assert [_listed(local, account) for _ in range(3)] == [[old], [old], [old, new]]


def test_a_change_of_a_key_does_not_bring_it_into_the_listing(local: Local, account: str) -> None:
    local.admin("POST", "settings", {"listingDelayCalls": 1, "listingDelay": "1h"})
    new = _new(local, account)
    request = UpdateApiKeyRequest(api_key_id=new, description="changed")
    request.update_mask.paths.append("description")
    local.deployer(STUBS["api_keys"], "Update", request)
    assert (_listed(local, account), _listed(local, account)) == ([], [])
    local.admin("POST", "clock", {"advance": "1h"})
    assert _listed(local, account) == [new]


def test_chosen_keys_are_left_out_until_they_are_chosen_no_more(local: Local, account: str) -> None:
    first, second, third = (_new(local, account) for _ in range(3))
    local.admin("POST", "settings", {"unlisted": [first, third]})
    assert _listed(local, account) == [second]
    assert _is_known(local, first)
    local.admin("POST", "settings", {"unlisted": []})
    assert _listed(local, account) == [first, second, third]


def test_a_listing_in_pages_counts_once_and_leaves_out_the_same(local: Local, account: str) -> None:
    keys = [_new(local, account) for _ in range(3)]
    local.admin("POST", "settings", {"listingDelayCalls": 1, "unlisted": [keys[1]]})
    new = _new(local, account)

    def in_pages() -> list[str]:
        found: list[str] = []
        token = ""
        while True:
            request = ListApiKeysRequest(service_account_id=account, page_size=1, page_token=token)
            page = local.deployer(STUBS["api_keys"], "List", request)
            found += [key.id for key in page.api_keys]
            token = page.next_page_token
            if not token:
                return found

    assert in_pages() == [keys[0], keys[2]]
    assert in_pages() == [keys[0], keys[2], new]


def test_resetting_the_settings_lists_everything_and_a_restart_does_not(tmp_path: Path) -> None:
    local = Local(tmp_path)
    account = local.account("translator")
    local.admin("POST", "settings", {"listingDelay": "1h", "listingDelayCalls": 1})
    new = _new(local, account)
    local.stop()
    local = Local(tmp_path)
    assert _listed(local, account) == []
    local.admin("DELETE", "settings")
    assert _listed(local, account) == [new]
    local.stop()


def test_a_version_of_a_secret_lags_the_same_way_and_is_current_at_once(local: Local) -> None:
    secret_id = local.secret(k="1")
    local.admin("POST", "settings", {"listingDelayCalls": 1})
    entries = [PayloadEntryChange(key="k", text_value="2")]
    local.deployer(STUBS["secrets"], "AddVersion", AddVersionRequest(secret_id=secret_id, payload_entries=entries))
    secret = local.admin("GET", "state")["secrets"][0]
    first, second = (version["id"] for version in secret["versions"])
    assert secret["currentVersionId"] == second

    def listed() -> list[str]:
        request = ListVersionsRequest(secret_id=secret_id)
        return [version.id for version in local.deployer(STUBS["secrets"], "ListVersions", request).versions]

    assert (listed(), listed()) == ([first], [first, second])
    local.admin("POST", "settings", {"unlisted": [first]})
    assert listed() == [second]


def test_chosen_secrets_are_left_out_of_their_folder_s_listing_page_by_page(local: Local) -> None:
    folder_id = local.folder_id
    first, second, third = (local.secret(k="1") for _ in range(3))
    local.admin("POST", "settings", {"unlisted": [second]})
    request = ListSecretsRequest(folder_id=folder_id, page_size=1)
    page = local.deployer(STUBS["secrets"], "List", request)
    assert [secret.id for secret in page.secrets] == [first]
    rest = local.deployer(
        STUBS["secrets"], "List", ListSecretsRequest(folder_id=folder_id, page_token=page.next_page_token)
    )
    assert [secret.id for secret in rest.secrets] == [third]
