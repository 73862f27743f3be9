"""Durations as users write them: a whole number and a unit, `90d`, `36h`, `15m`, `45s`; the largest unit is the day of 24 hours (pure)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
"""How many seconds a unit has."""
_DURATION: Final = re.compile(r"([0-9]{1,10})([dhms])", re.ASCII)
_SECOND: Final = timedelta(seconds=1)
SHORTEST: Final = timedelta(minutes=15)
"""The least lifetime, rotation and overlap: what is shorter leaves no room for a run, a consumer's next read and two clocks."""
LONGEST: Final = timedelta(days=36_500)
"""A hundred years: what is longer is a slip of the pen, and would leave the range of dates that the API takes."""


def parse_duration(text: object, least: timedelta = _SECOND, most: timedelta = LONGEST) -> timedelta:
    """The length of time that `text` means, e.g. `90d`.

    Raises ValueError, with a remedy in its words, where the text is no duration, is zero, or is not from `least` to `most`.
    """
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{_quoted(text)} is not a duration: write a whole number and a unit, such as 90d, 36h or 15m")
    seconds = int(match[1]) * UNITS[match[2]]
    if seconds == 0:
        raise ValueError(f"{_quoted(text)} is no time at all: write a duration above zero, such as 15m")
    if seconds < least.total_seconds():
        shortest = format_duration(least)
        raise ValueError(f"{_quoted(text)} is shorter than {shortest}: write {shortest} or longer")
    if seconds > most.total_seconds():
        raise ValueError(
            f"{_quoted(text)} is longer than {format_duration(most)}: write a shorter duration, such as 90d"
        )
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """`duration`, in whole seconds, in the largest unit that says it exactly: `timedelta(hours=48)` is `2d`."""
    seconds = int(duration.total_seconds())
    for unit, length in UNITS.items():
        if seconds % length == 0 and seconds:
            return f"{seconds // length}{unit}"
    return "0s"


def _quoted(text: object) -> str:
    """`text` for an error: quoted on one line, and cut where it is long."""
    quoted = repr(text)
    return quoted if len(quoted) <= 60 else f"{quoted[:57]}..."
