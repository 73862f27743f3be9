"""When people let a scheduled rotation happen: windows of the week, and freezes (pure).

A window is open while the clock on the wall of its time zone says so: an hour that the clocks skip is no part of any
window, one that comes twice is part of it twice. A freeze closes every window from its first moment up to its last.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import gcd
from typing import Final
from zoneinfo import ZoneInfo

from .shown import quoted
from .time_zones import zone
from .times import parse_time, to_minute

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_WINDOWS: Final = 20
MOST_FREEZES: Final = 100
WHY_LENGTH: Final = 256
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_GO_TIME: Final = re.compile(r"([0-9-]{10}) ([0-9:]{8}) ([+-][0-9]{4}) [+A-Z0-9-]+", re.ASCII)
"""What the engine (3.259) makes of a date or time that stands in a stack file without quotes: YAML has a type for
these, and the program gets what Go prints, `2026-12-20 00:00:00 +0000 UTC`."""
_MIDNIGHT: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_YEARS: Final = range(1970, 2106)
"""Those of the API's dates: what is outside of them, no calendar holds up."""
_AHEAD: Final = 22
"""Days that are looked through for the next opening: a window of one day a week may fall into an hour that is
skipped."""
_RUNS: Final = 2_000
"""Runs that are looked through for one in a window, where the week and their interval have no common measure sooner."""
_MONDAY: Final = datetime(2027, 1, 4, tzinfo=UTC)
"""Of a week without a clock change, by which windows in different zones are laid beside each other."""


@dataclass(frozen=True)
class Window:
    """Part of a week. days: those on which it begins, 0 for Monday; begins, ends: since their midnight, `ends` after
    the next one where it crosses that; timezone: whose clock says so."""

    days: frozenset[int]
    begins: timedelta
    ends: timedelta
    timezone: str = "UTC"

    def is_open(self, moment: datetime) -> bool:
        """Whether the zone's clock is within it."""
        local = moment.astimezone(zone(self.timezone))
        today = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        yesterday = (local.weekday() - 1) % 7
        return (local.weekday() in self.days and self.begins <= today < self.ends) or (
            yesterday in self.days and today + _MIDNIGHT < self.ends
        )

    def opening(self, moment: datetime) -> datetime | None:
        """The first time from `moment` on at which it is open; None where that is weeks away."""
        if self.is_open(moment):
            return moment
        clock = zone(self.timezone)
        today = moment.astimezone(clock).date()
        begins = (
            start
            for ahead in range(_AHEAD)
            for start in self._starts(today + timedelta(days=ahead), clock)
            if start > moment and self.is_open(start)
        )
        first = next(begins, None)
        # It also opens where the clocks go past its beginning, or back behind its end.
        until = first or moment + timedelta(days=_AHEAD)
        changed = next((at for at in _clock_changes(clock, moment, until) if self.is_open(at)), None)
        return min((at for at in (first, changed) if at is not None), default=None)

    def _starts(self, day: date, clock: ZoneInfo) -> list[datetime]:
        """When the zone's clock shows its beginning on that day: twice where an hour is doubled."""
        if day.weekday() not in self.days:
            return []
        wall = datetime(day.year, day.month, day.day, tzinfo=clock) + self.begins
        return sorted({wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1)})


@dataclass(frozen=True)
class Freeze:
    """A time in which nothing rotates by schedule: from `begins` up to `ends`, which is free again; `why` in the user's
    words."""

    begins: datetime
    ends: datetime
    why: str = ""


