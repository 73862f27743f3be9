"""Moments: as the state and users write them, and as the cloud tells them (pure)."""

from __future__ import annotations

from datetime import UTC, datetime

from .shown import shown_words


def parse_time(text: str) -> datetime:
    """An RFC 3339 time, e.g. `2026-12-24T03:00:00Z`, in UTC. Raises ValueError with the remedy."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None or "T" not in text.upper():
        raise ValueError(
            f"{shown_words(text)} is not an RFC 3339 time: write one such as 2026-12-24T03:00:00Z"
        ) from None
    return time.astimezone(UTC)


def format_time(time: datetime) -> str:
    """`time` as RFC 3339 in UTC, in whole seconds: what the state and the API's requests hold."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_minute(time: datetime) -> str:
    """`time`, which is in UTC, for people: to the minute."""
    return time.strftime("%Y-%m-%d %H:%M UTC")


def cloud_time(text: str | None) -> datetime:
    """A time of the cloud's, of any precision, in UTC and whole seconds; absent: the last second that its API takes
    (2105)."""
    if not text:
        return datetime(2105, 1, 1, tzinfo=UTC)
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
