"""A stack that an earlier version made goes on under this one: its first `up` replaces and rotates nothing, and calls nothing.

`recorded/` has such states as `pulumi stack export` gave them: made by that version in a local cloud, with a rotation and its overlap over.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

RECORDED: Final = Path(__file__).with_name("recorded")
STATES: Final = [path.name for path in sorted(RECORDED.glob("state_*.json"))]
# What all of them were made of, and when nothing was due in them.
ACCOUNTS: Final[list[dict[str, Any]]] = [
    {
        "name": "translator",
        "description": "Translates support tickets",
        "readers": ["self", "account:nightly"],
        "kmsKey": True,
        "roles": ["monitoring.viewer"],
        "keys": [
            {"name": "default", "uses": ["translate", "vision"]},
            {"name": "shown", "uses": ["translate"], "deliver": "output"},
        ],
    },
    {
        "name": "nightly",
        "keys": [{"name": "batch", "uses": ["text-generation"], "rotateEvery": "60d", "overlap": "7d"}],
    },
]
THEN: Final = datetime.fromisoformat("2027-01-06T07:00:00Z")


def imported(name: str, stack: Stack, cloud: LocalCloud) -> dict[str, Any]:
    """The recorded state, which the stack goes on with."""
    state: dict[str, Any] = json.loads((RECORDED / name).read_text())
    (folder,) = {it["inputs"]["folderId"] for it in state["deployment"]["resources"] if "providers" in it["type"]}
    cloud.move_to(THEN)
    stack.write(ACCOUNTS, folderId=folder)
    stack.run("stack", "import", "--file", str(RECORDED / name))
    cloud.forget_calls()
    return state


def by_urn(resources: list[dict[str, Any]], *names: str) -> dict[str, Any]:
    """What each resource holds under those names."""
    return {it["urn"]: {name: it.get(name) for name in names} for it in resources}


@pytest.mark.parametrize("name", STATES)
def test_the_first_up_after_the_upgrade_changes_nothing(name: str, stack: Stack, cloud: LocalCloud) -> None:
    before = imported(name, stack, cloud)["deployment"]["resources"]
    receipts = stack.outputs()["receipts"]
    assert "Outputs:" not in stack.run("preview", "--expect-no-changes"), "not even a receipt shows as changed"
    stack.up("--expect-no-changes")
    assert cloud.calls() == {}
    after = stack.resources()
    assert by_urn(after, "id", "created", "modified") == by_urn(before, "id", "created", "modified")
    assert stack.outputs()["receipts"] == receipts


def test_the_first_up_takes_the_frames_out_of_the_state(stack: Stack, cloud: LocalCloud) -> None:
    before = imported("state_with_frames.json", stack, cloud)["deployment"]["resources"]
    stack.up()
    framed = {it["type"] for it in stack.resources() if "stackTrace" in it or "sourcePosition" in it}
    assert framed <= {"pulumi:pulumi:Stack"}
    assert len(json.dumps(stack.resources())) < 0.6 * len(json.dumps(before))
