"""What a service answered, made safe to show: no secret, in no encoding that an answer is likely to have it in, and
nothing that a terminal obeys."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, unquote

NOT_SHOWN: Final = "what it said repeats the key, and is not shown"
_PIECE: Final = 8
"""How many characters in a row of a secret, or of an encoding of it, are too many: the beginning that all secrets share
is shorter."""
_ESCAPED: Final = re.compile(r"\\+(?:u00|u\{|x|U000000)([0-9a-fA-F]{2})\}?|=([0-9A-F]{2})")
"""A character as JSON, JavaScript, Python and quoted-printable write it by its number."""
_CODE: Final = re.compile(r"(?<!\d)\d{2,3}(?!\d)")
"""A character's code in a list of numbers."""
_BETWEEN: Final = re.compile(r"[^A-Za-z0-9+/_%-]+")
"""What may stand between the characters of a secret that was broken up: line ends, blanks, the zero bytes of UTF-16."""


def safe_excerpt(body: bytes, secret: str, longest: int = 200) -> str:
    """The beginning of `body` as one line of at most `longest` characters, with `[secret]` where the secret stood.

    NOT_SHOWN where a part of the secret, or an encoding of it, is left in the text after that.
    """
    text = body.decode("utf-8", "replace").replace(secret, "[secret]")
    if _holds(text, secret):
        return NOT_SHOWN
    line = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in " ".join(text.split())
    )
    return line if len(line) <= longest else f"{line[:longest]}…"


def _holds(text: str, secret: str) -> bool:
    readings = {reading.lower() for once in _decoded(text) for reading in (once, _BETWEEN.sub("", once))}
    return any(piece in reading for piece in _pieces(secret) for reading in readings)


def _decoded(text: str) -> Iterator[str]:
    """`text`, and what it says once, twice and three times decoded."""
    yield text
    for _ in range(3):
        text = _ESCAPED.sub(lambda number: chr(int(number[1] or number[2], 16)), html.unescape(unquote(text)))
        yield text
    yield "".join(chr(int(code)) for code in _CODE.findall(text))


def _pieces(secret: str) -> set[str]:
    """All that is too much of the secret, in lower case."""
    # Where base64 of a text that holds the secret begins depends on what stands before it; at the ends of it,
    # neighbours mix in.
    encoded = [base64.b64encode(b"\0" * before + secret.encode()).decode()[4:-4] for before in range(3)]
    forms = [
        secret,
        secret[::-1],
        secret.encode().hex(),
        quote(secret, safe=""),
        base64.b32encode(secret.encode()).decode().rstrip("="),
        *encoded,
        *(form.replace("+", "-").replace("/", "_") for form in encoded),
    ]
    length = min(_PIECE, len(secret))
    return {form[at : at + length].lower() for form in forms for at in range(len(form) - length + 1)}
