"""How many calls of the cloud each step makes, where an account has many keys: what a run costs over a real network. Times are never held."""

from __future__ import annotations

from typing import Final

from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

_ACCOUNTS: Final = 3
_KEYS: Final = 5
"""In each of the accounts."""


def test_create_makes_four_calls_a_key_and_two_an_account_none_follow_and_refresh_one_an_account_and_a_few_a_folder(
    stack: Stack, cloud: LocalCloud
) -> None:
    keys = [{"name": f"key{number}", "uses": ["translate"]} for number in range(_KEYS)]
    stack.write([{"name": f"account{number}", "keys": keys} for number in range(_ACCOUNTS)])
    cloud.forget_calls()
    stack.up()
    created = cloud.calls()
    # The account itself and its role take one each.
    assert sum(created.values()) <= 4 * _ACCOUNTS * _KEYS + 2 * _ACCOUNTS, created
    cloud.forget_calls()
    stack.up()
    assert cloud.calls() == {}
    stack.refresh()
    refreshed = cloud.calls()
    # An account is a resource too; the bindings of their folder are listed once for all of them.
    assert {method: refreshed[method] for method in refreshed if not method.endswith("/Get")} == {
        "ApiKeyService/List": _ACCOUNTS,
        "ServiceAccountService/List": 1,
        "SecretService/List": 1,
        "FolderService/ListAccessBindings": 1,
    }
    assert refreshed["ServiceAccountService/Get"] == 2
    # Keys whose turn comes before that of the first secret don't know its folder.
    assert 2 <= refreshed["SecretService/Get"] <= 2 + _ACCOUNTS, refreshed
