"""A preview tells which keys an `up` would end, and how one that only got another name is kept."""

from __future__ import annotations

from typing import Any

from components.removals import removals
from components.spec import parse

IN_LOCKBOX = {"keyId": "aje1", "lockboxSecretId": "e6q1", "secretEntry": "api_key"}
AS_OUTPUT = {"keyId": "aje2"}
HELD = {"mail/smtp": IN_LOCKBOX, "mail/bulk": AS_OUTPUT, "shop/default": {**IN_LOCKBOX, "keyId": "aje3"}}


def account(name: str, *keys: str | dict[str, str], **more: str) -> dict[str, Any]:
    written = [key if isinstance(key, dict) else {"name": key} for key in keys]
    return {"name": name, **more, "keys": [{"uses": ["postbox"], **key} for key in written]}


def told(*accounts: dict[str, Any], held: Any = HELD) -> list[str]:
    return list(removals(parse(None, list(accounts)).accounts, held))


SHOP = account("shop", "default")


def test_nothing_is_said_where_nothing_goes() -> None:
    assert told(account("mail", "smtp", "bulk", "more"), SHOP, account("new", "default")) == []
    assert told(SHOP, held={}) == []


def test_a_key_that_goes_is_named_with_what_its_consumers_read() -> None:
    assert told(account("mail", "bulk"), SHOP) == [
        "mail/smtp is no longer in the stack file: `pulumi up` deletes its key aje1, and whoever reads it from Lockbox "
        "secret e6q1, entry api_key, fails at once"
    ]
    (output,) = told(account("mail", "smtp"), SHOP)
    assert "key aje2, and whoever took it from the stack's outputs fails at once" in output


def test_a_new_key_beside_it_may_be_the_same_under_another_name() -> None:
    (line,) = told(account("mail", "bulk", "relay"), SHOP)
    assert line.endswith("If it is relay under another name, write `renamedFrom: smtp` there, and nothing dies")


def test_a_key_that_says_what_it_was_called_goes_nowhere() -> None:
    renamed = {"name": "relay", "renamedFrom": "smtp"}
    assert told(account("mail", "bulk", renamed), SHOP) == []
    assert told(account("mail", "bulk", renamed), SHOP, held={"mail/relay": {}, "mail/bulk": {}}) == []


def test_an_account_that_goes_is_named_with_all_its_keys() -> None:
    assert told(SHOP) == [
        "mail is no longer in the stack file: `pulumi up` deletes the account and its keys (aje2, aje1), and whoever "
        "holds one of them fails at once"
    ]
    (line,) = told(account("post", "smtp", "bulk"), SHOP)
    assert line.endswith("If it is post under another name, write `renamedFrom: mail` there, and nothing dies")
    assert told(account("post", "smtp", "bulk", renamedFrom="mail"), SHOP) == []
