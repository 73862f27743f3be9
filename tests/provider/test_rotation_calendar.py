"""Windows and freezes: which moments they leave, whatever the clocks of their zones do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import gcd
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys.rotation_calendar import (
    ALWAYS,
    DAYS,
    Calendar,
    Freeze,
    Window,
    as_written,
    freeze_of,
    longest_wait,
    parse_moment,
    window_of,
)
from provider.yandex_keys.time_zones import names, zone

from .examples import DAY, HOUR, SECOND, at

MINUTE = timedelta(minutes=1)
WORK = window_of(frozenset(DAYS[:5]), "09:00", "17:00", "Europe/Moscow")
"""Moscow has no clock changes: 06:00 to 14:00 UTC."""
MONDAY = window_of(frozenset({"mon"}), "09:00", "17:00", "Europe/Moscow")
NIGHT = window_of(None, "22:00", "04:00", "UTC")
BERLIN_SPRING = at("2027-03-28 01:00")
"""When Berlin's clocks go from 02:00 to 03:00."""
BERLIN_AUTUMN = at("2027-10-31 01:00")
"""When Berlin's clocks go from 03:00 back to 02:00."""


def daily(begins: str, ends: str, timezone: str = "Europe/Berlin") -> Calendar:
    return Calendar((window_of(None, begins, ends, timezone),))


def test_without_windows_and_freezes_every_moment_is_allowed() -> None:
    assert ALWAYS.next_allowed(at("2026-11-28 03:00")) == at("2026-11-28 03:00")


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        ("2026-11-30 05:59:59", "2026-11-30 06:00"),  # a Monday
        ("2026-11-30 06:00", "2026-11-30 06:00"),
        ("2026-11-30 13:59:59", "2026-11-30 13:59:59"),
        ("2026-11-30 14:00", "2026-12-01 06:00"),
        ("2026-12-04 14:00", "2026-12-07 06:00"),  # over the weekend
        ("2026-12-06 20:59:59", "2026-12-07 06:00"),
    ],
)
def test_a_moment_outside_of_the_window_becomes_its_next_opening(moment: str, allowed: str) -> None:
    assert Calendar((WORK,)).next_allowed(at(moment)) == at(allowed)


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        ("2026-11-28 21:59:59", "2026-11-28 22:00"),
        ("2026-11-28 23:59:59", "2026-11-28 23:59:59"),
        ("2026-11-29 00:00", "2026-11-29 00:00"),
        ("2026-11-29 03:59:59", "2026-11-29 03:59:59"),
        ("2026-11-29 04:00", "2026-11-29 22:00"),
    ],
)
def test_a_window_may_cross_midnight(moment: str, allowed: str) -> None:
    assert Calendar((NIGHT,)).next_allowed(at(moment)) == at(allowed)


def test_a_window_that_crosses_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    friday = Calendar((window_of(frozenset({"fri"}), "22:00", "04:00", "UTC"),))
    assert friday.next_allowed(at("2026-12-04 02:00")) == at("2026-12-04 22:00")
    assert friday.next_allowed(at("2026-12-05 03:59")) == at("2026-12-05 03:59")
    assert friday.next_allowed(at("2026-12-05 04:00")) == at("2026-12-11 22:00")


def test_a_whole_day_is_from_midnight_to_midnight() -> None:
    sunday = Calendar((window_of(frozenset({"sun"}), "00:00", "24:00", "Europe/Moscow"),))
    assert sunday.next_allowed(at("2026-12-05 20:59:59")) == at("2026-12-05 21:00")
    assert sunday.next_allowed(at("2026-12-06 20:59:59")) == at("2026-12-06 20:59:59")
    assert sunday.next_allowed(at("2026-12-06 21:00")) == at("2026-12-12 21:00")


def test_any_of_several_windows_will_do() -> None:
    both = Calendar((MONDAY, NIGHT))
    assert both.next_allowed(at("2026-11-29 12:00")) == at("2026-11-29 22:00")
    assert both.next_allowed(at("2026-11-30 05:00")) == at("2026-11-30 06:00")


def test_a_freeze_closes_every_window_up_to_its_end_which_is_free_again() -> None:
    frozen = Calendar((WORK,), (freeze_of("2026-12-01", "2026-12-02T12:00:00Z", "A fair"),))
    assert frozen.next_allowed(at("2026-11-30 13:00")) == at("2026-11-30 13:00")
    assert frozen.next_allowed(at("2026-11-30 14:00")) == at("2026-12-02 12:00")
    assert frozen.next_allowed(at("2026-12-01 07:00")) == at("2026-12-02 12:00")


