"""What a service answered holds no secret when it is shown, and nothing that a terminal obeys."""

from __future__ import annotations

import base64
import html
import json
import quopri
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys.scrubbing import NOT_SHOWN, safe_excerpt

SECRET: Final = "AQVNxK3v9-Zq_7LmP2sT5wYbR8dFgH1jC4nQ6uEa"

ENCODINGS: Final[dict[str, Callable[[str], str]]] = {
    "in capitals": str.upper,
    "in small letters": str.lower,
    "backwards": lambda text: text[::-1],
    "one to a line": "\n".join,
    "with blanks": " ".join,
    "UTF-16": lambda text: text.encode("utf-16").decode("latin-1"),
    "UTF-32": lambda text: text.encode("utf-32-be").decode("latin-1"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of the header": lambda text: base64.b64encode(f"Authorization: Api-Key {text}".encode()).decode(),
    "base64 of a login": lambda text: base64.b64encode(f"me:{text}".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"key={text}&".encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes(f"{'x' * 40}{text}".encode()).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex in capitals": lambda text: text.encode().hex().upper(),
    "hex with blanks": lambda text: text.encode().hex(" "),
    "hex with colons": lambda text: text.encode().hex(":"),
    "codes": lambda text: json.dumps([ord(char) for char in text]),
    "a URL's": lambda text: "".join(f"%{ord(char):02X}" for char in text),
    "a URL's twice": lambda text: quote("".join(f"%{ord(char):02x}" for char in text)),
    "HTML's": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "HTML's in hex": lambda text: html.escape("".join(f"&#x{ord(char):x};" for char in text)),
    "JSON's": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "JSON's in JSON": lambda text: json.dumps("".join(f"\\u{ord(char):04X}" for char in text)),
    "Python's": lambda text: "".join(f"\\x{ord(char):02x}" for char in text),
    "JavaScript's": lambda text: "".join(f"\\u{{{ord(char):x}}}" for char in text),
    "quoted-printable": lambda text: "".join(f"={ord(char):02X}" for char in text),
    "quoted-printable, where needed": lambda text: quopri.encodestring(text.encode()).decode(),
    "a part": lambda text: text[10:20],
    "a part in base64": lambda text: base64.b64encode(text[:20].encode()).decode(),
}


@pytest.mark.parametrize("how", ENCODINGS)
def test_an_answer_with_the_secret_in_any_writing_is_not_shown(how: str) -> None:
    body = f"key {ENCODINGS[how](SECRET)} is unknown".encode()
    assert safe_excerpt(body, SECRET) in (NOT_SHOWN, "key [secret] is unknown")


def test_the_secret_alone_is_taken_out_of_the_answer() -> None:
    assert safe_excerpt(f"Unknown api key '{SECRET}'".encode(), SECRET) == "Unknown api key '[secret]'"


def test_an_answer_that_was_cut_within_the_secret_is_not_shown() -> None:
    assert safe_excerpt(f"Unknown api key '{SECRET[:30]}".encode(), SECRET) == NOT_SHOWN


@pytest.mark.parametrize(
    "said",
    [
        "",
        '{"code": 16, "message": "The token is invalid", "details": [{"requestId": "5a1f0c3e-90f1-4a67"}]}',
        "<html><body>Bad Gateway &#x1F6A7; 100% =3D \\u0041</body></html>",
        "ключ неизвестен AQVN****6uEa",
    ],
)
def test_other_answers_are_shown_as_they_are(said: str) -> None:
    assert safe_excerpt(said.encode(), SECRET) == said


def test_a_long_answer_is_cut_and_a_broken_one_is_one_line() -> None:
    assert safe_excerpt(b"x " * 1000, SECRET, longest=9) == "x x x x x…"
    assert safe_excerpt(b"a\r\n\tb\x00\x1b[2J\x9b\xff\xe2\x80\xae", SECRET) == "a b\\x00\\x1b[2J\ufffd\ufffd\\u202e"


@given(st.binary(max_size=500), st.from_regex(r"\AAQVN[-_a-zA-Z0-9]{36}\Z"))
def test_anything_becomes_one_printable_line_without_the_secret(body: bytes, secret: str) -> None:
    for answer in (body, body + secret.encode() + body, secret.encode().join([body, body, body])):
        line = safe_excerpt(answer, secret)
        assert line.isprintable()
        assert len(line) <= 201
        assert not any(secret[at : at + 8] in line for at in range(len(secret) - 7))
