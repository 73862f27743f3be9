"""The grid of rotations: it never drifts, keys that were issued together part, and when runs come is of no matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys.api_key.schedule import first_point, next_point, point_after, respread, stagger, time_after

from .examples import DAY, HOUR, ISSUED, SECOND, URN, at

TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)).map(lambda time: time.replace(tzinfo=UTC))
PERIODS = st.timedeltas(SECOND, 18_250 * DAY).map(lambda length: timedelta(seconds=length // SECOND))
URNS = st.text(max_size=60)
LAST = at("9999-12-31 23:59:59")


def test_later_is_later_and_ends_with_time_itself() -> None:
    assert time_after(ISSUED, HOUR) == ISSUED + HOUR
    assert time_after(ISSUED, timedelta.max) == LAST
    assert time_after(LAST, SECOND) == LAST
    assert time_after(LAST - SECOND, SECOND) == LAST


@given(URNS, PERIODS)
def test_the_stagger_is_from_a_hundredth_up_to_a_tenth_of_the_period(urn: str, period: timedelta) -> None:
    assert period / 100 <= stagger(urn, period) < period / 10


def test_the_stagger_of_a_urn_is_always_the_same() -> None:
    assert stagger(URN, 30 * DAY) == timedelta(days=2, seconds=2_419.2)
    assert stagger(URN, 60 * DAY) == 2 * stagger(URN, 30 * DAY)


def test_a_thousand_keys_spread_over_the_whole_room_of_the_stagger() -> None:
    period = 30 * DAY
    shares = sorted(stagger(f"{URN}-{number}", period) / period for number in range(1000))
    assert shares[0] < 0.012
    assert shares[-1] > 0.098
    assert len(set(shares)) > 500
    assert max(after - before for before, after in pairwise(shares)) < 0.001


@given(TIMES, PERIODS, URNS, st.integers(0, 50), st.integers(0, 50))
def test_a_point_moves_by_what_its_stagger_does_and_stays_where_the_spread_does(
    point: datetime, period: timedelta, urn: str, had: int, spread: int
) -> None:
    moved = respread(point, period, urn, had, spread)
    if spread == had:
        assert moved == point
    else:
        by = stagger(urn, period, had) - stagger(urn, period, spread)
        assert timedelta(0) <= point + by - moved < SECOND


def test_even_a_period_without_end_has_a_stagger_and_a_point() -> None:
    assert stagger(URN, timedelta.max) < timedelta.max / 10
    assert first_point(ISSUED, timedelta.max, URN) == LAST
    assert first_point(LAST, DAY, URN) == LAST
    assert point_after(LAST, DAY, LAST) == LAST


@given(TIMES, PERIODS, URNS)
def test_the_first_point_is_a_period_after_the_issue_less_the_stagger(
    issued_at: datetime, period: timedelta, urn: str
) -> None:
    floored = (
        issued_at.replace(minute=0, second=0, microsecond=0) if period >= DAY else issued_at.replace(microsecond=0)
    )
    point = first_point(issued_at, period, urn)
    assert point.microsecond == 0
    assert timedelta(0) <= floored + period - stagger(urn, period) - point < SECOND


def test_periods_of_a_day_and_more_count_from_the_full_hour() -> None:
    early, late = at("2026-11-23 03:00"), at("2026-11-23 03:59:59")
    assert first_point(early, DAY, URN) == first_point(late, DAY, URN)
    assert first_point(early, DAY, URN) != first_point(early - SECOND, DAY, URN)


@pytest.mark.parametrize("period", [SECOND, 15 * 60 * SECOND, DAY - SECOND])
def test_shorter_periods_count_from_the_second_of_the_issue(period: timedelta) -> None:
    assert first_point(ISSUED + SECOND, period, URN) - first_point(ISSUED, period, URN) == SECOND


def test_the_point_after_is_the_next_one_on_the_grid() -> None:
    point = at("2026-12-21 10:00")
    assert point_after(point, DAY, point - SECOND) == point
    assert point_after(point, DAY, point) == point + DAY
    assert point_after(point, DAY, point + DAY - SECOND) == point + DAY
    assert point_after(point, DAY, point + DAY) == point + 2 * DAY
    assert point_after(point, DAY, point + 100.5 * DAY) == point + 101 * DAY


@given(TIMES, PERIODS, st.timedeltas(timedelta(0), 36_500 * DAY))
def test_the_grid_does_not_drift(point: datetime, period: timedelta, waited: timedelta) -> None:
    now = point + waited
    following = point_after(point, period, now)
    assert (following - point) % period == timedelta(0)
    assert now < following <= now + period
    assert point_after(following, period, now) == following


def test_a_point_that_follows_a_late_key_within_a_quarter_of_the_period_is_left_out() -> None:
    point = at("2026-12-21 10:00")
    assert next_point(point, 20 * DAY, point - 5 * DAY) == point
    assert next_point(point, 20 * DAY, point - 5 * DAY + SECOND) == point + 20 * DAY
    assert next_point(point, 20 * DAY, point - SECOND) == point + 20 * DAY
    assert next_point(point, 20 * DAY, point) == point + 20 * DAY
    assert next_point(point, 20 * DAY, point + 16 * DAY) == point + 40 * DAY
    assert next_point(point, 20 * DAY, point + 15 * DAY) == point + 20 * DAY


@given(TIMES, PERIODS, st.timedeltas(timedelta(0), 36_500 * DAY))
def test_the_next_point_is_on_the_grid_a_quarter_to_five_quarters_of_the_period_after_the_issue(
    point: datetime, period: timedelta, waited: timedelta
) -> None:
    issued_at = point + waited
    following = next_point(point, period, issued_at)
    assert (following - point) % period == timedelta(0)
    assert period / 4 <= following - issued_at < period * 1.25 + SECOND


def test_a_point_at_the_end_of_time_is_the_last_one() -> None:
    assert next_point(LAST, DAY, LAST) == LAST


@given(st.integers(-100 * 86_400, 100 * 86_400).map(lambda seconds: seconds * SECOND))
def test_a_key_issued_by_a_cron_job_is_due_at_its_next_run_a_day_later_even_if_that_is_a_little_early(
    shift: timedelta,
) -> None:
    issued_at = ISSUED + shift
    assert first_point(issued_at, DAY, URN) < issued_at + DAY - timedelta(minutes=14)
