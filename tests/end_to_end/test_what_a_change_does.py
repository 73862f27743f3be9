"""What docs/stack-file.md says of changes that cost consumers something, seen by the consumers."""

from __future__ import annotations

import re
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


def beside_the_key(previewed: str) -> str:
    """What the engine shows on the key's own row, beside the names of what differs."""
    (shown,) = re.findall(r"ApiKey \S+ update \[diff: [^]]*\]; (.*)", previewed)
    return str(shown)


def test_an_entry_that_moves_alone_splits_the_pair_of_id_and_secret_and_both_together_do_not(
    stack: Stack, cloud: LocalCloud
) -> None:
    said = row("`secretEntry`, `keyIdEntry`")
    stack.bring_up([mail()])
    secret = stack.receipt("mail/smtp")["lockboxSecretId"]

    def logs_in(password: str, user: str) -> bool:
        entries = cloud.entries(secret)
        return cloud.use("postbox", entries[password], login=entries[user]) == 200

    assert logs_in("api_key", "api_key_id")
    old = stack.key("mail/smtp")["keyId"]
    stack.write([mail(keyIdEntry="user")])
    left = f"leaves entry api_key_id with the id of key {old} beside the secret of the new key in entry api_key"
    assert beside_the_key(stack.run("preview")).startswith(left)
    stack.up()
    assert logs_in("api_key", "user")
    assert cloud.entries(secret)["api_key_id"] == old
    assert not logs_in("api_key", "api_key_id")

    old, password = stack.key("mail/smtp")["keyId"], cloud.entries(secret)["api_key"]
    stack.write([mail(keyIdEntry="user", secretEntry="word")])
    left = f"leaves entry api_key with the secret of key {old} beside the id of the new key in entry user"
    assert beside_the_key(stack.run("preview")).startswith(left)
    stack.up()
    assert logs_in("word", "user")
    assert cloud.entries(secret)["api_key"] == password
    assert not logs_in("api_key", "user")
    assert "Who logs in with both (Postbox) fails at once where one is changed alone" in said

    stack.write([mail(keyIdEntry="login", secretEntry="password")])
    previewed = stack.run("preview")
    assert "who reads both" not in previewed
    assert "move them to its entries password and login before that" in previewed
    stack.up()
    assert logs_in("password", "login")
    assert logs_in("word", "user")
    assert "the old pair stays whole" in said


def test_the_stack_s_folder_moves_nothing_and_an_account_s_own_replaces_what_consumers_hold(
    stack: Stack, cloud: LocalCloud
) -> None:
    stack.bring_up([mail()])
    made = client(cloud).operate("FolderService/Create", {"cloud_id": cloud.ready["cloudId"], "name": "another"})
    another = made["response"]["id"]
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
    place = f"Lockbox secret {key['lockbox']['secretId']} (entry api_key)"
    said = f"replaces key {key['keyId']}, which is deleted in this run: whoever read it in {place} fails at once"
    assert stack.run("preview").partition("Diagnostics:")[2].count(said) == 1
    password, login = (cloud.entries(key["lockbox"]["secretId"])[name] for name in ("api_key", "api_key_id"))
    assert cloud.use("postbox", password, login=login) == 200
    printed = stack.up()
    assert said in printed
    assert "deleted key" not in printed, "that end was told"
    assert cloud.use("postbox", password, login=login) != 200
    assert stack.key("mail/smtp")["keyId"] != key["keyId"]
    assert key["keyId"] not in [it["id"] for it in cloud.live_keys()]
    assert "fail at once" in row("an account's `folderId`")
    assert "The preview says so" in row("an account's `folderId`")


def test_an_output_that_goes_is_said_first_and_whoever_reads_it_gets_nothing(stack: Stack) -> None:
    stack.write([mail(deliver="output", description="Letters", rotateEvery="20d")])
    stack.up()
    due, ready = stack.key("mail/smtp")["nextRotationAt"], stack.outputs(secrets=True)["secrets"]["mail/smtp"]
    assert ready
    stack.write([mail(deliver="both", description="Letters", rotateEvery="20d")])
    assert "moves away from the output" not in stack.run("preview")
    stack.write([mail(description="Post", rotateEvery="25d")])
    assert beside_the_key(stack.run("preview")).startswith("moves away from the output: who reads it gets nothing")
    assert stack.key("mail/smtp")["nextRotationAt"] == due

    stack.write([mail(deliver="both", description="Letters", rotateEvery="20d")])
    stack.up()
    before = stack.key("mail/smtp")
    stack.write([mail(description="Post", rotateEvery="25d")])
    previewed = stack.run("preview")
    shown = previewed.partition("Diagnostics:")[2].splitlines()
    (first,) = (number for number, line in enumerate(shown) if "moves away from the output: who reads it" in line)
    assert f"changes description of key {before['keyId']} in place" in shown[first + 1]
    assert shown[first + 2].strip().startswith("next rotation ")
    stack.up()
    after = stack.key("mail/smtp")
    was, now = (f"{each['nextRotationAt'][:10]} {each['nextRotationAt'][11:16]} UTC" for each in (before, after))
    assert shown[first + 2].strip() == f"next rotation {now}, not {was}"
    assert after["keyId"] == before["keyId"]
    assert "mail/smtp" not in stack.outputs(secrets=True).get("secrets", {})
