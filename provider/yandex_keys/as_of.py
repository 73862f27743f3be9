"""The time by which keys are judged, as users write it in `asOf` and `YANDEX_KEYS_AS_OF` (pure)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from .durations import in_words, parse_duration
from .shown import shown_words
from .times import to_minute

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def parse_as_of(text: str, now: datetime) -> datetime:
    """The moment that `text` means, in UTC: a time (`2026-12-24T03:00:00Z`), a day's beginning in UTC (`2026-12-25`),
    or so much after `now` (`+30d`).

    Raises ValueError with the remedy.
    """
    try:
        if text.startswith("+"):
            return now.astimezone(UTC) + parse_duration(text[1:])
        time = datetime.fromisoformat(text)
        if _DAY.fullmatch(text):
            return time.replace(tzinfo=UTC)
        if time.tzinfo is not None and "T" in text.upper():
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(
        f"{shown_words(text)} is no time to judge by: write one such as 2026-12-24T03:00:00Z, a day such as 2026-12-25 "
        "(from 00:00 UTC), or a span from now on such as +30d"
    ) from None


def judged_as_of(as_of: datetime, now: datetime) -> str:
    """What a human must know of a run that is judged by `as_of` instead of the clock's `now`."""
    return (
        f"judged as of {to_minute(as_of)}, {_distance(as_of - now)}: it shows what would be due by then, "
        "without the rotations in between"
    )


def _distance(ahead: timedelta) -> str:
    """How far from now: `30 days ahead`."""
    far = in_words(timedelta(seconds=round(abs(ahead).total_seconds())))
    return f"{far} {'ahead' if ahead > timedelta(0) else 'back'}" if far else "which is now"
