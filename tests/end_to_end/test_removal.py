"""What is taken out of the stack file dies in that run, unless the engine was told to guard it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

PAGE = Path(__file__).parents[2] / "docs" / "stack-file.md"
KEYS = [{"name": "smtp", "uses": ["postbox"]}, {"name": "bulk", "uses": ["postbox"]}]
MAIL = {"name": "mail", "readers": ["self"], "keys": KEYS}


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_guarded_key_is_removed_in_two_steps_as_the_page_says(stack: Stack, cloud: LocalCloud) -> None:
    guarded = {"name": "smtp", "uses": ["postbox"], "protect": True}
    stack.write([{**MAIL, "keys": [guarded, KEYS[1]]}])
    stack.up()
    (key,) = (key for key in cloud.live_keys() if key["id"] == stack.receipt("mail/smtp")["keyId"])
    stack.write([{**MAIL, "keys": KEYS[1:]}])
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
    stack.write([{**MAIL, "keys": [guarded, KEYS[1]]}])
    stack.up()
    assert cloud.calls() == {}
    stack.write([MAIL])
    cloud.forget_calls()
    stack.up()
    assert cloud.calls() == {}
    stack.write([{**MAIL, "keys": KEYS[1:]}])
    assert re.search(r"- *yandex-keys:index:ApiKey", stack.run("preview"))
    stack.up()
    assert key["id"] not in [each["id"] for each in cloud.live_keys()]
