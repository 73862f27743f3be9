"""What an API key's inputs may hold, as far as that can be told from a value alone (pure).

The provider checks its inputs by these rules and the stack file is read by them (`components/spec/`), so that
what the one accepts the other does not refuse half-way through a run. The figures that the API itself sets are held to
its own descriptors by a test.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from . import marks
from .durations import SHORTEST, format_duration, parse_duration
from .rotation_calendar import ALWAYS, Calendar, longest_wait

DESCRIPTION_LENGTH: Final = 256 - marks.ROOM
"""The API takes 256 characters; the mark stands behind the user's words."""
REISSUE_LENGTH: Final = 256
SCOPES: Final = 100
SCOPE_LENGTH: Final = 256
SCOPE: Final = r"[a-zA-Z][-_a-zA-Z0-9]*(\.[-_a-zA-Z0-9]+)+"
KEY_ID: Final = r"[a-z0-9]{1,50}"
"""An id has no capitals, which every secret has: one that is pasted in place of its id is refused."""
LONGEST_LIFETIME: Final = timedelta(days=18_250)
"""Fifty years: the API takes no expiry after 2105."""
SHORTEST_WAIT: Final = timedelta(seconds=1)
LONGEST_WAIT: Final = timedelta(hours=1)
"""`pulumi up` waits as long as `verify.timeout` says."""
RUN_EVERY: Final = timedelta(days=1)
"""How often a stack is run where its user doesn't say so."""
MOST_SPREAD: Final = 50
"""Hundredths of `rotateEvery`: a key that was spread by more would rotate for the first time before half of it is
over."""
METHODS: Final = ("GET", "HEAD", "POST")
"""A verifying call has to be harmless; no others are needed by the calls that the catalogue knows."""
URL_LENGTH: Final = 2048
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_BIDIRECTIONAL: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def foreign_character(text: str) -> str | None:
    """The first character that has no place in one line of text: a line's end, a control character, half a character,
    one that turns the text around; None where there is none."""
    return next(
        (char for char in text if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in _BIDIRECTIONAL),
        None,
    )


def name_of(char: str) -> str:
    """`char` by its name and number, so that a look-alike or an invisible one can be told apart."""
    unnamed = "half a character" if unicodedata.category(char) == "Cs" else "a control character"
    return f"{unicodedata.name(char, unnamed)} (U+{ord(char):04X})"


def line_problem(text: str, longest: int, shortest: int = 0) -> str | None:
    """What is wrong with `text` as one line of `shortest` to `longest` characters; None where nothing is."""
    if len(text) > longest:
        return f"has {len(text)} characters, the limit is {longest}"
    if foreign := foreign_character(text):
        return f"has {name_of(foreign)}, which can't stand there"
    if len(text) < shortest:
        return "is empty" if not text else f"is shorter than {shortest} characters"
    return None


def is_scope(text: str) -> bool:
    """Whether `text` has the form of a scope, known or not: names with dots between them."""
    return re.fullmatch(SCOPE, text, re.ASCII) is not None


def is_key_id(text: str) -> bool:
    """Whether `text` can be the id of an API key, and not its secret."""
    return re.fullmatch(KEY_ID, text, re.ASCII) is not None


def parse_period(text: object) -> timedelta:
    """A `rotateEvery` or an `overlap`. Raises ValueError, as `parse_duration` does."""
    return parse_duration(text, least=SHORTEST)


def parse_lifetime(text: object) -> timedelta:
    """A `lifetime`. Raises ValueError, as `parse_duration` does."""
    lifetime = parse_period(text)
    if lifetime > LONGEST_LIFETIME:
        longest = format_duration(LONGEST_LIFETIME)
        raise ValueError(f"{text} would end after 2105, where the API's dates end: write {longest} or less")
    return lifetime


def parse_wait(text: object) -> timedelta:
    """A `verify.timeout`. Raises ValueError, as `parse_duration` does."""
    wait = parse_duration(text, least=SHORTEST_WAIT)
    if wait > LONGEST_WAIT:
        longest = format_duration(LONGEST_WAIT)
        raise ValueError(f"{text} is longer than {longest}, and `pulumi up` waits that long: write {longest} or less")
    return wait


def spread_problem(value: object) -> str | None:
    """What is wrong with a `spread`; None where nothing is."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_SPREAD:
        return None
    return f"must be a whole number of hundredths from 0 to {MOST_SPREAD}, such as 10"


def calendar_problem(
    lifetime: timedelta,
    rotate_every: timedelta,
    overlap: timedelta,
    calendar: Calendar,
    run_every: timedelta,
) -> tuple[str, str] | None:
    """What is wrong with a calendar where runs come every `run_every`, and the remedy; None where nothing is: windows
    that they can't meet while a key waits, and an overlap in which a key that waited too long might not see the next
    run.

    A key that waits keeps its overlap, and half of one before that (see `rotation.as_allowed`). One that was rotated so
    late that it leaves out a point of its grid is due up to a quarter of the period later.
    """
    if calendar == ALWAYS:
        return None
    if overlap < 2 * run_every:
        return (
            f"overlap {format_duration(overlap)} holds fewer than two runs (yandex-keys:runEvery is "
            f"{format_duration(run_every)}), and a key that waits could expire before the next one comes",
            f"make overlap {format_duration(2 * run_every)} or longer, or run more often and say so in "
            "yandex-keys:runEvery",
        )
    if not calendar.windows:
        return None
    wait = longest_wait(calendar.windows, run_every)
    period = rotate_every if wait <= rotate_every * 3 / 4 else rotate_every * 5 / 4
    least = period + wait + overlap * 3 / 2
    if least <= lifetime:
        return None
    # In words that are no finer than what the user writes.
    unit = timedelta(days=1) if least > timedelta(days=3) else timedelta(hours=1)
    enough = -(-least // unit) * unit
    return (
        f"runs every {format_duration(run_every)} (yandex-keys:runEvery) meet these windows only once in "
        f"{format_duration(wait)}, and a lifetime of {format_duration(lifetime)} with rotateEvery "
        f"{format_duration(rotate_every)} and overlap {format_duration(overlap)} can't wait that long",
        f"make lifetime {format_duration(enough)} or longer, open more windows, or run more often and say so in "
        "yandex-keys:runEvery",
    )


def url_problem(url: str) -> str | None:
    """Why a new key must not be sent to `url`; None where it may: https, or plain http to this very machine."""
    if len(url) > URL_LENGTH:
        return f"has {len(url)} characters, the limit is {URL_LENGTH}"
    if not url.isprintable() or not url.isascii() or any(char in url for char in ' \\<>"'):
        return "is not an address to call"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not an address to call"
    if not host or port == 0 or parts.scheme not in ("http", "https"):
        return "is not an address to call"
    if "@" in parts.netloc:
        return "has a user or a password in it"
    if parts.scheme == "http" and host not in LOOPBACK:
        return "would send the key in plain text"
    return None
