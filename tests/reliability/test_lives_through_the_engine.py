"""The operations that cut consumers off before, by the real `pulumi`: every call of the plugin is watched as in the other lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.lives import MOMENTS, Case, live_through_the_engine
from tests.reliability.replay import replayed, taken_twice
from tests.reliability.walks import Steps

ISSUED, OVERLAP, _ = MOMENTS
CASES = [
    Case("up --target-replace", "shared secret", ISSUED),
    Case("state taint", "output", ISSUED),
    Case("state delete, up", "output", ISSUED),
    Case("rename by alias after a failed rotation", "Lockbox", ISSUED),
    Case("stack rename after a failed rotation", "Lockbox", ISSUED),
    Case("two keys swap entries", "shared secret", ISSUED),
    Case("a restored state", "Lockbox", ISSUED),
    Case("a second backend from nothing", "Lockbox", ISSUED),
    Case("export and import into another backend", "output", ISSUED),
    Case("protect, the option", "Lockbox", ISSUED),
    Case("retainOnDelete, declared again", "Lockbox", OVERLAP),
]
A_SHORT_WALK = 14
_DELETE_REFUSED = {
    "who": 0,
    "method": "ApiKeyService/Delete",
    "when": "before",
    "code": "PERMISSION_DENIED",
    "often": -1,
}
STORIES: dict[str, Steps] = {
    "what isn't targeted, isn't there, is imported or is named twice": [
        ("begin", {"entry": "one"}),
        ("declare", {"who": 0, "name": "green", "entry": "two"}),
        ("run_on", {"who": 0, "key": 1, "how": "replace"}),
        ("colleague_makes_a_key", {"copied": False}),
        ("adopt", {"who": 0, "name": "blue", "how": "option"}),
        ("run_on", {"who": 0, "key": 0, "how": "target"}),
        ("swap_names", {"who": 0}),
        ("run", {"who": 0, "how": "plain"}),
    ],
    "a replaced key that is still to be deleted, a rename by alias and one in the state": [
        ("begin", {"entry": "one"}),
        ("mark", {"who": 0, "key": 0, "what": "taint"}),
        ("run_with_a_fault", _DELETE_REFUSED),
        ("rename", {"who": 0, "key": 0, "name": "green", "how": "alias"}),
        ("run_with_a_fault", _DELETE_REFUSED),
        ("rename", {"who": 0, "key": 0, "name": "red", "how": "state"}),
        ("forget", {"who": 0, "key": 0}),
        ("run", {"who": 0, "how": "plain"}),
    ],
    "a refresh, and what it finds": [
        ("begin", {"entry": "one"}),
        ("colleague_deletes_a_key", {"whose": 0}),
        ("run", {"who": 0, "how": "refresh"}),
    ],
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_operation_of_the_real_engine_cuts_nobody_off_and_takes_nothing_from_anybody(
    case: Case, tmp_path: Path
) -> None:
    assert live_through_the_engine(case, tmp_path) == []


@pytest.mark.parametrize("seed", [1_000_001, 1_000_004])
def test_a_walk_comes_to_the_same_through_the_real_engine_as_through_the_small_one(seed: int) -> None:
    found = replayed(seed, A_SHORT_WALK)
    assert found.differences == []
    # Hypothesis' first walk is one step, again and again: such a one would show nothing.
    assert len({name for name, _ in found.steps}) >= A_SHORT_WALK / 2


@pytest.mark.parametrize("story", list(STORIES))
def test_a_story_comes_to_the_same_through_both_engines(story: str) -> None:
    found = taken_twice(STORIES[story])
    assert found.differences == []
    assert found.compared == len(STORIES[story])
