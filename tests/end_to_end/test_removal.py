"""What is taken out of the stack file dies in that run, unless the engine was told to guard it."""

from __future__ import annotations

import re
from pathlib import Path

from components.debug_lines import ASKED_BY
from tests.reliability.leak_search import found_in
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

PAGE = Path(__file__).parents[2] / "docs" / "stack-file.md"
KEYS = [{"name": "smtp", "uses": ["postbox"]}, {"name": "bulk", "uses": ["postbox"]}]
MAIL = {"name": "mail", "readers": ["self"], "keys": KEYS}


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_guarded_key_is_removed_in_two_steps_as_the_page_says(stack: Stack, cloud: LocalCloud) -> None:
    guarded = {"protect": True}
    stack.write([MAIL], guarded)
    stack.up()
    (key,) = (key for key in cloud.live_keys() if key["id"] == stack.receipt("mail/smtp")["keyId"])
    stack.write([{**MAIL, "keys": KEYS[1:]}], guarded)
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        failed, printed = stack.attempt(*command)
        assert failed
        said = re.search(
            r'resource "urn:\S+ApiKey::mail/smtp" cannot be deleted because it is protected', flat(printed)
        )
        assert said, printed
        assert said[0].replace(":test::", ":prod::") in flat(PAGE.read_text(encoding="utf-8"))
    assert key in cloud.live_keys()
    # Its readers keep it as well: a refused removal is nothing that a consumer hears of.
    cloud.forget_calls()
    stack.write([MAIL], guarded)
    stack.up()
    assert cloud.calls() == {}
    stack.write([{**MAIL, "keys": [{**KEYS[0], "protect": False}, KEYS[1]]}], guarded)
    cloud.forget_calls()
    stack.up()
    assert cloud.calls() == {}
    stack.write([{**MAIL, "keys": KEYS[1:]}], guarded)
    seen = stack.run("preview")
    assert re.search(r"- *yandex-keys:index:ApiKey", seen)
    assert f"mail/smtp is no longer in the stack file: `pulumi up` deletes its key {key['id']}, and whoever" in flat(
        seen
    )
    receipt = stack.receipt("mail/smtp")
    gone = flat(stack.up())
    assert key["id"] not in [each["id"] for each in cloud.live_keys()]
    # Nobody saw a preview, and the engine's own line names no key.
    entry = f"Lockbox secret {receipt['lockboxSecretId']}, entry {receipt['secretEntry']},"
    assert f"deleted key {key['id']}; whoever has it from {entry} fails from now on" in gone
    stack.write([{**MAIL, "protect": False, "keys": KEYS[1:]}], guarded)
    stack.up()
    # The program doesn't run.
    other = stack.receipt("mail/bulk")["keyId"]
    assert re.search(rf"mail/bulk\b.*deleted key {other}; whoever has it from Lockbox secret", flat(stack.destroy()))


def test_what_a_preview_reads_of_the_stack_shows_no_secret(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([{**MAIL, "keys": [{**each, "deliver": "output"} for each in KEYS]}])
    stack.up()
    stack.write([{**MAIL, "keys": [{**KEYS[1], "deliver": "output"}]}])
    said = stack.run("preview", "--debug", "--diff", more={ASKED_BY: "true"})
    assert "whoever took it from the stack's outputs fails at once" in flat(said)
    secrets = [key["secret"] for key in cloud.live_keys()]
    assert len(secrets) >= 2
    assert found_in(said.encode(), secrets) == []
