"""What of a value may be shown: a variable that should hold a path or a name may hold the credential itself, pasted in
the wrong place."""

from __future__ import annotations

import re
from typing import Final

# What gives a credential of Yandex Cloud, or of an OIDC issuer, away, wherever in a text it stands.
_CREDENTIAL: Final = re.compile(
    r"AQVN[-\w]{8}"  # an API key
    r"|\b[a-z][0-9]\.[-\w]{8}"  # an IAM token or cookie: `t1.…`, `c1.…`
    r"|\by[0-9]_[-\w]{8}"  # an OAuth token
    r"|\beyJ[-\w]{8}"  # the beginning of a JWT: `{"` in base64
    r"|[-\w]{16}\.[-\w]{16,}\.[-\w]{16}"  # three long parts with dots between them
    r"|(?=[-+=\w]*[a-z])(?=[-+=\w]*[A-Z])(?=[-+=\w]*[0-9])[-+=\w]{24}"  # base64: small and capital letters and digits mixed
)
# What a path has no business with: parts of JSON and PEM, and runs of base64 or hexadecimal digits.
_DOUBTFUL: Final = re.compile(r"-----|PRIVATE|[{}<>\"'\\]|[-+=\w]{40}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATH: Final = re.compile(r"(/|\./|\.\./|~/|[A-Za-z]:[/\\])[^\n]+")
_LONGEST: Final = 200
HIDDEN: Final = "the given value"


def is_credential(text: str) -> bool:
    """Whether `text` looks like a credential, or has one in it."""
    return bool(_CREDENTIAL.search(text))


def may_hold_secret(text: str) -> bool:
    """Whether `text` may be a part of a credential. Errs on the side of yes."""
    plain = _UUID.sub("", text)
    return not text.isprintable() or is_credential(plain) or bool(_DOUBTFUL.search(plain))


def shown_path(path: str) -> str:
    """`path` where it looks like one, else words in its place: only that a value was given."""
    looks = len(path) <= _LONGEST and _PATH.fullmatch(path) and not may_hold_secret(path.replace("\\", "/"))
    return path if looks else HIDDEN


def shown_words(text: str, longest: int = 32) -> str:
    """A short value in quotes, where it can't hold a credential; else words in its place."""
    return repr(text) if len(text) <= longest and not may_hold_secret(text) else HIDDEN


def quoted(value: object, longest: int = 60) -> str:
    """A wrong value for an error: quoted on one line, and cut where it is long. Only of what holds no secret."""
    text = repr(value)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
