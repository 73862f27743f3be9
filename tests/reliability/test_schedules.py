"""Years of schedules over `decide`: stuck consumers are never cut without a warning where a run comes in time, healthy ones never cause a word."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.reliability.schedules import CALENDARS, EVERY, MANNERS, OVERLAPS, READS, Plan, lived

A_YEAR = 1


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("manner", MANNERS)
def test_a_stuck_consumer_is_warned_of_before_it_is_cut_and_a_healthy_one_never(every: str, manner: str) -> None:
    overlaps = OVERLAPS if every != "hour" else (1, 3)  # a year of hours takes its time
    courses = [lived(Plan(every, manner, overlap, reads, years=A_YEAR)) for overlap in overlaps for reads in READS]
    assert [f"{course.plan}: {words}" for course in courses for words in course.wrong] == []
    assert all(course.rotations >= 10 for course in courses)
    # What was looked for was there to be seen.
    assert any(course.cut > course.unsaid for course in courses if course.plan.reads == "never")


def test_a_week_between_runs_is_too_long_for_a_day_of_overlap_and_that_shows() -> None:
    course = lived(Plan("week", "punctual", 1, "never", years=A_YEAR))
    assert course.cut == course.unsaid > 0
    assert course.wrong == []


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_a_previous_key_whose_consumers_have_read_again_lives_its_overlap(overlap: int) -> None:
    course = lived(Plan("day", "punctual", overlap, "hour", years=A_YEAR))
    assert timedelta(0) < course.longest <= timedelta(days=overlap)


def test_a_stuck_consumer_is_extended_as_long_as_its_key_may_live() -> None:
    extended, retired = (lived(Plan("day", "punctual", 7, "never", wish, A_YEAR)) for wish in ("extend", "retire"))
    assert extended.longest > timedelta(days=40) > retired.longest == timedelta(days=7)


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("calendar", CALENDARS)
def test_no_consumer_ever_holds_a_dead_key_whatever_the_calendar(every: str, calendar: str) -> None:
    """Nor is anything rotated at a time that the calendar leaves out, unless the key would expire."""
    # A week's runs with an overlap of two days are refused.
    overlaps = {"hour": (2,), "week": (14,)}.get(every, (2, 14))
    courses = [
        lived(Plan(every, manner, overlap, "hour", years=A_YEAR, calendar=calendar))
        for manner in MANNERS
        for overlap in overlaps
    ]
    assert [f"{course.plan}: {words}" for course in courses for words in course.wrong] == []
    # Daily runs at three in the morning never meet working hours: such keys rotate before they would expire.
    assert all(course.rotations >= 3 for course in courses)
