"""What a calendar puts off, and what it doesn't: the stories; `test_rotation_invariants.py` has what holds always."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest

from provider.yandex_keys.api_key.inputs import FIELDS, checked
from provider.yandex_keys.api_key.key import Lockbox, State, Status
from provider.yandex_keys.api_key.rotation import Verb, decide, next_rotation, planned_rotation
from provider.yandex_keys.api_key.schedule import first_point, stagger
from provider.yandex_keys.api_key.state import finished_state, properties_of, rotated_state, state_of
from provider.yandex_keys.fields import changes
from provider.yandex_keys.rotation_calendar import Calendar, freeze_of, window_of
from provider.yandex_keys.times import format_time, to_minute

from .examples import CURRENT, DAY, DUE, HOUR, ISSUED, URN, at, standing, wanted
from .model import bag_of

MONDAYS = Calendar((window_of(frozenset({"mon"}), "09:00", "17:00", "Europe/Moscow"),))
"""DUE is such a Monday at 13:00 there."""
TUESDAYS = Calendar((window_of(frozenset({"tue"}), "09:00", "17:00", "Europe/Moscow"),))
TUESDAY = at("2026-12-22 06:00")
HOLIDAYS = Calendar((), (freeze_of("2026-12-20", "2027-01-11", "The end of the year"),))
LONG = Calendar((), (freeze_of("2026-12-20", "2027-03-01", "A merger"),))


def rotated(state: State, now: datetime, **wishes: Any) -> State:
    """The state after a rotation at `now`."""
    inputs = wanted(**wishes)
    issued: Any = {"id": "ajenew", "created_at": format_time(now), "expires_at": format_time(now + inputs.lifetime)}
    new = rotated_state(inputs, state, issued, "i", URN, now, inputs.overlap, {}, None)
    return finished_state(inputs, new, URN)


def test_a_key_that_is_due_outside_of_its_window_waits_and_says_for_which() -> None:
    decision = decide(wanted(calendar=TUESDAYS), standing(applied=wanted(calendar=TUESDAYS)), DUE, URN)
    assert not decision.actions
    assert not decision.warnings
    assert decision.waits == (
        "due since 2026-12-21 10:00 UTC, waits for the window of Tue 09:00 Europe/Moscow (2026-12-22 06:00 UTC)"
    )


def test_within_its_window_it_rotates() -> None:
    for calendar, now in ((MONDAYS, DUE), (TUESDAYS, TUESDAY)):
        decision = decide(wanted(calendar=calendar), standing(), now, URN)
        assert [action.verb for action in decision.actions] == [Verb.ROTATE]
        assert decision.actions[0].reason.startswith("rotates: due since 2026-12-21 10:00 UTC")
        assert not decision.warnings
        assert not decision.waits


def test_a_run_that_comes_after_the_window_has_closed_waits_for_the_next_one() -> None:
    evening = at("2026-12-22 14:00")
    decision = decide(wanted(calendar=TUESDAYS), standing(), evening, URN)
    assert not decision.actions
    assert "waits for the window of Tue 09:00 Europe/Moscow (2026-12-29 06:00 UTC)" in decision.waits


def test_before_it_is_due_nothing_is_said() -> None:
    assert not decide(wanted(calendar=TUESDAYS), standing(), DUE - timedelta(seconds=1), URN).waits


def test_in_a_freeze_a_key_that_is_due_waits_for_its_end() -> None:
    decision = decide(wanted(calendar=HOLIDAYS), standing(), DUE, URN)
    assert not decision.actions
    assert decision.waits == (
        "due since 2026-12-21 10:00 UTC, waits for the end of the freeze, 2027-01-11 00:00 UTC; frozen: The end of the year"
    )
    assert decide(wanted(calendar=HOLIDAYS), standing(), at("2027-01-11"), URN).action(Verb.ROTATE)


def test_a_key_that_would_expire_in_the_freeze_rotates_when_it_is_due_with_a_warning() -> None:
    """It ends on 2027-02-21, and its overlap would begin a week earlier."""
    decision = decide(wanted(calendar=LONG), standing(), DUE, URN)
    assert [action.verb for action in decision.actions] == [Verb.ROTATE]
    assert decision.warnings == (
        f"key {CURRENT} is rotated now, although the calendar would have it wait for the end of the freeze, 2027-03-01 "
        "00:00 UTC; frozen: A merger: it ends 2027-02-21 03:00 UTC, so a rotation then might leave it less than its "
        "overlap of 7d; make lifetime longer, or the wait shorter",
    )


@pytest.mark.parametrize("lifetime", [33 * DAY, 20 * DAY])
def test_a_key_whose_lifetime_was_made_shorter_is_told_to_end_by_that(lifetime: timedelta) -> None:
    """The cloud has not been told yet, and ends it two months later."""
    wishes = {"lifetime": lifetime, "rotate_every": 10 * DAY}
    decision = decide(wanted(calendar=LONG, **wishes), standing(), DUE, URN)
    assert [action.verb for action in decision.actions] == [Verb.ROTATE]
    (warning,) = decision.warnings
    assert f"it ends {to_minute(ISSUED + lifetime)}, so a rotation then might leave it less" in warning


@pytest.mark.parametrize("until", ["2027-02-10T15:00:05Z", "2027-02-10T15:00:06Z"])
def test_a_key_that_waits_keeps_its_overlap_and_half_of_one_before_that(until: str) -> None:
    """The next run may come half an overlap later: the longest interval for which an overlap is watched."""
    calendar = Calendar((), (freeze_of("2026-12-20", until, ""),))
    decision = decide(wanted(calendar=calendar), standing(), DUE, URN)
    assert bool(decision.waits) == (calendar.freezes[0].ends <= ISSUED + 90 * DAY - 7 * DAY * 1.5)
    assert bool(decision.waits) != bool(decision.actions)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"reissue": "2026-12"}, "reissue is now '2026-12'"),
        ({"lockbox": Lockbox("e6qother")}, "delivered elsewhere"),
        ({"expose_secret": True}, "an output from now on"),
    ],
)
def test_what_the_user_asks_for_waits_for_nothing_and_a_warning_says_so(change: dict[str, Any], why: str) -> None:
    for now in (ISSUED + DAY, DUE):
        calendar = Calendar(TUESDAYS.windows, (freeze_of("2026-11-24", "2027-01-11", "No changes"),))
        decision = decide(wanted(calendar=calendar, **change), standing(), now, URN)
        (action,) = decision.actions
        assert why in action.reason
        (warning,) = decision.warnings
        assert warning.startswith(f"key {CURRENT} is rotated at once, although the calendar would have it wait for ")
        assert "frozen: No changes" in warning


def test_a_compromised_key_waits_for_nothing() -> None:
    decision = decide(wanted(calendar=HOLIDAYS, compromised=frozenset({CURRENT})), standing(), DUE, URN)
    assert [action.verb for action in decision.actions] == [Verb.ROTATE]
    assert decision.actions[0].overlap == timedelta(0)
    assert "is rotated at once" in decision.warnings[0]


@pytest.mark.parametrize("status", [Status.MISSING, Status.ADOPTED, Status.UNDELIVERED])
def test_what_consumers_suffer_from_waits_for_nothing(status: Status) -> None:
    assert decide(wanted(calendar=HOLIDAYS), standing(status=status), DUE, URN).action(Verb.ROTATE)


def test_an_expired_key_waits_for_nothing() -> None:
    assert decide(wanted(calendar=HOLIDAYS), standing(expires_at=DUE), DUE, URN).action(Verb.ROTATE)


def test_a_key_that_waits_is_changed_in_place_all_the_same() -> None:
    decision = decide(wanted(calendar=HOLIDAYS, description="Other words"), standing(), DUE, URN)
    assert [action.verb for action in decision.actions] == [Verb.CHANGE]
    assert decision.waits


def test_the_planned_rotation_is_the_one_that_happens() -> None:
    for calendar, planned in ((MONDAYS, DUE), (TUESDAYS, TUESDAY), (HOLIDAYS, at("2027-01-11")), (LONG, DUE)):
        inputs = wanted(calendar=calendar)
        assert planned_rotation(inputs, standing(), URN) == planned
        assert next_rotation(inputs, standing(), URN) == DUE
        assert decide(inputs, standing(), planned, URN).action(Verb.ROTATE)
        if planned > DUE:
            assert not decide(inputs, standing(), planned - timedelta(seconds=1), URN).actions


def test_the_grid_goes_on_from_its_anchor_after_a_window_has_moved_a_rotation() -> None:
    state = rotated(standing(), TUESDAY, calendar=TUESDAYS)
    assert state.next_rotation_at == DUE + 30 * DAY
    assert planned_rotation(wanted(calendar=TUESDAYS), state, URN) == at("2027-01-26 06:00")
    state = rotated(state, at("2027-01-26 06:00"), calendar=TUESDAYS)
    assert state.next_rotation_at == DUE + 60 * DAY


def test_a_key_that_waited_long_leaves_out_the_point_that_follows_shortly() -> None:
    freeze = Calendar((), (freeze_of("2026-12-20", "2027-01-15", ""),))
    state = rotated(standing(), at("2027-01-15"), calendar=freeze)
    assert state.next_rotation_at == DUE + 60 * DAY
    assert DUE + 30 * DAY - at("2027-01-15") < 30 * DAY / 4


def test_the_state_holds_the_moment_of_the_rotation_and_that_of_the_grid() -> None:
    inputs = wanted(calendar=TUESDAYS)
    properties = properties_of(bag_of(inputs), standing(applied=inputs), None)
    assert (properties["nextRotationAt"], properties["dueAt"]) == (format_time(TUESDAY), format_time(DUE))
    assert state_of(properties) == standing(applied=inputs)


def test_a_state_of_before_there_was_a_calendar_is_read_as_it_was_meant() -> None:
    properties = properties_of(bag_of(wanted()), standing(), None)
    before = {
        name: value for name, value in properties.items() if name not in ("dueAt", "spread", "windows", "freezes")
    }
    assert state_of(before) == standing()


def test_another_spread_moves_the_grid_by_the_difference() -> None:
    wide, none = wanted(spread=50), wanted(spread=0)
    earlier = stagger(URN, 30 * DAY, 50) - stagger(URN, 30 * DAY)
    assert abs(next_rotation(wide, standing(), URN) - (DUE - earlier)) <= timedelta(seconds=1)
    later = stagger(URN, 30 * DAY) - stagger(URN, 30 * DAY, 0)
    assert abs(next_rotation(none, standing(), URN) - (DUE + later)) <= timedelta(seconds=1)
    assert stagger(URN, 30 * DAY, 0) == 30 * DAY / 100
    assert next_rotation(wanted(spread=50), standing(applied=wide), URN) == DUE


def test_another_spread_together_with_another_period_begins_one_new_grid() -> None:
    wishes = wanted(spread=50, rotate_every=20 * DAY)
    assert next_rotation(wishes, standing(), URN) == first_point(ISSUED, 20 * DAY, URN, 50)


@pytest.mark.parametrize("number", range(100))
def test_a_stack_of_before_there_was_a_spread_is_due_as_it_was(number: int) -> None:
    """The stagger of the version before, in steps of a ten thousandth, is that of a state without `spread`, to the second."""
    urn = f"{URN}-{number}"
    step = int.from_bytes(hashlib.sha256(urn.encode()).digest()[:4], "big") % 900
    assert stagger(urn, 30 * DAY) == 30 * DAY * ((step + 100) / 10_000)
    properties = properties_of(bag_of(wanted()), standing(next_rotation_at=DUE + number * HOUR), None)
    before = {
        name: value for name, value in properties.items() if name not in ("dueAt", "spread", "windows", "freezes")
    }
    assert next_rotation(wanted(), state_of(before), urn) == DUE + number * HOUR


def test_a_stack_of_before_there_was_a_calendar_shows_no_change() -> None:
    """What the program says now has defaults that its state lacks: they are what held before."""
    inputs = checked(bag_of(wanted()))
    before = {name: value for name, value in inputs.items() if name not in ("spread", "windows", "freezes")}
    assert inputs["spread"] == 10
    assert not changes(FIELDS, before, inputs)
    assert changes(FIELDS, before, {**inputs, "spread": 0}).keys() == {"spread"}
    assert changes(FIELDS, {**before, "spread": 0}, inputs).keys() == {"spread"}