@dataclass(frozen=True)
class Calendar:
    """Windows, any of which will do, and freezes; without windows all the time is open but for freezes."""

    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()

    def next_allowed(self, moment: datetime) -> datetime:
        """The first time from `moment` on (UTC) at which a scheduled rotation may happen."""
        if moment.year not in _YEARS:
            return moment
        at = moment
        # Each round but the last goes past a freeze, or on to an opening that a freeze may cover.
        for _ in range(2 * len(self.freezes) + 2):
            frozen = max((it.ends for it in self.freezes if it.begins <= at < it.ends), default=at)
            opened = frozen if frozen.year not in _YEARS else self._opening(frozen)
            if opened == at:
                return at
            at = opened
        return at

    def waits_for(self, moment: datetime) -> str:
        """What it is waited for, in words, from `moment` on, at which nothing may happen."""
        until = self.next_allowed(moment)
        frozen = max((it for it in self.freezes if it.begins <= moment < it.ends), key=lambda it: it.ends, default=None)
        window = next((it for it in self.windows if _begins_at(it, until)), None)
        if window is not None:
            local = until.astimezone(zone(window.timezone))
            day = DAYS[local.weekday()].capitalize()
            words = f"the window of {day} {local:%H:%M} {window.timezone} ({to_minute(until)})"
        else:
            words = f"the end of the freeze, {to_minute(until)}"
        if frozen is None:
            frozen = next((it for it in self.freezes if it.ends == until), None)
        return f"{words}; frozen: {frozen.why}" if frozen is not None and frozen.why else words

    def _opening(self, moment: datetime) -> datetime:
        openings = [at for it in self.windows if (at := it.opening(moment)) is not None]
        # None opens in weeks: nothing is held up by such windows for longer than was looked.
        return min(openings, default=moment + timedelta(days=_AHEAD) if self.windows else moment)


ALWAYS: Final = Calendar()
"""The calendar of a key that never waits."""


def _begins_at(window: Window, moment: datetime) -> bool:
    if moment.year not in _YEARS:
        return False  # the end of a freeze that never ends
    return window.is_open(moment) and not window.is_open(moment - timedelta(seconds=1))


