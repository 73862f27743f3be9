"""Spans of time as people write them for pipelines: `2h`, `90m`, `1h30m`, `30s`."""

from __future__ import annotations

import re
from datetime import timedelta

_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def parse_span(text: str) -> timedelta | None:
    """The span; None where the text is none."""
    match = _SPAN.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
