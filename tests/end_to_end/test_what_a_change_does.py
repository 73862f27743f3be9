"""What docs/stack-file.md says of changes that cost consumers something, seen by the consumers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.colleague import client
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

PAGE = Path(__file__).parents[2] / "docs" / "stack-file.md"


def mail(**of_key: str) -> dict[str, Any]:
    return {"name": "mail", "readers": ["self"], "keys": [{"name": "smtp", "uses": ["postbox"], **of_key}]}


def section() -> str:
    return PAGE.read_text(encoding="utf-8").partition("## Changing what is there")[2].partition("\n## ")[0]


def row(setting: str) -> str:
    (found,) = (line for line in section().splitlines() if line.startswith(f"| {setting} |"))
    return found


def test_an_entry_that_moves_alone_splits_the_pair_of_id_and_secret_and_both_together_do_not(
    stack: Stack, cloud: LocalCloud
) -> None:
    said = row("`secretEntry`, `keyIdEntry`")
    stack.write([mail()])
    stack.up()
    secret = stack.receipt("mail/smtp")["lockboxSecretId"]

    def logs_in(password: str, user: str) -> bool:
        entries = cloud.entries(secret)
        return cloud.use("postbox", entries[password], login=entries[user]) == 200

    assert logs_in("api_key", "api_key_id")
    stack.write([mail(keyIdEntry="user")])
    stack.up()
    assert logs_in("api_key", "user")
    assert not logs_in("api_key", "api_key_id")

    stack.write([mail(keyIdEntry="user", secretEntry="word")])
    stack.up()
    assert logs_in("word", "user")
    assert not logs_in("api_key", "user")
    assert "Who logs in with both (Postbox) fails at once where one is changed alone" in said

    stack.write([mail(keyIdEntry="login", secretEntry="password")])
    stack.up()
    assert logs_in("password", "login")
    assert logs_in("word", "user")
    assert "the old pair stays whole" in said


def test_the_stack_s_folder_moves_nothing_and_an_account_s_own_replaces_what_consumers_hold(
    stack: Stack, cloud: LocalCloud
) -> None:
    made = client(cloud).operate("FolderService/Create", {"cloud_id": cloud.ready["cloudId"], "name": "another"})
    another = made["response"]["id"]
    stack.write([mail()])
    stack.up()
    key = stack.key("mail/smtp")
    stack.write([mail()], folderId=another)
    stack.up()
    assert stack.key("mail/smtp")["keyId"] == key["keyId"]
    assert "what is there stays where it is" in row("`yandex-keys:folderId`")

    stack.write([{**mail(), "protect": True}], folderId=another)
    stack.up()
    stack.write([{**mail(), "protect": True, "folderId": another}], folderId=another)
    failed, printed = stack.attempt("preview")
    assert failed
    assert "unable to replace resource" in printed

    stack.write([mail()], folderId=another)
    stack.up()
    stack.write([{**mail(), "folderId": another}], folderId=another)
    assert "replace" in stack.run("preview")
    stack.up()
    assert stack.key("mail/smtp")["keyId"] != key["keyId"]
    assert key["keyId"] not in [it["id"] for it in cloud.live_keys()]
    assert "fail at once" in row("an account's `folderId`")
