"""Time zones by the tz database that is pinned in the requirements, whatever the machine has: the same stack file means
the same moments at a desk, on a runner, and where there is no database at all."""

from __future__ import annotations

import difflib
import functools
from importlib.resources import files
from zoneinfo import ZoneInfo

from .shown import quoted


@functools.cache
def names() -> frozenset[str]:
    """The names of all zones that there are."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@functools.cache
def zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises ValueError, with the remedy, where there is none."""
    if name not in names():
        close = difflib.get_close_matches(name[:60], names(), 1)
        raise ValueError(
            f"{quoted(name)} is no time zone of the tz database: write one such as {close[0] if close else 'Europe/Moscow'}"
        )
    # Not ZoneInfo(name), which takes the machine's own database where it has one.
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
