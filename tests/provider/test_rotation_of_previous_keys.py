"""What a user sees for previous keys: their overlap is kept, enforced, extended where they are still used, and ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from provider.yandex_keys.api_key.key import Inputs, PreviousKey
from provider.yandex_keys.api_key.rotation import Action, Decision, Verb, decide

from .examples import (
    CURRENT,
    DAY,
    HOUR,
    ISSUED,
    OWNER,
    PREVIOUS,
    ROTATED,
    SECOND,
    URN,
    at,
    in_overlap,
    listed_key,
    listing,
    standing,
    wanted,
)

ENDS = ROTATED + 7 * DAY
QUARTER = ROTATED + 1.75 * DAY
"""2026-11-24 21:00:05: a consumer that reads again in its own time has done so by now."""
LATER = ROTATED + 5 * DAY
"""2026-11-28 03:00:05"""
UNASKED = object()


def decided(
    now: datetime, *previous: PreviousKey, used: object = UNASKED, inputs: Inputs | None = None, key_id: str = PREVIOUS
) -> Decision:
    """The answer where the cloud lists a last use of `used` for `key_id`; UNASKED: nothing was listed yet."""
    listed = None if used is UNASKED else listing(listed_key(key_id, last_used_at=used))
    return decide(inputs or wanted(), standing(previous=previous), now, URN, listed, OWNER)


def test_a_previous_key_is_left_alone_during_its_overlap() -> None:
    assert decided(QUARTER - SECOND, in_overlap()) == Decision()
    assert decided(LATER, in_overlap(), used=None) == Decision()


@pytest.mark.parametrize("now", [ENDS, ENDS + SECOND, ENDS + 100 * DAY - 99 * DAY])
def test_a_previous_key_is_retired_once_its_overlap_is_over(now: datetime) -> None:
    assert decided(now, in_overlap()).actions == (
        Action(Verb.RETIRE, "retires key ajeprevious: its overlap ended 2026-11-30 03:00 UTC", PREVIOUS),
    )


def test_a_previous_key_is_not_retired_a_second_before_its_overlap_is_over() -> None:
    assert decided(ENDS - SECOND, in_overlap(), used=None) == Decision()


def test_a_compromised_previous_key_is_deleted_at_once() -> None:
    inputs = wanted(compromised=frozenset({PREVIOUS}))
    expected = Action(Verb.REVOKE, "key ajeprevious is compromised: it is deleted at once", PREVIOUS)
    assert decided(ROTATED, in_overlap(), inputs=inputs) == Decision((expected,))
    assert decided(ENDS, in_overlap(), inputs=inputs) == Decision((expected,))
    others_too = wanted(compromised=frozenset({PREVIOUS, "ajeother"}))
    assert decided(ROTATED, in_overlap(), inputs=others_too) == Decision((expected,), wants_listing=True)


def test_two_rotations_within_one_overlap_leave_two_previous_keys_both_honoured() -> None:
    older, newer = in_overlap(key_id="ajeolder"), in_overlap(key_id="ajenewer", expires_at=ENDS + 3 * DAY)
    assert decided(QUARTER - SECOND, older, newer) == Decision()
    assert [action.key_id for action in decided(ENDS, older, newer).actions] == ["ajeolder"]


def test_an_expiry_that_the_cloud_was_not_told_of_is_told() -> None:
    assert decided(ROTATED + HOUR, in_overlap(enforced=False)) == Decision(
        (
            Action(
                Verb.ENFORCE,
                "key ajeprevious keeps working until 2026-11-30 03:00 UTC, and the cloud must be told",
                PREVIOUS,
                ENDS,
            ),
        )
    )


def test_a_key_whose_overlap_ended_before_the_cloud_was_told_is_retired() -> None:
    assert [action.verb for action in decided(ENDS, in_overlap(enforced=False)).actions] == [Verb.RETIRE]


def test_the_last_use_is_asked_for_from_a_quarter_of_the_overlap_on_until_its_end() -> None:
    assert not decided(ROTATED, in_overlap()).wants_listing
    assert not decided(QUARTER - SECOND, in_overlap()).wants_listing
    assert decided(QUARTER, in_overlap()) == Decision(wants_listing=True)
    assert decided(QUARTER + 3 * DAY, in_overlap()) == Decision(wants_listing=True)
    assert decided(ENDS - SECOND, in_overlap()) == Decision(wants_listing=True)
    assert not decided(ENDS, in_overlap()).wants_listing


def test_any_overlap_that_holds_two_runs_is_watched_by_one_of_them_at_least() -> None:
    """Three quarters of two runs are longer than one."""
    for overlap in (timedelta(minutes=30), DAY, 3 * DAY, 14 * DAY):
        inputs, key = wanted(overlap=overlap), in_overlap(expires_at=ROTATED + overlap)
        for late in range(100):
            runs = [ROTATED + overlap / 2 * (number + late / 100) for number in range(3)]
            watched = [now for now in runs if decided(now, key, inputs=inputs).wants_listing]
            assert watched, (overlap, late)


def test_the_last_use_is_not_asked_for_a_key_that_ends_for_another_reason() -> None:
    assert not decided(LATER, in_overlap(enforced=False)).wants_listing
    leaked = wanted(compromised=frozenset({PREVIOUS}))
    assert not decided(LATER, in_overlap(), inputs=leaked).wants_listing


@pytest.mark.parametrize("used", [None, ROTATED - DAY, ROTATED, ROTATED + SECOND, QUARTER - SECOND, QUARTER])
@pytest.mark.parametrize("choice", ["extend", "retire"])
def test_a_consumer_that_reads_the_new_key_within_a_quarter_of_the_overlap_never_causes_a_word(
    used: datetime | None, choice: str
) -> None:
    inputs = wanted(when_still_used=choice)
    assert decided(QUARTER, in_overlap(), used=used, inputs=inputs) == Decision()
    assert decided(ENDS - SECOND, in_overlap(), used=used, inputs=inputs) == Decision()


def test_a_key_that_no_listing_has_is_not_extended() -> None:
    assert decided(LATER, in_overlap(), used=LATER, key_id="ajeother") == Decision()


def test_a_previous_key_that_is_still_used_is_extended_by_one_overlap_with_a_warning() -> None:
    decision = decided(LATER, in_overlap(), used=at("2026-11-27 11:30"))
    used = "key ajeprevious is still used (last on 2026-11-27 11:30 UTC)"
    assert decision.actions == (
        Action(Verb.EXTEND, f"{used}: it is extended until 2026-12-07 03:00 UTC", PREVIOUS, ENDS + 7 * DAY),
    )
    assert decision.warnings == (
        f"{used}; it now works until 2026-12-07 03:00 UTC and ends for good on 2027-01-21 03:00 UTC: "
        "move its consumer to the current key",
    )
    assert not decision.wants_listing


def test_the_choice_to_extend_is_read_by_its_letters() -> None:
    chosen = wanted(when_still_used="".join(["ext", "end"]))
    assert decided(LATER, in_overlap(), used=LATER, inputs=chosen).action(Verb.EXTEND) is not None


def test_one_use_a_second_after_that_quarter_counts() -> None:
    assert decided(LATER, in_overlap(), used=QUARTER).action(Verb.EXTEND) is None
    assert decided(LATER, in_overlap(), used=QUARTER + SECOND).action(Verb.EXTEND) is not None


@pytest.mark.parametrize("now", [QUARTER + 2 * SECOND, LATER, ENDS - SECOND])
def test_an_extension_counts_from_the_present_end_however_early_it_is_found_out(now: datetime) -> None:
    action = decided(now, in_overlap(), used=QUARTER + SECOND).action(Verb.EXTEND)
    assert action is not None
    assert action.until == ENDS + 7 * DAY


def test_which_quarter_counts_follows_from_the_overlap_that_is_wanted_now() -> None:
    longer = wanted(overlap=14 * DAY)
    assert not decided(ROTATED + 3.5 * DAY - SECOND, in_overlap(), inputs=longer).wants_listing
    assert decided(ROTATED + 3.5 * DAY, in_overlap(), inputs=longer).wants_listing


def test_the_overlap_of_an_extension_is_the_one_now_wanted() -> None:
    action = decided(LATER, in_overlap(), used=LATER, inputs=wanted(overlap=DAY)).action(Verb.EXTEND)
    assert action is not None
    assert action.until == ENDS + DAY


def test_an_extension_ends_with_the_lifetime_of_the_key() -> None:
    own = in_overlap(lifetime_ends_at=ENDS + DAY)
    decision = decided(LATER, own, used=LATER)
    assert [action.until for action in decision.actions] == [ENDS + DAY]
    assert "works until 2026-12-01 03:00 UTC and ends for good on 2026-12-01 03:00 UTC" in decision.warnings[0]


def test_an_extension_ends_with_the_lifetime_that_is_now_wanted() -> None:
    shortened = wanted(lifetime=40 * DAY)
    decision = decided(LATER, in_overlap(), used=LATER, inputs=shortened)
    assert [action.until for action in decision.actions if action.verb == Verb.EXTEND] == [at("2026-12-02 03:00:05")]
    assert "ends for good on 2026-12-02 03:00 UTC" in decision.warnings[0]


def test_a_key_without_an_expiry_that_was_imported_is_not_extended_for_ever() -> None:
    forever = in_overlap(issued_at=at("2020-01-01 00:00"), lifetime_ends_at=at("2105-01-01 00:00"))
    decision = decided(LATER, forever, used=LATER)
    assert decision.actions == ()
    assert "will be cut" in decision.warnings[0]


@pytest.mark.parametrize("left", [timedelta(0), -DAY])
def test_a_used_key_at_the_end_of_its_lifetime_is_cut_with_a_warning(left: timedelta) -> None:
    decision = decided(LATER, in_overlap(lifetime_ends_at=ENDS + left), used=LATER)
    assert decision.actions == ()
    assert decision.warnings == (
        "key ajeprevious is still used (last on 2026-11-28 03:00 UTC); it ends on 2026-11-30 03:00 UTC "
        "and its consumer will be cut: move it to the current key",
    )


def test_with_retire_a_used_key_is_cut_with_a_warning() -> None:
    decision = decided(LATER, in_overlap(), used=LATER, inputs=wanted(when_still_used="retire"))
    assert decision.actions == ()
    assert "it ends on 2026-11-30 03:00 UTC and its consumer will be cut" in decision.warnings[0]


def test_an_extended_key_is_looked_at_again_from_a_quarter_of_the_overlap_after_its_extension() -> None:
    extended = in_overlap(extended_at=LATER, expires_at=ENDS + 7 * DAY)
    again = LATER + 1.75 * DAY
    assert decided(again - SECOND, extended) == Decision()
    assert decided(again, extended).wants_listing
    assert decided(again, extended, used=again) == Decision()
    more = decided(again + HOUR, extended, used=again + SECOND).action(Verb.EXTEND)
    assert more is not None
    assert more.until == ENDS + 14 * DAY


def test_each_previous_key_is_judged_by_itself() -> None:
    other = in_overlap(key_id="ajeother")
    decision = decided(LATER, in_overlap(), other, used=LATER)
    assert [action.key_id for action in decision.actions] == [PREVIOUS]
    assert len(decision.warnings) == 1
    used = listing(listed_key(PREVIOUS, last_used_at=LATER), listed_key("ajeother", last_used_at=LATER))
    both = decide(wanted(), standing(previous=(in_overlap(), other)), LATER, URN, used, OWNER)
    assert [action.key_id for action in both.actions] == [PREVIOUS, "ajeother"]
    assert len(both.warnings) == 2
    fresh = in_overlap(key_id="ajefresh", rotated_at=LATER - HOUR)
    assert [action.key_id for action in decided(LATER, in_overlap(), fresh, used=LATER).actions] == [PREVIOUS]


def test_a_previous_key_that_is_retired_does_not_hide_the_next_one() -> None:
    ended, untold = in_overlap(expires_at=ROTATED + DAY), in_overlap(key_id="ajeuntold", enforced=False)
    verbs = [(action.verb, action.key_id) for action in decided(ROTATED + DAY, ended, untold).actions]
    assert verbs == [(Verb.RETIRE, PREVIOUS), (Verb.ENFORCE, "ajeuntold")]


def test_a_previous_key_does_not_keep_the_current_one_from_rotating() -> None:
    now = ROTATED + HOUR
    action = decided(now, in_overlap(), inputs=wanted(reissue="1")).action(Verb.ROTATE)
    assert action is not None
    assert action.key_id == CURRENT


def test_the_state_has_seen_the_last_issue_rotation_or_extension() -> None:
    assert standing().seen_until == ISSUED
    rotated = in_overlap(expires_at=ISSUED + 9 * DAY, rotated_at=ISSUED + DAY)
    assert standing(previous=(rotated,)).seen_until == ISSUED + DAY
    assert standing(previous=(replace(rotated, extended_at=ISSUED + 2 * DAY),)).seen_until == ISSUED + 2 * DAY
