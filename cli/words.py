"""Times and lengths of time for people."""

from __future__ import annotations

from datetime import datetime, timedelta

_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def moment(time: datetime | None, otherwise: str) -> str:
    """`time` to the minute, in UTC; `otherwise` where there is none."""
    return f"{time:%Y-%m-%d %H:%M}" if time else otherwise


def length(span: timedelta) -> str:
    """`span` in its largest unit: `12 d`."""
    for unit, size in _UNITS:
        if span >= size:
            return f"{span // size} {unit}"
    return "0 m"


def counted(count: int, one: str, many: str = "") -> str:
    """`3 keys`, `1 key`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
