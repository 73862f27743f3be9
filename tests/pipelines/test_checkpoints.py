"""Which runs write their state once: told from what a preview says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pipelines.checkpoints import may_be_left_out
from pipelines.events import Events
from tests.pipelines.engine_words import SECRET, refreshed, said, step

LOCKBOX = {"lockbox": {"secretId": "e6q1", "secretEntry": "api_key"}}
DUE = "rotates: due since 2026-12-24 03:00 UTC, key ajeold is 31 days old; it keeps working until 2026-12-31 03:17 UTC"
RETIRES = "retires key ajeolder: its overlap ended 2026-12-24 03:00 UTC"


def updated(*words: str, name: str = "a", operation: str = "update", **state: Any) -> list[str]:
    """A key of which the provider says `words`."""
    held = LOCKBOX | state
    return [
        *(said("info", line, name) for line in words),
        step("resourcePreEvent", operation, name, before=held, inputs=held),
    ]


def recognised(*parts: Sequence[str]) -> bool:
    events = Events()
    for part in parts:
        for line in part:
            events.feed(line)
    return may_be_left_out(events)


def test_rotations_that_are_due_and_what_they_retire_are_recognised() -> None:
    assert recognised(updated(DUE), updated(DUE, RETIRES, name="b"), updated(RETIRES, name="c"))
    assert recognised(updated(DUE.replace("31 days", "1 day and 3 hours")))


@pytest.mark.parametrize(
    "part",
    [
        updated(
            "rotates: reissue is now 'again', key ajeold is 31 days old; it keeps working until 2026-12-31 03:17 UTC"
        ),
        updated("rotates: key ajeold is gone, and not by us"),
        updated("key ajeold is compromised: a new key replaces it, and it is deleted at once"),
        updated(DUE, "the new key has other scopes: gains yc.ai.vision.execute"),
        updated(DUE, exposeSecret=True),
        updated(DUE, lockbox=None),
        updated("changes description of key ajeold in place: …; its secret stays"),
        updated(),
        updated(DUE, operation="create"),
        updated(DUE, operation="replace"),
        updated(operation="delete"),
        [step("resourcePreEvent", "create", "s", SECRET)],
        [step("resourcePreEvent", "update", "s", SECRET, before={})],
        refreshed("d", {"keyId": "aje1"}, None),
        [
            said(
                "warning",
                "Attempting to deploy or update resources with 1 pending operations from previous deployment.",
            )
        ],
    ],
    ids=lambda part: str(part)[-70:-20],
)
def test_anything_besides_is_written_step_by_step(part: list[str]) -> None:
    assert not recognised(updated(DUE, name="other"), part)


def test_a_run_that_does_nothing_is_left_as_it_is() -> None:
    assert not recognised([step("resOutputsEvent", "same", "a")])
    assert not recognised(updated(RETIRES))
