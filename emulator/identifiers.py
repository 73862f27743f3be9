"""Ids and secrets shaped as Yandex Cloud's: 20 characters that begin with the service's three; keys begin with AQVN."""

from __future__ import annotations

import secrets
import string
from typing import Final

IAM: Final = "aje"
CLOUD: Final = "b1g"
LOCKBOX: Final = "e6q"
KMS: Final = "abj"
ORGANIZATION: Final = "bpf"

_ID_ALPHABET: Final = string.digits + "abcdefghijklmnopqrstuv"
_SECRET_ALPHABET: Final = string.ascii_letters + string.digits + "-_"


def new_id(prefix: str) -> str:
    """A fresh id of the service with that prefix."""
    return prefix + _random(_ID_ALPHABET, 17)


def new_api_key_secret() -> str:
    """The secret of an API key: 40 characters."""
    return "AQVN" + _random(_SECRET_ALPHABET, 36)


def masked(secret: str) -> str:
    """What may be shown of a secret: its last six characters."""
    return f"****{secret[-6:]}"


def _random(alphabet: str, length: int) -> str:
    """`length` characters of `alphabet`, whose length divides 256, so that each is as likely."""
    return "".join(alphabet[byte % len(alphabet)] for byte in secrets.token_bytes(length))
