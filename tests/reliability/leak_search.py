"""Finds secrets in what was written: plain, in base64 at any offset, in hex, escaped as in JSON or a URL."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote

# Shorter ones would be found by chance.
_SHORTEST = 12


def found_in(content: bytes, secrets: Iterable[str]) -> list[str]:
    """Those of `secrets` that `content` holds in any form."""
    lowered = content.lower()
    return [secret for secret in secrets if any(form in content for form in _forms(secret)) or _hex(secret) in lowered]


@lru_cache(maxsize=100_000)
def _forms(secret: str) -> tuple[bytes, ...]:
    assert len(secret) >= _SHORTEST, "too short to be looked for"
    plain = secret.encode()
    return tuple(dict.fromkeys((plain, quote(secret, safe="").encode(), *_base64_forms(plain))))


def _base64_forms(plain: bytes) -> Iterator[bytes]:
    """What base64 makes of it wherever it stands in what is encoded: the letters that don't depend on its neighbours."""
    for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            encoded = alphabet(b"\0" * offset + plain)
            first = (offset * 8 + 5) // 6
            last = (offset + len(plain)) * 8 // 6
            yield encoded[first:last]


def _hex(secret: str) -> bytes:
    return secret.encode().hex().encode()
