"""The engine has a few verbs under way at once, which may all wait for one account's keys: the other accounts' are listed meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.errors import CloudError
from provider.yandex_keys.reads import Reads
from provider.yandex_keys.service_account import ServiceAccount
from tests.provider.emulated_cloud import EmulatedCloud

_SECONDS = 30.0


class Listings(Cloud):
    """A cloud that lists keys alone, and answers for no account before it was asked for each of `together`."""

    def __init__(self, *together: str, failing: str = "") -> None:
        super().__init__(sdk=None)  # nothing is called
        self._together, self._failing = set(together), failing
        self._all_asked = threading.Event()
        self.asked: list[str] = []

    def pages(self, name: str, items: str, request: Mapping[str, Any], resource: str = "") -> Iterator[dict[str, Any]]:
        account = str(request["service_account_id"])
        self.asked.append(account)
        if self._together <= set(self.asked):
            self._all_asked.set()
        assert self._all_asked.wait(_SECONDS), f"only {self.asked} were asked for"
        if account == self._failing and self.asked.count(account) == 1:
            raise CloudError(name, "PERMISSION_DENIED", "not yet")
        yield {"id": f"key of {account}"}


def expecting(cloud: Listings, *accounts: str) -> Reads:
    reads = Reads(cloud)
    for account in accounts:
        reads.expect_keys(account)
    return reads


def test_the_keys_of_all_accounts_that_are_expected_are_listed_at_once_and_each_once() -> None:
    cloud = Listings("a", "b", "c")
    reads = expecting(cloud, "a", "b", "c")
    assert [reads.keys(account) for account in "abc"] == [[{"id": f"key of {account}"}] for account in "abc"]
    assert sorted(cloud.asked) == ["a", "b", "c"]


def test_nothing_is_listed_before_somebody_needs_a_listing() -> None:
    cloud = Listings()
    expecting(cloud, "a", "b")
    assert cloud.asked == []


def test_a_listing_that_failed_before_anybody_needed_it_is_made_again() -> None:
    cloud = Listings("a", "b", failing="b")
    reads = expecting(cloud, "b")
    reads.keys("a")
    with suppress(CloudError):  # where the failing one is under way still, who asks meanwhile is told
        reads.keys("b")
    assert reads.keys("b") == [{"id": "key of b"}]
    assert cloud.asked.count("b") == 2


def test_a_refresh_of_an_account_expects_its_keys_and_lists_none_where_the_state_has_none(cloud: EmulatedCloud) -> None:
    handler, runtime = ServiceAccount(), cloud.runtime()
    urn = f"urn:pulumi:prod::shop::{handler.token}::lonely"
    inputs = handler.check(urn, {}, {"name": "lonely", "folderId": cloud.folder_id}, runtime)
    account, state = handler.create(urn, inputs, runtime)
    cloud.forget_calls()
    assert handler.read(urn, account, inputs, state, cloud.runtime()) is not None
    assert "ApiKeyService/List" not in cloud.calls()
