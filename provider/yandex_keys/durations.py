"""Durations as they are written (pure).

Users write a whole number and a unit, `90d`, `36h`, `15m`, `45s`; the largest unit is the day of 24 hours. For
`rotationPeriod` alone, which is pulumi-yandex's input and stands in its states, they write what Go programs do, to the
nanosecond: `8760h`, `1h30m`, `2562047h47m16s` (source: Go's `time.ParseDuration` and `Duration.String`); the API's own
JSON form, `31536000s`, is such a duration too.
"""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from typing import Final

from .shown import quoted

UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
"""How many seconds a unit has."""
_DURATION: Final = re.compile(r"([0-9]{1,10})([dhms])", re.ASCII)
_SECOND: Final = timedelta(seconds=1)
SHORTEST: Final = timedelta(minutes=15)
"""The least lifetime, rotation and overlap: what is shorter leaves no room for a run, a consumer's next read and two
clocks."""
LONGEST: Final = timedelta(days=36_500)
"""A hundred years: what is longer is a slip of the pen, and would leave the range of dates that the API takes."""

NANOSECONDS: Final = {
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ns": 1,
}
"""How many nanoseconds a unit has."""
_GO_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_LONGEST_OF_GO: Final = 2**63 - 1  # nanoseconds, in Go: about 292 years


def parse_duration(text: object, least: timedelta = _SECOND, most: timedelta = LONGEST) -> timedelta:
    """The length of time that `text` means, e.g. `90d`.

    Raises ValueError, with a remedy in its words, where the text is no duration, is zero, or is not from `least` to
    `most`.
    """
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{quoted(text)} is not a duration: write a whole number and a unit, such as 90d, 36h or 15m")
    seconds = int(match[1]) * UNITS[match[2]]
    if seconds == 0:
        raise ValueError(f"{quoted(text)} is no time at all: write a duration above zero, such as 15m")
    if seconds < least.total_seconds():
        shortest = format_duration(least)
        raise ValueError(f"{quoted(text)} is shorter than {shortest}: write {shortest} or longer")
    if seconds > most.total_seconds():
        raise ValueError(
            f"{quoted(text)} is longer than {format_duration(most)}: write a shorter duration, such as 90d"
        )
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """`duration`, in whole seconds, in the largest unit that says it exactly: `timedelta(hours=48)` is `2d`."""
    seconds = int(duration.total_seconds())
    for unit, length in UNITS.items():
        if seconds % length == 0 and seconds:
            return f"{seconds // length}{unit}"
    return "0s"


def in_words(duration: timedelta) -> str:
    """`duration` for people, in the largest unit that it fills, `30 days`; empty below a minute."""
    for unit, length in (("day", UNITS["d"]), ("hour", UNITS["h"]), ("minute", UNITS["m"])):
        count = duration // timedelta(seconds=length)
        if count > 0:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return ""


def parse_go_duration(text: str) -> int:
    """The nanoseconds that `text` means, e.g. `8760h`. Raises ValueError, with a remedy, where it means none or no time
    at all."""
    total, position = Fraction(0), 0
    while len(text) < 100 and (part := _GO_PART.match(text, position)):
        total += Fraction(f"0{part[1]}") * NANOSECONDS[part[2]]
        position = part.end()
    if position == 0 or position != len(text):
        raise ValueError("is not a duration: write hours, minutes and seconds, such as 8760h or 1h30m")
    if not 1 <= total <= _LONGEST_OF_GO:
        raise ValueError("is out of range: write a duration above zero and below 292 years, such as 8760h")
    return int(total)


def format_go_duration(nanoseconds: int) -> str:
    """`nanoseconds` as Go prints them: a year of 365 days is `8760h0m0s`. Below a second, `0.5s` (Go writes `500ms`,
    which is the same)."""
    seconds, rest = divmod(nanoseconds, NANOSECONDS["s"])
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    if hours:
        return f"{hours}h{minutes}m{seconds}{fraction}s"
    return f"{minutes}m{seconds}{fraction}s" if minutes else f"{seconds}{fraction}s"


def format_json_duration(nanoseconds: int) -> str:
    """`nanoseconds` as the JSON form of a protobuf Duration: `31536000s`."""
    seconds, rest = divmod(nanoseconds, NANOSECONDS["s"])
    return f"{seconds}.{rest:09d}s" if rest else f"{seconds}s"