def test_freezes_that_touch_overlap_or_cover_an_opening_are_waited_out_one_after_the_other() -> None:
    freezes = (
        freeze_of("2026-12-03", "2026-12-05", ""),
        freeze_of("2026-12-01", "2026-12-03", ""),
        freeze_of("2026-12-04", "2026-12-06", ""),
        freeze_of("2026-12-07T05:00:00Z", "2026-12-07T14:00:00Z", ""),
    )
    assert Calendar((WORK,), freezes).next_allowed(at("2026-12-01 00:00")) == at("2026-12-08 06:00")


def test_a_window_inside_of_the_hour_that_is_skipped_does_not_come_that_day() -> None:
    calendar = daily("02:15", "02:45")
    assert calendar.next_allowed(BERLIN_SPRING - HOUR) == at("2027-03-29 00:15")  # 02:15 in summer
    weekly = Calendar((window_of(frozenset({"sun"}), "02:15", "02:45", "Europe/Berlin"),))
    assert weekly.next_allowed(BERLIN_SPRING - HOUR) == at("2027-04-04 00:15")


def test_a_window_that_the_skipped_hour_takes_a_part_of_keeps_the_rest() -> None:
    assert daily("02:30", "03:30").next_allowed(BERLIN_SPRING - HOUR) == BERLIN_SPRING
    assert daily("02:30", "03:30").next_allowed(BERLIN_SPRING + 30 * MINUTE) == at("2027-03-29 00:30")
    assert daily("01:30", "02:30").next_allowed(BERLIN_SPRING) == at("2027-03-28 23:30")
    # A window that begins before the hour is open up to it.
    assert daily("01:30", "02:30").next_allowed(BERLIN_SPRING - SECOND) == BERLIN_SPRING - SECOND


def test_a_window_inside_of_the_hour_that_comes_twice_opens_twice() -> None:
    calendar = daily("02:15", "02:45")
    first, second = BERLIN_AUTUMN - 45 * MINUTE, BERLIN_AUTUMN + 15 * MINUTE
    assert calendar.next_allowed(first - HOUR) == first
    assert calendar.next_allowed(first + 30 * MINUTE) == second
    assert calendar.next_allowed(second + 30 * MINUTE) == at("2027-11-01 01:15")


@pytest.mark.parametrize("parts", [0, 1, 500_000, 999_999])
@pytest.mark.parametrize("wait", [timedelta(0), MINUTE, 5 * HOUR, 5 * DAY])
def test_a_window_that_opens_as_the_clocks_go_on_is_found_from_any_part_of_a_second(
    parts: int, wait: timedelta
) -> None:
    """The machine's clock has such parts, and nothing may look for the change for ever."""
    calendar = Calendar((window_of(frozenset({"sun"}), "03:00", "05:00", "Europe/Berlin"),))
    moment = BERLIN_SPRING - wait - SECOND + timedelta(microseconds=parts)
    assert calendar.next_allowed(moment) == BERLIN_SPRING


def test_a_window_that_ends_within_the_doubled_hour_opens_again_as_the_clocks_go_back() -> None:
    calendar = daily("01:00", "02:30")
    assert calendar.next_allowed(BERLIN_AUTUMN - 30 * MINUTE) == BERLIN_AUTUMN
    assert calendar.next_allowed(BERLIN_AUTUMN + 30 * MINUTE) == at("2027-11-01 00:00")


def test_what_no_calendar_is_made_for_is_allowed() -> None:
    for moment in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), at("1969-12-31 23:59:59")):
        assert Calendar((MONDAY,), (freeze_of("2026-01-01", "2027-01-01", ""),)).next_allowed(moment) == moment


def test_a_freeze_may_end_when_nothing_ever_does() -> None:
    forever = Freeze(at("2026-01-01"), datetime.max.replace(tzinfo=UTC))
    assert Calendar((MONDAY,), (forever,)).next_allowed(at("2026-06-01")) == forever.ends


zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "Europe/Moscow", "America/St_Johns", "Australia/Lord_Howe", "Africa/Cairo"]
)


