"""Events as an iCalendar file (RFC 5545), for people's calendars (pure)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from cli.forecast import Event

_OCTETS: Final = 75
_TIME: Final = "%Y%m%dT%H%M%SZ"


def calendar(events: Iterable[Event], now: datetime, version: str) -> str:
    """The file's text. An event keeps its UID from one file to the next, so that a calendar that reads it again moves events, and doubles none."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//pulumi-yandex-keys//yckeys {version}//EN",
        "CALSCALE:GREGORIAN",
    ]
    for event in events:
        key = event.key
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_uid(event)}@yckeys",
            f"DTSTAMP:{_time(now)}",
            f"DTSTART:{_time(event.at)}",
            f"SUMMARY:{_text(f'{key.path} {event.kind} ({key.stack})')}",
            f"DESCRIPTION:{_text(event.words)}",
            f"CATEGORIES:{_text(str(event.kind))}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "".join(f"{folded}\r\n" for line in [*lines, "END:VCALENDAR"] for folded in _folded(line))


def _uid(event: Event) -> str:
    what = "\n".join([event.key.stack, event.key.urn, str(event.kind), str(event.generation)])
    return hashlib.sha256(what.encode()).hexdigest()[:32]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_TIME)


def _text(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> list[str]:
    """`line` in pieces of at most 75 octets; each but the first begins with a space, and no character is cut in two."""
    pieces, piece = [], ""
    for char in line:
        if len((piece + char).encode()) > _OCTETS:
            pieces.append(piece)
            piece = " "
        piece += char
    return [*pieces, piece]
