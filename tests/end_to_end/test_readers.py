"""Accounts of one stack file that read each other's secrets."""

from __future__ import annotations

from typing import Any

from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

KEYS = [{"name": "default", "uses": ["translate"]}]


def readers_of(cloud: LocalCloud) -> dict[str, set[str]]:
    """By the name of a Lockbox secret, the names of the accounts that may read it."""
    state = cloud.state()
    names = {account["id"]: account["name"] for account in state["serviceAccounts"]}
    return {
        secret["name"]: {
            names[binding["subjectId"]] for binding in state["accessBindings"] if binding["resourceId"] == secret["id"]
        }
        for secret in state["secrets"]
    }


def test_accounts_read_each_others_secrets_also_after_one_is_renamed(stack: Stack, cloud: LocalCloud) -> None:
    shop: dict[str, Any] = {"name": "shop", "readers": ["account:desk"], "keys": KEYS, "kmsKey": True}
    desk: dict[str, Any] = {"name": "desk", "readers": ["self", "account:shop"], "keys": KEYS}
    stack.write([shop, desk])
    stack.up()
    assert readers_of(cloud) == {"shop-default": {"desk"}, "desk-default": {"desk", "shop"}}
    cloud.forget_calls()
    stack.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert cloud.calls() == {}
    stack.write([{**shop, "readers": ["account:table"]}, {**desk, "name": "table", "renamedFrom": "desk"}])
    stack.up()
    assert readers_of(cloud) == {"shop-default": {"table"}, "table-default": {"table", "shop"}}
    stack.run("preview", "--expect-no-changes")


def test_a_reader_that_was_named_by_its_id_is_named_by_its_account_without_a_break(
    stack: Stack, cloud: LocalCloud
) -> None:
    shop: dict[str, Any] = {"name": "shop", "readers": ["self"], "keys": KEYS}
    desk: dict[str, Any] = {"name": "desk", "keys": []}
    stack.write([shop, desk])
    stack.up()
    by_id = f"serviceAccount:{stack.outputs()['serviceAccounts']['desk']}"
    for reader in (by_id, "account:desk", by_id):
        stack.write([{**shop, "readers": ["self", reader]}, desk])
        stack.up()
        assert readers_of(cloud) == {"shop-default": {"shop", "desk"}}


def test_a_reader_that_there_is_not_is_found_before_anything_is_made(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([{"name": "shop", "readers": ["self", "account:dekc"], "keys": KEYS}, {"name": "desk", "keys": KEYS}])
    cloud.forget_calls()
    failed, printed = stack.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert "accounts[0] (shop).readers[1]: no account is called dekc: did you mean desk?" in printed
    assert cloud.calls() == {}


def test_a_reader_that_is_nobody_is_heard_of_before_a_key_is_issued(stack: Stack, cloud: LocalCloud) -> None:
    reader = "serviceAccount:ajenosuchaccount0000"
    shop = {"name": "shop", "readers": [reader], "keys": [{"name": "default", "uses": ["translate"]}]}
    stack.write([shop])
    cloud.forget_calls()
    failed, printed = stack.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert "Nobody has that id: correct it under `readers`" in printed
    assert cloud.live_keys() == []
    stack.write([{**shop, "readers": ["self"]}])
    stack.up()
    assert len(cloud.live_keys()) == 1