def windows_in(unit: timedelta, longest: int) -> st.SearchStrategy[Window]:
    """Windows that begin at any unit of a day, and last up to `longest` of them."""
    return st.builds(
        lambda days, begins, lasts, name: Window(frozenset(days), begins * unit, (begins + lasts) * unit, name),
        st.sets(st.integers(0, 6), min_size=1),
        st.integers(0, DAY // unit - 1),
        st.integers(1, longest),
        zones,
    )


windows = windows_in(MINUTE, 24 * 60 - 1)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)) | st.builds(
    lambda change, minute: change + minute * MINUTE,
    st.sampled_from([BERLIN_SPRING, BERLIN_AUTUMN, at("2027-04-03 15:00"), at("2027-10-28 21:00")]),
    st.integers(-200, 200),
)
freezes = st.builds(
    lambda begins, lasts, why: Freeze(begins, begins + lasts, why),
    moments,
    st.timedeltas(MINUTE, 40 * DAY),
    st.sampled_from(["", "A fair"]),
)
calendars = st.builds(Calendar, st.lists(windows, max_size=3).map(tuple), st.lists(freezes, max_size=3).map(tuple))


def on_the_wall(calendar: Calendar, moment: datetime) -> bool:
    """Whether the clocks on the walls of the windows' zones, and the freezes, allow that moment: read minute by minute of their days."""
    if any(it.begins <= moment < it.ends for it in calendar.freezes):
        return False
    for window in calendar.windows:
        local = moment.astimezone(ZoneInfo(window.timezone))
        minute = local.hour * 60 + local.minute
        for day, since in ((local.weekday(), minute), ((local.weekday() - 1) % 7, minute + 24 * 60)):
            if day in window.days and window.begins <= since * MINUTE < window.ends:
                return True
    return not calendar.windows


@given(calendars, moments)
def test_what_is_allowed_is_allowed_by_the_clocks_on_the_walls(calendar: Calendar, moment: datetime) -> None:
    allowed = calendar.next_allowed(moment)
    assert allowed >= moment
    assert on_the_wall(calendar, allowed)
    assert (allowed == moment) == on_the_wall(calendar, moment)
    assert calendar.next_allowed(allowed) == allowed


@given(calendars, moments, st.floats(0, 1, exclude_max=True))
def test_nothing_earlier_would_have_been_allowed(calendar: Calendar, moment: datetime, share: float) -> None:
    allowed = calendar.next_allowed(moment)
    if allowed > moment:
        assert not on_the_wall(calendar, min(moment + (allowed - moment) * share, allowed - timedelta(microseconds=1)))
        assert not on_the_wall(calendar, allowed - timedelta(microseconds=1))


@given(calendars, moments)
def test_what_is_waited_for_can_be_said_of_every_moment_that_is_not_allowed(
    calendar: Calendar, moment: datetime
) -> None:
    allowed = calendar.next_allowed(moment)
    if allowed > moment:
        assert f"{allowed:%Y-%m-%d %H:%M UTC}" in calendar.waits_for(moment)


def test_what_is_waited_for_is_said_in_the_clock_of_the_window() -> None:
    sunday = at("2026-11-29 12:00")
    assert Calendar((MONDAY,)).waits_for(sunday) == "the window of Mon 09:00 Europe/Moscow (2026-11-30 06:00 UTC)"
    frozen = Calendar((MONDAY,), (freeze_of("2026-11-29", "2026-12-01", "A fair"),))
    assert frozen.waits_for(sunday) == "the window of Mon 09:00 Europe/Moscow (2026-12-07 06:00 UTC); frozen: A fair"
    bare = Calendar((), (freeze_of("2026-11-29", "2026-12-01", "A fair"),))
    assert bare.waits_for(sunday) == "the end of the freeze, 2026-12-01 00:00 UTC; frozen: A fair"


def test_the_reason_that_is_said_is_that_of_the_freeze_that_holds_longest() -> None:
    fair, audit = freeze_of("2026-11-29", "2026-12-01", "A fair"), freeze_of("2026-11-28", "2026-12-03", "An audit")
    over = freeze_of("2026-11-20", "2026-11-29T12:00:00Z", "A move")
    for freezes in ((fair, audit, over), (over, audit, fair)):
        said = Calendar((), freezes).waits_for(at("2026-11-29 12:00"))
        assert said == "the end of the freeze, 2026-12-03 00:00 UTC; frozen: An audit"
    assert "A fair" in Calendar((), (fair,)).waits_for(fair.begins)
    # Where one takes over from another, the reason is that of now.
    later = freeze_of("2026-12-01", "2026-12-05", "Stocktaking")
    assert Calendar((), (fair, later)).waits_for(at("2026-11-30")).endswith("2026-12-05 00:00 UTC; frozen: A fair")


def test_a_freeze_that_begins_only_after_the_window_closed_says_why_it_is_waited_for() -> None:
    fair = freeze_of("2026-12-01", "2026-12-07T10:00:00Z", "A fair")
    other = freeze_of("2026-12-20", "2026-12-21", "Stocktaking")
    said = Calendar((MONDAY,), (other, fair)).waits_for(at("2026-11-30 20:00"))
    assert said == "the end of the freeze, 2026-12-07 10:00 UTC; frozen: A fair"


