"""How often a key rotates: exactly once a period, however the runs of `pulumi up` fall."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys.api_key.key import Inputs
from provider.yandex_keys.api_key.rotation import Verb, latest_rotation

from .examples import DAY, HOUR, ISSUED, SECOND, URN, wanted
from .histories import Up, policies, ups
from .model import Model

FOUR_HUNDRED_DAYS = 400 * DAY


def rotations(inputs: Inputs, times: Iterable[datetime], urn: str = URN) -> list[datetime]:
    """When keys rotate where runs come at `times`, after a first issue at ISSUED."""
    model = Model(urn)
    model.run(inputs, ISSUED)
    runs = [model.run(inputs, time) for time in times]
    return [run.now for run in runs if run.decision.action(Verb.ROTATE)]


def every(gap: timedelta, during: timedelta = FOUR_HUNDRED_DAYS) -> list[datetime]:
    return [ISSUED + gap * number for number in range(1, during // gap + 1)]


@pytest.mark.parametrize("gap", [7 * HOUR, DAY, 25 * HOUR, 7 * DAY, 10 * DAY], ids=str)
def test_a_key_rotates_once_a_period_whenever_runs_come(gap: timedelta) -> None:
    when = rotations(wanted(), every(gap))
    assert len(when) == (every(gap)[-1] - ISSUED + 3 * DAY) // (30 * DAY)
    for number, time in enumerate(when, 1):
        assert number * 30 * DAY - 3 * DAY - HOUR <= time - ISSUED < number * 30 * DAY + gap


@pytest.mark.parametrize("gap", [7 * DAY, 15 * DAY, 23 * DAY, 27 * DAY, 29 * DAY], ids=str)
def test_a_key_is_never_older_than_a_period_and_a_quarter_when_it_is_due(gap: timedelta) -> None:
    """A run that comes late leaves out a point that follows within a quarter of the period, and no more than that."""
    model = Model()
    model.run(wanted(lifetime=365 * DAY), ISSUED)
    for now in every(gap):
        if model.run(wanted(lifetime=365 * DAY), now).rotated:
            assert 7.5 * DAY <= model.state.next_rotation_at - now <= 37.5 * DAY
        assert model.state.next_rotation_at - model.state.issued_at <= 37.5 * DAY


def test_a_run_that_comes_late_isnt_followed_by_a_rotation_a_few_days_later() -> None:
    """Runs every 27 days: the second comes 26 days after the point, four days before the next one."""
    when = rotations(wanted(), every(27 * DAY, during=120 * DAY))
    assert when == [ISSUED + 54 * DAY, ISSUED + 108 * DAY]


@pytest.mark.parametrize("gap", [31 * DAY, 91 * DAY, 100 * DAY], ids=str)
def test_runs_further_apart_than_the_period_rotate_once_each(gap: timedelta) -> None:
    inputs = wanted(lifetime=365 * DAY)
    assert rotations(inputs, every(gap)) == every(gap)


@pytest.mark.parametrize("period", [DAY, 10 * DAY], ids=str)
@given(jitter=st.lists(st.integers(-300, 300), min_size=40, max_size=40))
def test_a_cron_job_minutes_early_or_late_neither_skips_nor_doubles_a_rotation(
    period: timedelta, jitter: list[int]
) -> None:
    times = [ISSUED + DAY * number + SECOND * late for number, late in enumerate(jitter, 1)]
    when = rotations(wanted(rotate_every=period, overlap=DAY), times)
    assert len(when) == 40 * DAY // period
    for number, time in enumerate(when, 1):
        assert -0.1 * period - HOUR <= time - (ISSUED + number * period) <= 300 * SECOND


def test_an_hourly_key_rotates_at_every_hourly_run() -> None:
    inputs = wanted(lifetime=DAY, rotate_every=HOUR, overlap=HOUR)
    assert rotations(inputs, every(HOUR, during=20 * DAY)) == every(HOUR, during=20 * DAY)


def test_missed_runs_are_caught_up_with_one_rotation_on_the_old_grid() -> None:
    daily = every(DAY)
    missed = [time for time in daily if not 20 * DAY < time - ISSUED < 120 * DAY]
    when = rotations(wanted(), missed)
    assert when[0] == ISSUED + 120 * DAY
    assert when[1:] == [time for time in rotations(wanted(), daily) if time > ISSUED + 120 * DAY]


def test_doubled_runs_change_nothing_more() -> None:
    daily = every(DAY)
    doubled = [time for time in daily for time in (time, time, time + SECOND)]
    assert rotations(wanted(), doubled) == rotations(wanted(), daily)


def test_keys_issued_together_rotate_on_different_days() -> None:
    first = {rotations(wanted(), every(DAY, 40 * DAY), f"{URN}-{number}")[0] for number in range(40)}
    assert len(first) >= 3


@given(policies(), st.lists(ups(failures=False), min_size=1, max_size=30))
def test_each_rotation_is_that_of_one_point_of_the_grid_and_no_point_is_forgotten(
    first: tuple[tuple[str, timedelta], ...], came: list[Up]
) -> None:
    """But for one that follows a late key within a quarter of the period; and where the lifetime has no room for that, the key is due in time."""
    inputs, model = wanted(**dict(first)), Model()
    every_time, quarter = inputs.rotate_every, inputs.rotate_every / 4
    point = model.run(inputs, ISSUED).after.next_rotation_at
    now = ISSUED
    for up in came:
        now += max(up.gap(inputs), timedelta(0))
        rotated = model.run(inputs, now).decision.action(Verb.ROTATE) is not None
        assert rotated == (point <= now)
        following = model.state.next_rotation_at
        if following != latest_rotation(now, inputs):
            assert (following - point) % every_time == timedelta(0)
            assert following == point or quarter <= following - now <= every_time + quarter
        else:
            assert now < following
        point = following


@pytest.mark.parametrize("early", [SECOND, HOUR, DAY, 7 * DAY], ids=str)
def test_a_reissue_shortly_before_a_grid_point_rotates_once(early: timedelta) -> None:
    model = Model()
    due = model.run(wanted(), ISSUED).after.next_rotation_at
    assert model.run(wanted(reissue="1"), due - early).rotated
    assert not model.run(wanted(reissue="1"), due).rotated
    assert not model.run(wanted(reissue="1"), due + DAY).rotated
    assert model.state.next_rotation_at == due + 30 * DAY


def test_two_machines_whose_clocks_differ_by_seconds_rotate_once_between_them() -> None:
    """One is 20 seconds ahead and comes first: by its clock the point has passed, by the cloud's it hasn't."""
    model = Model()
    due = model.run(wanted(), ISSUED).after.next_rotation_at
    for seconds, ahead in ((-15, 20), (-14, 20), (-10, 0), (0, 0), (1, 20), (20, 0), (86_400, 20)):
        model.ahead = ahead * SECOND
        model.run(wanted(), due + seconds * SECOND)
    assert [run.now for run in model.runs if run.rotated] == [due - 15 * SECOND]


@pytest.mark.parametrize("ahead", [20 * SECOND, HOUR, DAY, 40 * DAY, 82 * DAY], ids=str)
@pytest.mark.parametrize("sign", [1, -1])
def test_by_a_wrong_clock_a_key_rotates_once_a_period_and_late_by_no_more_than_it_is_behind(
    ahead: timedelta, sign: int
) -> None:
    inputs = wanted(lifetime=365 * DAY)
    model = Model(ahead=sign * ahead)
    model.run(inputs, ISSUED)
    for now in every(DAY):
        model.run(inputs, now)
    when = [ISSUED, *(run.now for run in model.runs if run.rotated)]
    behind = -min(model.ahead, timedelta(0))
    assert all(22.5 * DAY <= after - before <= 37.5 * DAY + behind + DAY for before, after in pairwise(when[1:]))
    assert when[1] - when[0] <= 37.5 * DAY + abs(model.ahead) + DAY


def test_an_early_rotation_stays_on_the_grid() -> None:
    model = Model()
    due = model.run(wanted(), ISSUED).after.next_rotation_at
    assert model.run(wanted(reissue="1"), ISSUED + 5 * DAY).after.next_rotation_at == due
    assert model.run(wanted(reissue="1"), due).after.next_rotation_at == due + 30 * DAY


def test_a_changed_period_holds_from_the_next_run_on() -> None:
    model = Model()
    model.run(wanted(), ISSUED)
    weekly = wanted(rotate_every=7 * DAY)
    assert model.run(weekly, ISSUED + DAY).decision.actions == ()
    due = model.state.next_rotation_at
    assert ISSUED + 6 * DAY < due < ISSUED + 7 * DAY
    assert model.run(weekly, due - SECOND).decision.actions == ()
    assert [action.verb for action in model.run(weekly, due).decision.actions] == [Verb.ROTATE]
    assert model.state.next_rotation_at == due + 7 * DAY
