"""What in a job's environment is secret, and every form in which it might be printed.

By the names of variables rather than by a list: a runner has more of them than we know, and a credential that was set in the wrong
place has a credential's name all the same.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

SHORTEST = 6
"""Shorter texts aren't looked for: they would be found everywhere."""
_CREDENTIAL = re.compile(
    r"(?:^|_)(?:TOKENS?|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|KEY|APIKEY|JWT|WEBHOOK|PRIVATE)(?:_|$)"
    r"|^(?:IDENTITY_HEADER|PGPASSWORD)$"
)
# Such as `AccountName=…;AccountKey=…`: its parts turn up alone as well.
_CONNECTION = re.compile(r"CONNECTION_?STRING")
# Endings of names that say something about a credential and hold none, such as `YANDEX_KEYS_TOKEN_EXCHANGE_URL`.
_ABOUT = ("_ID", "_URL", "_NAME", "_TYPE", "_AUDIENCE", "_ALGORITHM", "_VERSION", "_DIR", "_EXPIRES")
# Of a JSON object; its other members are ids and dates, which logs are full of.
_SECRET_MEMBERS = ("private_key", "secret", "token", "password", "passphrase", "key")
_LONGEST_FILE = 1 << 20


def found_in(environment: Mapping[str, str]) -> Iterator[str]:
    """Each secret of a job: values of variables, and what the files that they name hold."""
    for name, value in environment.items():
        if _is_credential(name):
            held = _file_content(value)
            if held is not None:
                yield held
            elif not _looks_like_a_path(name, value):
                yield value.strip()
        elif _CONNECTION.search(name.upper()):
            yield value.strip()
            yield from _secret_parts(value)
        elif "://" in value:
            yield from _password(value)


def forms(secret: str) -> set[str]:
    """`secret` as it may turn up in a text: whole, line by line, escaped as JSON, in base64 wherever it begins, a JSON's own secrets."""
    secret = secret.strip()
    texts = {secret, *(line.strip() for line in secret.splitlines()), *_members(secret)}
    texts |= {line.strip() for text in _members(secret) for line in text.splitlines()}
    found = set(texts)
    for text in texts:
        found |= {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    for text in {secret, *_members(secret)}:
        found |= set(_in_base64(text.encode()))
    return {form for form in found if len(form) >= SHORTEST}


def _is_credential(name: str) -> bool:
    upper = name.upper()
    return bool(_CREDENTIAL.search(upper)) and (not upper.endswith(_ABOUT) or "WEBHOOK" in upper)


def _file_content(value: str) -> str | None:
    """What the file that `value` names holds; None where it names none."""
    if "\n" in value:
        return None
    try:
        file = Path(value.strip()).expanduser()
        if not file.is_file() or file.stat().st_size > _LONGEST_FILE:
            return None
        return file.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError, RuntimeError):
        return None


def _looks_like_a_path(name: str, value: str) -> bool:
    """A path to nothing is no secret, and whoever mistyped it wants to read it. Keys may begin with a slash as well, so the name counts."""
    takes_one = name.endswith(("_FILE", "_PATH", "_CREDENTIALS")) or name == "YANDEX_KEYS_FEDERATED_TOKEN"
    return takes_one and value.startswith(("/", "./", "../", "~/")) and len(value.split()) == 1


def _secret_parts(connection: str) -> Iterator[str]:
    for part in connection.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower().endswith(("key", "signature", "password")):
            yield value.strip()


def _password(value: str) -> Iterator[str]:
    """That of an address such as a proxy's."""
    try:
        password = urlsplit(value).password
    except ValueError:
        return
    if password:
        yield password


def _members(secret: str) -> set[str]:
    """The texts under a secret's name, where `secret` is JSON."""
    try:
        content = json.loads(secret)
    except ValueError:
        return set()
    return set(_texts(content, secret_name=False))


def _texts(content: object, *, secret_name: bool) -> Iterator[str]:
    if isinstance(content, str):
        if secret_name:
            yield content
    elif isinstance(content, list):
        for each in content:
            yield from _texts(each, secret_name=secret_name)
    elif isinstance(content, dict):
        for name, each in content.items():
            yield from _texts(each, secret_name=str(name).lower().endswith(_SECRET_MEMBERS))


def _in_base64(secret: bytes) -> Iterator[str]:
    """Its characters that don't depend on what stands before and after it, for each of the three places where it may begin."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret).decode().rstrip("=")
        # A character is of six bits: those that share a byte with a neighbour are left out.
        first, last = (before * 8 + 5) // 6, (before + len(secret)) * 8 // 6
        inner = encoded[first:last]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")