def test_the_window_that_is_named_is_the_one_that_opens() -> None:
    sunday = window_of(frozenset({"sun"}), "09:00", "17:00", "UTC")
    said = Calendar((sunday, MONDAY)).waits_for(at("2026-11-29 20:00"))
    assert said == "the window of Mon 09:00 Europe/Moscow (2026-11-30 06:00 UTC)"


def test_a_freeze_is_a_reason_from_its_first_moment_up_to_its_end() -> None:
    fair = Calendar((MONDAY,), (freeze_of("2026-11-29", "2026-12-01", "A fair"),))
    for moment in ("2026-11-29", "2026-11-30 23:59:59"):
        assert fair.waits_for(at(moment)).endswith("(2026-12-07 06:00 UTC); frozen: A fair")
    for moment in ("2026-12-01", "2026-12-02"):
        assert fair.waits_for(at(moment)).endswith("(2026-12-07 06:00 UTC)")


def test_a_window_of_sunday_goes_on_into_monday() -> None:
    sunday = Calendar((window_of(frozenset({"sun"}), "22:00", "04:00", "UTC"),))
    assert sunday.next_allowed(at("2026-11-30 03:59:59")) == at("2026-11-30 03:59:59")
    assert sunday.next_allowed(at("2026-11-30 04:00")) == at("2026-12-06 22:00")


def test_no_reason_is_made_up_for_a_freeze_without_one() -> None:
    bare = Calendar((), (freeze_of("2026-11-29", "2026-12-01", ""),))
    assert bare.waits_for(at("2026-11-30")) == "the end of the freeze, 2026-12-01 00:00 UTC"


def test_a_freeze_that_never_ends_is_told_by_its_end() -> None:
    forever = Freeze(at("2026-01-01"), datetime.max.replace(tzinfo=UTC), "For good")
    assert Calendar((MONDAY,), (forever,)).waits_for(at("2026-06-01")).startswith("the end of the freeze, 9999-12-31")


def test_a_freeze_ends_after_it_begins() -> None:
    with pytest.raises(ValueError, match="is not after from 2026-12-01"):
        freeze_of("2026-12-01", "2026-12-01", "")
    assert freeze_of("2026-12-01", "2026-12-01T00:00:01Z", "").ends == at("2026-12-01 00:00:01")


@pytest.mark.parametrize(
    ("windows", "run_every", "wait"),
    [
        ((), DAY, DAY),
        ((window_of(None, "00:00", "24:00", "UTC"),), HOUR, HOUR),
        ((WORK,), HOUR, 64 * HOUR + HOUR),  # from Friday 17:00 until Monday 09:00
        ((WORK,), DAY, 3 * DAY),  # daily runs at a time within the window: from Friday to Monday
        ((WORK,), 7 * DAY, 7 * DAY),
        ((MONDAY,), DAY, 7 * DAY),
        ((MONDAY,), 2 * DAY, 14 * DAY),
        ((MONDAY,), 30 * DAY, 210 * DAY),
        ((NIGHT,), 6 * HOUR, 24 * HOUR),
        ((NIGHT, window_of(None, "04:00", "22:00", "UTC")), DAY, DAY),
        ((window_of(frozenset({"sun"}), "22:00", "04:00", "UTC"), window_of(frozenset({"mon"}), "04:00", "10:00", "UTC")), 12 * HOUR, 7 * DAY),
    ],
)  # fmt: skip
def test_the_longest_wait_for_a_run_in_a_window(
    windows: tuple[Window, ...], run_every: timedelta, wait: timedelta
) -> None:
    assert longest_wait(windows, run_every) == wait


@given(st.lists(windows, min_size=1, max_size=20).map(tuple), st.timedeltas(SECOND, 400 * DAY))
def test_the_longest_wait_is_told_of_any_windows_and_runs(windows: tuple[Window, ...], run_every: timedelta) -> None:
    assert longest_wait(windows, run_every) >= timedelta(seconds=int(run_every.total_seconds()))


QUARTER = 15 * MINUTE
QUARTERS = 7 * 24 * 4
"""Of a week."""


