"""Walks that nobody planned, and the stories that such walks have found: each stays, as short as it could be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from provider.yandex_keys import folder_listings
from provider.yandex_keys.cloud import Cloud
from tests.reliability.walk import Walk
from tests.reliability.walks import shrunk, take, walked

WALKS_A_SEED = 10
SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_walk_that_nobody_planned_cuts_nobody_off(seed: int) -> None:
    found = walked(seed, WALKS_A_SEED)
    assert found.broken == [], "\n".join(found.story)
    assert found.walks >= WALKS_A_SEED
    assert found.steps > 10 * found.walks


@pytest.mark.parametrize("seed", [len(SEEDS), len(SEEDS) + 1])
def test_a_walk_whose_refreshes_look_at_folders_from_the_first_read_on_cuts_nobody_off(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    glance = Cloud.glance

    def noted(cloud: Cloud, name: str, request: Mapping[str, Any], resource: str = "") -> dict[str, Any]:
        asked.append(name)
        return glance(cloud, name, request, resource)

    monkeypatch.setattr(Cloud, "glance", noted)
    monkeypatch.setattr(folder_listings, "FIRST_BY_ID", 0)
    found = walked(seed, WALKS_A_SEED)
    assert found.broken == [], "\n".join(found.story)
    assert {"SecretService/List"} <= set(asked)


def _lagging_version(walk: Walk) -> None:
    walk.begin(entry="one")
    walk.listings_lag(calls=1)
    walk.run_on(who=0, key=0, how="replace")


def _refused_after_the_fact(walk: Walk) -> None:
    walk.begin(entry="one")
    walk.change(who=0, key=0, what="reissue")
    walk.run_with_a_fault(who=0, method="SecretService/AddVersion", when="after", code="PERMISSION_DENIED", often=-1)


def _copied_description_and_delete(walk: Walk) -> None:
    walk.begin(entry="one")
    walk.colleague_makes_a_key(copied=True)
    walk.remove(who=0, key=0)


def _copied_description_of_a_key_that_is_gone(walk: Walk) -> None:
    walk.begin(entry="one")
    walk.colleague_makes_a_key(copied=True)
    walk.colleague_deletes_a_key(whose=1)


def _import_killed(walk: Walk) -> None:
    walk.begin(entry="one")
    walk.colleague_makes_a_key(copied=False)
    walk.adopt(who=0, name="green", how="command")
    walk.run_killed(who=0, at=1, when="after")


def _killed_replacement_under_another_delivery(walk: Walk) -> None:
    walk.begin(entry="one")
    walk.replacement_killed(who=0, key=0, at=3, when="before")
    walk.another_stack(same_name=False, entry="two")
    walk.wait(hours=24 * 8)


def _a_shorter_lifetime_by_a_clock_behind(walk: Walk) -> None:
    walk.begin(entry="one")
    walk.change(who=0, key=0, what="terms", number=3)
    walk.wait(hours=24 * 31)
    walk.clock(seconds=-40 * 86_400)
    walk.run(who=0, how="plain")


def _an_overwritten_entry(walk: Walk) -> None:
    walk.begin(entry="one")
    walk.colleague_writes(secret="secret", entry="one")
    walk.run(who=0, how="refresh")
    walk.change(who=0, key=0, what="reissue")
    walk.run(who=0, how="plain")


def _leaked_and_moved_at_once(walk: Walk) -> None:
    walk.begin(entry="two")
    walk.deliver(who=0, key=0, entry="three")
    walk.compromise(who=0, key=0, whose=0)
    walk.run(who=0, how="plain")


def _put_back_before_another_delivery(walk: Walk) -> None:
    walk.begin(entry="one")
    walk.declare(who=0, name="green", entry="two")
    walk.run(who=0, how="plain")
    walk.wait(hours=24 * 31)
    walk.run(who=0, how="plain")
    walk.wait(hours=1)
    walk.colleague_puts_back(secret="secret", back=1)


def _the_account_of_a_killed_run_after_a_rename(walk: Walk) -> None:
    walk.begin(entry="two")
    walk.destroy(who=0)
    walk.run_killed(who=0, at=0, when="after")
    walk.rename_stack(who=0)


def _restored_after_a_rotation(walk: Walk) -> None:
    walk.begin(entry="one")
    walk.keep_a_copy(who=0)
    walk.wait(hours=24 * 31)
    walk.run(who=0, how="plain")
    walk.restore(who=0, which=0)
    walk.run(who=0, how="plain")


def _a_fork_that_replaces(walk: Walk) -> None:
    walk.begin(entry=None)
    walk.fork(who=0)
    walk.mark(who=1, key=0, what="taint")
    walk.run(who=1, how="plain")
    walk.wait(hours=24 * 31)
    walk.give_up(who=1)
    walk.run(who=0, how="refresh")


def _names_swapped_before_the_second_key_is_made(walk: Walk) -> None:
    walk.begin(entry="one")
    walk.declare(who=0, name="green", entry="two")
    walk.swap_names(who=0)
    walk.run(who=0, how="plain")


STORIES: Final[Mapping[str, Callable[[Walk], None]]] = {
    "a replacement while listings lack the newest version": _lagging_version,
    "a delivery that is refused after it took effect": _refused_after_the_fact,
    "a key is removed whose description a colleague's key carries": _copied_description_and_delete,
    "a colleague's key carries the description of one that is gone": _copied_description_of_a_key_that_is_gone,
    "the rotation after an import is killed": _import_killed,
    "a killed replacement's key under another key's delivery": _killed_replacement_under_another_delivery,
    "a shorter lifetime while the clock is behind": _a_shorter_lifetime_by_a_clock_behind,
    "an entry that a colleague has overwritten": _an_overwritten_entry,
    "a leaked key that is delivered elsewhere at once": _leaked_and_moved_at_once,
    "an older version put back": _put_back_before_another_delivery,
    "the account of a killed run after a rename": _the_account_of_a_killed_run_after_a_rename,
    "a state restored from before a rotation": _restored_after_a_rotation,
    "a copy of the state that replaces the key": _a_fork_that_replaces,
    "names swapped before the second key is made": _names_swapped_before_the_second_key_is_made,
}


@pytest.mark.parametrize("story", list(STORIES))
def test_a_story_that_was_found_comes_to_rest(story: str) -> None:
    walk = Walk()
    try:
        STORIES[story](walk)
        walk.rest()
        assert walk.world.broken == []
    finally:
        walk.world.broken.clear()
        walk.teams.clear()
        walk.teardown()


TAKEN: Final[dict[str, list[tuple[str, dict[str, Any]]]]] = {
    "a leaked key whose mark has followed a rename is replaced by --target-replace": [
        ("begin", {"entry": None}),
        ("change", {"key": 2, "number": 1, "what": "description", "who": 4}),
        ("rename_stack", {"who": 1}),
        ("run", {"how": "plain", "who": 4}),
        ("compromise", {"key": 1, "who": 3, "whose": 7}),
        ("run_on", {"how": "target_replace", "key": 0, "who": 3}),
    ],
    "a rename by alias of what has just swapped its name": [
        ("begin", {"entry": "one"}),
        ("declare", {"entry": "three", "name": "green", "who": 0}),
        ("swap_names", {"who": 4}),
        ("rename", {"how": "alias", "key": 0, "name": "blue", "who": 0}),
    ],
    "a copied description of a key that two other copies of the state don't know": [
        ("begin", {"entry": "three"}),
        ("fork", {"who": 0}),
        ("compromise", {"key": 2, "who": 1, "whose": 9}),
        ("run", {"how": "preview", "who": 3}),
        ("fork", {"who": 1}),
        ("colleague_makes_a_key", {"copied": True}),
        ("run_on", {"how": "replace", "key": 1, "who": 4}),
    ],
    "a colleague's version that no listing shows when the key is replaced": [
        ("begin", {"entry": "two"}),
        ("declare", {"entry": "one", "name": "blue", "who": 1}),
        ("listings_lag", {"calls": 3}),
        ("colleague_writes", {"entry": "two", "secret": "secret"}),
        ("deliver", {"entry": None, "key": 0, "secret": "secret", "who": 5}),
        ("run_on", {"how": "replace", "key": 2, "who": 5}),
    ],
}


@pytest.mark.parametrize("story", list(TAKEN))
def test_a_walk_that_was_found_comes_to_rest(story: str) -> None:
    assert take(TAKEN[story]) == []


def test_what_breaks_is_shrunk_to_its_story(monkeypatch: pytest.MonkeyPatch) -> None:
    def overwritten(self: Walk, **_: object) -> None:
        self.world.broken += ["broken"] if len(self.taken) > 2 and self.world.served == {} else []
        self.judge()

    monkeypatch.setattr(Walk, "clock", overwritten)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("begin", {"entry": "one"}),
        ("wait", {"hours": 1}),
        ("run", {"who": 0, "how": "plain"}),
        ("refresh", {"who": 0}),
        ("destroy", {"who": 0}),
        ("wait", {"hours": 1}),
        ("clock", {"seconds": 1}),
    ]
    broken = take(steps)
    assert broken == ["broken"]
    shorter, still = shrunk(steps, broken)
    assert still == ["broken"]
    assert [name for name, _ in shorter] in (
        ["begin", "wait", "destroy", "clock"],
        ["begin", "destroy", "wait", "clock"],
    )
