"""Windows and freezes in what the command line says of what is coming."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cli.deployed import DeployedKey
from cli.forecast import Event, EventKind, forecast
from cli.life import what_is_next
from provider.yandex_keys.rotation_calendar import Calendar, freeze_of, window_of
from tests.provider.examples import DAY, DUE, HOUR, OWNER, URN, at, standing, wanted

NOW = at("2026-12-15 03:00")
TUESDAYS = Calendar((window_of(frozenset({"tue"}), "09:00", "17:00", "Europe/Moscow"),))
OPENS = at("2026-12-22 06:00")


def deployed(calendar: Calendar) -> DeployedKey:
    """A key of `calendar`, due on Monday 2026-12-21 at 10:00."""
    inputs = wanted(calendar=calendar)
    return DeployedKey("prod", URN, "translator", "default", inputs, standing(applied=inputs), OWNER)


def rotations(calendar: Calendar, run_every: timedelta, until: datetime = NOW + 60 * DAY) -> list[Event]:
    events = forecast([deployed(calendar)], NOW, until, {"prod": run_every})
    return [event for event in events if event.kind is EventKind.ROTATES]


@pytest.mark.parametrize("run_every", [HOUR, DAY, 25 * HOUR, 7 * DAY])
def test_a_rotation_is_planned_in_its_window_whenever_runs_come(run_every: timedelta) -> None:
    for event in rotations(TUESDAYS, run_every, NOW + 365 * DAY):
        assert TUESDAYS.next_allowed(event.at) == event.at


def test_a_window_that_no_run_would_meet_is_met_as_it_opens() -> None:
    first, second = rotations(TUESDAYS, DAY)
    assert (first.at, first.due_at) == (OPENS, DUE)
    assert second.at == at("2027-01-26 06:00")  # the grid went on from its anchor: due on 2027-01-20


def test_a_run_in_the_window_is_the_one_that_rotates() -> None:
    assert rotations(TUESDAYS, 5 * HOUR)[0].at == at("2026-12-22 10:00")


def test_a_frozen_rotation_is_planned_after_the_freeze() -> None:
    holidays = Calendar((), (freeze_of("2026-12-20", "2027-01-11", "The end of the year"),))
    (event, *_) = rotations(holidays, DAY)
    assert event.at == at("2027-01-11 00:00") + 3 * HOUR
    assert event.due_at == DUE


def test_what_would_expire_in_a_freeze_is_planned_for_when_it_is_due() -> None:
    (event, *_) = rotations(Calendar((), (freeze_of("2026-12-20", "2027-03-01", "A merger"),)), DAY)
    assert event.at == at("2026-12-22 03:00")


def test_explain_says_what_a_key_waits_for() -> None:
    coming = what_is_next(deployed(TUESDAYS), DUE + HOUR, DAY)
    assert coming.now == (
        "due since 2026-12-21 10:00 UTC, waits for the window of Tue 09:00 Europe/Moscow (2026-12-22 06:00 UTC)",
    )
    assert (coming.at, coming.due_at) == (OPENS, DUE)
    assert coming.why.endswith("; due 2026-12-21 10:00, and put off by its windows and freezes")
