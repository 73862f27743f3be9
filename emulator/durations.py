"""Lengths of time in the admin API: `30d`, `5s`, `250ms`, `1h30m`, or a number of seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from emulator.errors import AdminError

_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


def read_duration(value: object, field: str) -> timedelta:
    """The length of time that `value` means; never negative. Raises AdminError, naming `field`."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e10:
        return timedelta(seconds=value)
    if isinstance(value, str) and value and not _PART.sub("", value):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
        if seconds < 1e10:
            return timedelta(seconds=seconds)
    raise AdminError(f"{field}: {value!r} isn't a length of time; write for example 30d, 36h, 15m, 5s or 250ms")


def write_duration(duration: timedelta) -> str:
    """`duration` in seconds: `5s`, `0.25s`."""
    return f"{duration.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"
