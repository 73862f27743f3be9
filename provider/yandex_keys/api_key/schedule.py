"""When a key rotates: a grid of times that never drifts (pure).

The grid's first point follows from the first issue: floored to the hour for periods of a day and more, less a stagger
that the URN decides, so that keys issued together don't rotate together, plus the period. From then on each point is
the one before plus the period, whenever the runs come: a run a few seconds early or late neither skips nor doubles a
rotation, and after missed runs one rotation catches up.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

DAY: Final = timedelta(days=1)
SPREAD: Final = 10
"""By how many hundredths of the period keys are spread where nobody says another figure."""
# The stagger lies between a hundredth and `spread` hundredths of the period. It is never nothing: a cron job that
# issued a key at 03:00:05 and comes at 02:59:58 the next time is still past the key's point.
_STEPS: Final = 900

_FOREVER: Final = datetime.max.replace(tzinfo=UTC, microsecond=0)
_EVER_SINCE: Final = datetime.min.replace(tzinfo=UTC)


def time_after(time: datetime, by: timedelta) -> datetime:
    """`time + by`, or the last time that there is."""
    try:
        return time + by
    except OverflowError:
        return _FOREVER


def time_before(time: datetime, by: timedelta) -> datetime:
    """`time - by`, or the first time that there is."""
    try:
        return time - by
    except OverflowError:
        return _EVER_SINCE


def stagger(urn: str, period: timedelta, spread: int = SPREAD) -> timedelta:
    """How far before the others the key of resource `urn` rotates: from 1 up to `spread` hundredths of `period`, always
    the same for the same URN. Another spread keeps the order of the keys."""
    step = int.from_bytes(hashlib.sha256(urn.encode()).digest()[:4], "big") % _STEPS
    return period * ((step * (max(spread, 1) - 1) / (SPREAD - 1) + 100) / 10_000)


def first_point(issued_at: datetime, period: timedelta, urn: str, spread: int = SPREAD) -> datetime:
    """The first time on the grid after an issue at `issued_at` (UTC), in whole seconds."""
    anchor = issued_at.replace(microsecond=0)
    if period >= DAY:
        anchor = anchor.replace(minute=0, second=0)
    return time_after(anchor, period - stagger(urn, period, spread)).replace(microsecond=0)


def respread(point: datetime, period: timedelta, urn: str, had: int, spread: int) -> datetime:
    """The grid of `point`, which was spread by `had`, spread by `spread` instead: moved as a whole."""
    if spread == had:
        return point
    earlier = stagger(urn, period, spread) - stagger(urn, period, had)
    moved = time_before(point, earlier) if earlier > timedelta(0) else time_after(point, -earlier)
    return moved.replace(microsecond=0)


def next_point(point: datetime, period: timedelta, issued_at: datetime) -> datetime:
    """When a key that was issued at `issued_at`, on the grid of `point`, is due.

    A key that came late (a reissue, a catch-up) leaves out a point that follows within a quarter of the period: one
    rotation was enough.
    """
    point = point_after(point, period, issued_at)
    return point if point - issued_at >= period / 4 else time_after(point, period)


def point_after(point: datetime, period: timedelta, now: datetime) -> datetime:
    """The first time on `point`'s grid that is later than `now`; `point` itself where it is."""
    if point > now:
        return point
    return time_after(point, period * ((now - point) // period + 1))
