"""Windows and freezes of a key for people: in words, and as the times at which its windows are open (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Final

from cli.borrowed import DAYS, Calendar, Freeze, Window, zone
from cli.words import counted, moment

_DAY: Final = timedelta(days=1)
_QUARTER: Final = timedelta(minutes=15)
"""Clocks are put forward and back at a quarter of an hour."""
_TO: Final = "\u2013"
_NAMED: Final = 2
"""How many freezes are told of a key: the others are for later."""


@lru_cache(maxsize=256)
def windows_in_words(windows: tuple[Window, ...]) -> str:
    """Such as Mon-Thu 10:00-16:00 Europe/Moscow; empty where there is none."""
    return " or ".join(f"{_days(it.days)} {_clock(it.begins)}{_TO}{_clock(it.ends)} {it.timezone}" for it in windows)


def freeze_in_words(freeze: Freeze) -> str:
    """`frozen from 2026-12-25 00:00 until 2027-01-11 00:00 UTC: The end of the year`."""
    words = f"frozen from {moment(freeze.begins, '')} until {moment(freeze.ends, '')} UTC"
    return f"{words}: {freeze.why}" if freeze.why else words


def calendar_in_words(calendar: Calendar, now: datetime) -> list[str]:
    """What a key waits for, a line each: its windows, and the freezes that aren't over, those that come first."""
    windows = windows_in_words(calendar.windows)
    coming = sorted((it for it in calendar.freezes if it.ends > now), key=lambda it: (it.begins, it.ends))
    more = [f"and {counted(len(coming) - _NAMED, 'more freeze')}"] if len(coming) > _NAMED else []
    return [*([f"only {windows}"] if windows else []), *map(freeze_in_words, coming[:_NAMED]), *more]


def open_times(windows: tuple[Window, ...], begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """When one of `windows` is open from `begin` to `end` (UTC), in order, joined where they touch."""
    edges = sorted({begin, end, *(at for window in windows for at in _edges(window, begin, end) if begin < at < end)})
    joined: list[tuple[datetime, datetime]] = []
    for start, stop in pairwise(edges):
        if any(window.is_open(start) for window in windows):
            if joined and joined[-1][1] == start:
                joined[-1] = (joined[-1][0], stop)
            else:
                joined.append((start, stop))
    return joined


def _edges(window: Window, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The moments at which a window may open or close."""
    clock = zone(window.timezone)
    day = begin.astimezone(clock).date() - _DAY
    while day <= end.astimezone(clock).date():
        midnight = datetime(day.year, day.month, day.day, tzinfo=clock)
        if day.weekday() in window.days:
            for edge in (midnight + window.begins, midnight + window.ends):
                yield from (edge.replace(fold=fold).astimezone(begin.tzinfo) for fold in (0, 1))
        if midnight.utcoffset() != (midnight + _DAY).utcoffset():
            yield from (midnight.astimezone(begin.tzinfo) + _QUARTER * number for number in range(4 * 25))
        day += _DAY


def _days(days: frozenset[int]) -> str:
    if len(days) == len(DAYS):
        return "every day"
    runs = [
        [day for _, day in run]
        for _, run in groupby(enumerate(sorted(days)), key=lambda counted: counted[1] - counted[0])
    ]
    names = [day.capitalize() for day in DAYS]
    return ", ".join(
        f"{names[run[0]]}{_TO}{names[run[-1]]}" if len(run) > 2 else ", ".join(names[day] for day in run)
        for run in runs
    )


def _clock(time: timedelta) -> str:
    """`24:00` stays so; what is after it is of the next day."""
    minutes = time // timedelta(minutes=1)
    minutes -= 24 * 60 if minutes > 24 * 60 else 0
    return f"{minutes // 60:02}:{minutes % 60:02}"
