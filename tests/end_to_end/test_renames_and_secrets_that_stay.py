"""Renames and secrets that stay, through the real engine: no key and no secret is replaced, and what would go wrong is refused with its path."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

KEYS = ("first", "second")


def key(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "uses": ["translate"], **more}


def account(*keys: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "translator", "readers": ["self"], "keys": list(keys), **more}


@pytest.fixture
def lived_in(stack: Stack) -> Stack:
    """A stack with an account of two keys, each with a secret of its own."""
    stack.bring_up([account(*map(key, KEYS))])
    return stack


def secrets(cloud: LocalCloud) -> dict[str, str]:
    """The ids of the Lockbox secrets by their names."""
    return {secret["name"]: secret["id"] for secret in cloud.state()["secrets"]}


def ids(cloud: LocalCloud) -> set[str]:
    return {key["id"] for key in cloud.live_keys()}


def test_a_swap_and_a_chain_are_refused_before_any_call_and_go_in_two_steps(lived_in: Stack, cloud: LocalCloud) -> None:
    live, kept = ids(cloud), secrets(cloud)
    cloud.forget_calls()
    for first, second in (("second", "first"), ("second", None)):
        keys = [key("first", renamedFrom=first) if first else key("first"), key("second")]
        if second:
            keys[1]["renamedFrom"] = second
        lived_in.write([account(*keys)])
        failed, printed = lived_in.attempt("up", "--yes", "--skip-preview")
        assert failed
        assert (
            "keys[0] (first).renamedFrom: 'second' is the name of accounts[0] (translator).keys[1] (second) still"
            in printed
        )
        assert "Duplicate resource" not in printed
    assert cloud.calls() == {}
    lived_in.write([account(key("first"), key("third", renamedFrom="second"))])
    lived_in.up()
    lived_in.write([account(key("second", renamedFrom="first"), key("third", renamedFrom="second"))])
    failed, printed = lived_in.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert (
        "keys[1] (third).renamedFrom: 'second' is the name of accounts[0] (translator).keys[0] (second) still"
        in printed
    )
    lived_in.write([account(key("second", renamedFrom="first"), key("third"))])
    lived_in.up()
    lived_in.write([account(key("second"), key("first", renamedFrom="third"))])
    lived_in.up()
    assert ids(cloud) == live
    assert secrets(cloud) == {
        "translator-first": kept["translator-second"],
        "translator-second": kept["translator-first"],
    }
    for name, was in (("first", "second"), ("second", "first")):
        assert lived_in.receipt(f"translator/{name}")["lockboxSecretId"] == kept[f"translator-{was}"]


def test_a_secret_stays_when_its_key_moves_away_and_when_the_key_goes(lived_in: Stack, cloud: LocalCloud) -> None:
    kept = secrets(cloud)
    moved = [key("first", secret="shared"), key("second")]
    lived_in.write([account(*moved, secrets=["translator-first"])])
    lived_in.up()
    assert secrets(cloud) == {**kept, "shared": secrets(cloud)["shared"]}
    lived_in.write([account(moved[0], secrets=["translator-first", "translator-second"])])
    lived_in.up()
    assert secrets(cloud) == {**kept, "shared": secrets(cloud)["shared"]}
    lived_in.run("preview", "--expect-no-changes")
    lived_in.write([account(*moved)])  # the key comes back to its secret, and the other secret is no longer listed
    lived_in.up()
    assert secrets(cloud) == {
        "translator-second": kept["translator-second"],
        "shared": secrets(cloud)["shared"],
    }


def test_renamed_keys_keep_or_leave_their_secrets_as_the_file_says(lived_in: Stack, cloud: LocalCloud) -> None:
    live, kept = ids(cloud), secrets(cloud)
    keys = [key("one", renamedFrom="first", secret="translator-first"), key("two", renamedFrom="second")]
    lived_in.write([account(*keys, secrets=["translator-second"])])
    lived_in.up()
    assert live <= ids(cloud)
    found = secrets(cloud)
    assert found == {**kept, "translator-two": found["translator-two"]}
    lived_in.run("preview", "--expect-no-changes")


def test_an_account_is_renamed_with_a_secret_that_keeps_its_name(lived_in: Stack, cloud: LocalCloud) -> None:
    live, kept = ids(cloud), secrets(cloud)
    renamed = account(
        key("first", secret="translator-first"), key("second"), name="interpreter", renamedFrom="translator"
    )
    lived_in.write([renamed])
    lived_in.up()
    assert ids(cloud) == live
    expected = {
        "translator-first": kept["translator-first"],
        "interpreter-second": kept["translator-second"],
    }
    assert secrets(cloud) == expected
    lived_in.write([{**renamed, "renamedFrom": "interpreter"}])
    failed, printed = lived_in.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert "accounts[0] (interpreter).renamedFrom: 'interpreter' is the name that the account has" in printed
    del renamed["renamedFrom"]
    lived_in.write([renamed])
    lived_in.up()
    assert (ids(cloud), secrets(cloud)) == (live, expected)
