"""A calendar that is looked up says what the calendar itself says, at every moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.deployed import DeployedKey
from cli.forecast import forecast
from cli.looked_up_calendar import LookedUpCalendar, looked_up
from provider.yandex_keys.rotation_calendar import Calendar, freeze_of, window_of
from tests.provider.examples import DAY, OWNER, URN, at, standing, wanted

# Lord Howe's clocks change by half an hour, Apia left out a day, Troll's change by two hours; Moscow's have stood still since 2014.
ZONES = ("UTC", "Europe/Moscow", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Antarctica/Troll")
HOURS = st.sampled_from(("00:00", "01:30", "02:00", "02:30", "09:00", "17:00", "23:45"))
DAYS = st.frozensets(st.sampled_from(("mon", "tue", "wed", "thu", "fri", "sat", "sun")), min_size=1)
WINDOW = st.tuples(DAYS, HOURS, HOURS, st.sampled_from(ZONES)).filter(lambda it: it[1] != it[2])
MOMENT = st.datetimes(datetime(2026, 1, 1), datetime(2031, 1, 1)).map(lambda it: it.replace(tzinfo=UTC))
FREEZE = st.tuples(MOMENT, st.timedeltas(timedelta(hours=1), timedelta(days=400)))


@given(
    st.lists(WINDOW, min_size=1, max_size=4), st.lists(FREEZE, max_size=3), st.lists(MOMENT, min_size=1, max_size=20)
)
def test_it_says_what_the_calendar_itself_says(
    windows: list[tuple[frozenset[str], str, str, str]],
    freezes: list[tuple[datetime, timedelta]],
    moments: list[datetime],
) -> None:
    calendar = Calendar(
        tuple(window_of(*it) for it in windows),
        tuple(freeze_of(begins.isoformat(), (begins + length).isoformat(), "") for begins, length in freezes),
    )
    remembered = LookedUpCalendar(calendar.windows, calendar.freezes)
    edges = [edge + by for it in calendar.freezes for edge in (it.begins, it.ends) for by in (timedelta(0), -DAY)]
    for moment in [*moments, *edges]:
        assert remembered.next_allowed(moment) == calendar.next_allowed(moment), moment


@pytest.mark.parametrize("moment", ["1969-12-31 23:00", "1970-01-01 00:00", "2104-12-31 23:00", "2110-01-01 00:00"])
def test_at_the_ends_of_time_too(moment: str) -> None:
    calendar = Calendar((window_of(frozenset({"tue"}), "09:00", "17:00", "Europe/Moscow"),))
    assert LookedUpCalendar(calendar.windows).next_allowed(at(moment)) == calendar.next_allowed(at(moment))


def test_windows_that_open_nowhere_hold_nothing_up_for_longer() -> None:
    """02:00 to 02:30 of a Sunday is skipped where the clocks go on, once a year: the calendar looks on for weeks."""
    calendar = Calendar((window_of(frozenset({"sun"}), "02:00", "02:30", "Europe/Berlin"),))
    before = at("2027-03-22 00:00")
    assert LookedUpCalendar(calendar.windows).next_allowed(before) == calendar.next_allowed(before)


def test_many_keys_of_one_calendar_are_forecast_as_each_alone() -> None:
    shared = Calendar(
        (window_of(frozenset({"tue", "thu"}), "09:00", "12:00", "Europe/Berlin"),),
        (freeze_of("2027-02-01", "2027-03-01", "The merger"),),
    )
    inputs = wanted(calendar=shared)
    one = DeployedKey("prod", URN, "translator", "default", inputs, standing(applied=inputs), OWNER)
    keys = [replace(one, urn=f"{URN}-{number}", name=f"key-{number}") for number in range(12)]
    assert all(isinstance(it.inputs.calendar, LookedUpCalendar) for it in looked_up(keys))
    assert looked_up(keys[:3]) == keys[:3]
    now, runs = at("2026-12-15 03:00"), {"prod": DAY}
    together = forecast(keys, now, now + 365 * DAY, runs)
    assert together
    alone = [event for key in keys for event in forecast([key], now, now + 365 * DAY, runs)]
    assert sorted(map(repr, together)) == sorted(map(repr, alone))
    # Who draws the events finds the keys again that were asked for.
    assert {id(event.key) for event in together} == set(map(id, keys))
