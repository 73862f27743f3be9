"""Durations as Go programs write them: `8760h`, `1h30m`, `2562047h47m16s`; the form in which pulumi-yandex takes `rotationPeriod`.

Source: the documentation of Go's `time.ParseDuration` and `Duration.String`. The API's own JSON form, `31536000s`, is such a duration too.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

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
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_LONGEST: Final = 2**63 - 1  # nanoseconds, in Go: about 292 years


def parse_go_duration(text: str) -> int:
    """The nanoseconds that `text` means, e.g. `8760h`. Raises ValueError, with a remedy, where it means none or no time at all."""
    total, position = Fraction(0), 0
    while len(text) < 100 and (part := _PART.match(text, position)):
        total += Fraction(f"0{part[1]}") * NANOSECONDS[part[2]]
        position = part.end()
    if position == 0 or position != len(text):
        raise ValueError("is not a duration: write hours, minutes and seconds, such as 8760h or 1h30m")
    if not 1 <= total <= _LONGEST:
        raise ValueError("is out of range: write a duration above zero and below 292 years, such as 8760h")
    return int(total)


def format_go_duration(nanoseconds: int) -> str:
    """`nanoseconds` as Go prints them: a year of 365 days is `8760h0m0s`. Below a second, `0.5s` (Go writes `500ms`, which is the same)."""
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
