"""How many calls of the cloud each step makes, where an account has many keys: what a run costs over a real network. Times are never held."""

from __future__ import annotations

from typing import Final

from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

_ACCOUNTS: Final = 2
_KEYS: Final = 6
"""In each of the accounts."""


def test_create_makes_four_calls_a_key_and_two_an_account_none_follow_and_refresh_asks_once_for_each_thing(
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
    assert cloud.calls() == {
        "ApiKeyService/List": _ACCOUNTS,
        "SecretService/Get": _ACCOUNTS * _KEYS,
        # An account is a resource too; the bindings of their folder are listed once for all of them.
        "ServiceAccountService/Get": _ACCOUNTS,
        "FolderService/ListAccessBindings": 1,
    }