def _clock_changes(clock: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The moments after `begin` and up to `end` at which the zone's clock is put forward or back."""
    early = begin
    while early < end:
        late = min(early + timedelta(days=1), end)
        if _offset(clock, early) != _offset(clock, late):
            low, high = early, late
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(clock, middle) == _offset(clock, early) else (low, middle)
            # Clocks change on whole seconds, whatever part of one `begin` has.
            yield high.replace(microsecond=0)
        early = late


def _offset(clock: ZoneInfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(clock).utcoffset()


def longest_wait(windows: tuple[Window, ...], run_every: timedelta) -> timedelta:
    """How long a rotation may have to wait for a run in a window, where runs come every `run_every`, punctually, and
    at the time of the week that suits the windows best. Without windows, one interval.

    Clock changes are left out: they put a window off by an hour a year, and `rotation` sees to what would expire.
    """
    return _longest_wait(windows, run_every) if windows else run_every


@lru_cache(maxsize=256)
def _longest_wait(windows: tuple[Window, ...], run_every: timedelta) -> timedelta:
    spans = _spans_of_the_week(windows)
    week, step = int(_WEEK.total_seconds()), max(int(run_every.total_seconds()), 1)
    if sum(end - start for start, end in spans) >= week:
        return run_every
    unmissable = [span for span in spans if span[1] - span[0] >= step]
    if unmissable:
        following = [*unmissable[1:], *unmissable[:1]]
        closed = max((later[0] - span[1]) % week for span, later in zip(unmissable, following, strict=True))
        return timedelta(seconds=closed + step)
    runs = min(week // gcd(week, step), _RUNS)
    return timedelta(seconds=min(_longest_gap(start, step, runs, spans) for start, _ in spans))


def _longest_gap(start: int, step: int, runs: int, spans: list[tuple[int, int]]) -> int:
    """The longest time between two runs in `spans`, the first of which is at `start`."""
    week, begins = int(_WEEK.total_seconds()), [begin for begin, _ in spans]
    longest, last = 0, 0
    for run in range(1, runs + 1):
        at = (start + run * step) % week
        # Before the first beginning of a week, it may be in the last span of the week before.
        begin, end = spans[bisect_right(begins, at) - 1]
        if run == runs or (at if at >= begin else at + week) < end:
            longest, last = max(longest, (run - last) * step), run
    return longest


def _spans_of_the_week(windows: tuple[Window, ...]) -> list[tuple[int, int]]:
    """The times of a week in UTC, in seconds, at which one of `windows` is open, in order, joined where they touch; the
    last one may end in the week that follows."""
    week = int(_WEEK.total_seconds())
    spans = []
    for window in windows:
        offset = _offset(zone(window.timezone), _MONDAY) or timedelta(0)
        for day in window.days:
            start = int((timedelta(days=day) + window.begins - offset).total_seconds()) % week
            spans.append((start, start + int((window.ends - window.begins).total_seconds())))
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    # What goes on into the next week takes in what stands at the beginning of this one.
    while len(joined) > 1 and joined[-1][1] - week >= joined[0][0]:
        first = joined.pop(0)
        joined[-1] = (joined[-1][0], max(joined[-1][1], first[1] + week))
    return [(start, min(end, start + week)) for start, end in joined]


def parse_time_of_day(text: object) -> timedelta:
    """A window's `from` or `to`, since midnight. Raises ValueError, with the remedy, where it is none."""
    if text == "24:00":
        return _MIDNIGHT
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f'{quoted(text)} is not a time of day: write one such as "09:00", in quotes')
    return timedelta(hours=int(match[1]), minutes=int(match[2]))


def parse_moment(text: object) -> datetime:
    """A freeze's `from` or `until`, in UTC: a time, or a day, which means its beginning in UTC. Raises ValueError, with
    the remedy, where it is neither."""
    try:
        if isinstance(text, str):
            if _DAY.fullmatch(text):
                return datetime.fromisoformat(text).replace(tzinfo=UTC)
            return parse_time(_rfc_3339(text))
    except (ValueError, OverflowError):
        pass
    raise ValueError(
        f"{quoted(text)} is no moment: write a day such as 2026-12-20 (from 00:00 UTC), or a time such as "
        "2026-12-20T18:00:00+03:00"
    )


def as_written(moment: str) -> str:
    """A moment as a person writes it, where it reached us as the engine prints what stood without quotes: a day where
    it is the beginning of one in UTC."""
    written = _rfc_3339(moment)
    return written if written == moment else written.replace("+00:00", "Z").removesuffix("T00:00:00Z")


def _rfc_3339(moment: str) -> str:
    match = _GO_TIME.fullmatch(moment)
    return f"{match[1]}T{match[2]}{match[3][:3]}:{match[3][3:]}" if match else moment


def parse_zone(text: object) -> ZoneInfo:
    """A window's `timezone`. Raises ValueError, with the remedy, where there is none of that name."""
    if not isinstance(text, str):
        raise ValueError(f"{quoted(text)} is no time zone of the tz database: write one such as Europe/Moscow")
    return zone(text)


def window_of(days: frozenset[str] | None, begins: str, ends: str, timezone: str) -> Window:
    """The window that is written so, each part of it right by itself; every day where `days` is None. Raises ValueError
    where it is never open."""
    start, end = parse_time_of_day(begins), parse_time_of_day(ends)
    if start == _MIDNIGHT:
        raise ValueError('from "24:00" is the next day\'s "00:00": write that')
    if start == end:
        raise ValueError(f'from and to are both {begins}: write from "00:00" and to "24:00" for a whole day')
    numbers = frozenset(range(7)) if days is None else frozenset(DAYS.index(day) for day in days)
    return Window(numbers, start, end if end > start else end + _MIDNIGHT, timezone)


def freeze_of(begins: str, ends: str, why: str) -> Freeze:
    """The freeze that is written so, each part of it right by itself. Raises ValueError where it ends before it
    begins."""
    start, end = parse_moment(begins), parse_moment(ends)
    if end <= start:
        raise ValueError(
            f"until {as_written(ends)} is not after from {as_written(begins)}: write the first moment that is free "
            "again"
        )
    return Freeze(start, end, why)