def closed_between(opened: list[bool], least: int) -> list[int]:
    """How many quarters of an endless week are closed from each stretch of at least `least` open ones to the next; empty where there is none."""
    begins = [at for at in range(QUARTERS) if opened[at] and not opened[at - 1]]
    lasts = [next(n for n in range(QUARTERS) if not opened[(at + n) % QUARTERS]) for at in begins]
    long = [(at, n) for at, n in zip(begins, lasts, strict=True) if n >= least]
    return [
        (long[(number + 1) % len(long)][0] - at - n) % QUARTERS if len(long) > 1 else QUARTERS - n
        for number, (at, n) in enumerate(long)
    ]


def longest_between_met(opened: list[bool], first: int, step: int) -> int | None:
    """The most quarters between two runs that meet an open one, where runs come every `step`, one at `first`; None where none ever does."""
    runs = QUARTERS // gcd(QUARTERS, step)
    met = [run for run in range(runs) if opened[(first + run * step) % QUARTERS]]
    following = [*met[1:], met[0] + runs] if met else []
    return max(((later - run) * step for run, later in zip(met, following, strict=True)), default=None)


@given(
    st.lists(windows_in(QUARTER, 24 * 4), min_size=1, max_size=4).map(tuple),
    st.sampled_from([1, 4, 24, 4 * 24, 7 * 4 * 24]) | st.integers(1, 30 * 4 * 24),
)
def test_the_longest_wait_is_that_of_the_runs_that_suit_the_windows_best(
    windows: tuple[Window, ...], step: int
) -> None:
    opened = [on_the_wall(Calendar(windows), at("2027-01-04") + number * QUARTER) for number in range(QUARTERS)]
    if all(opened):
        expected = step
    elif closed := closed_between(opened, step):
        # No run misses such a stretch, whenever they come: what is due as one closes waits for the next and up to an interval in it.
        expected = max(closed) + step
    else:
        of_each = (longest_between_met(opened, first, step) for first in range(gcd(QUARTERS, step)))
        expected = min(waits for waits in of_each if waits is not None)
    assert longest_wait(windows, step * QUARTER) == expected * QUARTER


def test_every_zone_comes_from_the_pinned_database_and_can_be_read() -> None:
    assert {"UTC", "Europe/Moscow", "Asia/Yekaterinburg", "Europe/Berlin"} <= names()
    for name in names():
        assert at("2026-12-01").astimezone(zone(name)) == at("2026-12-01")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("europe/moscow", "Europe/Moscow"), ("Mars/Base", "M"), ("", "Europe/Moscow"), ("../UTC", "UTC")],
)
def test_a_zone_that_there_is_not_is_told_with_one_that_there_is(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"is no time zone of the tz database: write one such as .*{meant}"):
        zone(name)


@pytest.mark.parametrize("name", ["/etc/passwd", "../../../etc/passwd", "Europe", "zones", "tzdata.zi"])
def test_no_file_but_a_zones_is_read(name: str) -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        zone(name)


def test_a_day_of_a_freeze_is_its_beginning_in_utc() -> None:
    assert parse_moment("2026-12-20") == at("2026-12-20")
    assert parse_moment("2026-12-20T18:00:00+03:00") == at("2026-12-20 15:00")


def test_what_the_engine_makes_of_a_date_without_quotes_is_that_date() -> None:
    assert parse_moment("2026-12-20 00:00:00 +0000 UTC") == at("2026-12-20")
    assert parse_moment("2026-12-20 18:00:00 +0300 +0300") == at("2026-12-20 15:00")
    assert parse_moment("2026-12-20 18:00:00 +0300 MSK") == at("2026-12-20 15:00")


@pytest.mark.parametrize(
    ("printed", "written"),
    [
        ("2026-12-20 00:00:00 +0000 UTC", "2026-12-20"),
        ("2026-12-20 10:30:00 +0000 UTC", "2026-12-20T10:30:00Z"),
        ("2026-12-20 00:00:00 +0300 MSK", "2026-12-20T00:00:00+03:00"),
        ("2026-12-20 18:00:00 -0330 -0330", "2026-12-20T18:00:00-03:30"),
        ("2026-12-20", "2026-12-20"),
        ("2026-12-20T00:00:00Z", "2026-12-20T00:00:00Z"),
    ],
)
def test_what_the_engine_prints_of_a_date_without_quotes_is_shown_as_a_person_writes_it(
    printed: str, written: str
) -> None:
    assert as_written(printed) == written
    assert parse_moment(written) == parse_moment(printed)


def test_a_freeze_that_ends_before_it_begins_is_told_in_days_as_they_were_written() -> None:
    with pytest.raises(ValueError, match=r"^until 2026-12-10 is not after from 2026-12-20: write"):
        freeze_of("2026-12-20 00:00:00 +0000 UTC", "2026-12-10 00:00:00 +0000 UTC", "")
