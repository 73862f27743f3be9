"""The accounts that are measured: ten keys each, every key with a Lockbox secret of its own."""

from __future__ import annotations

from typing import Final

_KEYS_AN_ACCOUNT: Final = 10


def accounts(keys: int) -> list[dict[str, object]]:
    """As a stack file declares them; the last account has what is left."""
    sizes = [min(_KEYS_AN_ACCOUNT, keys - at) for at in range(0, keys, _KEYS_AN_ACCOUNT)]
    return [
        {"name": f"account{number}", "keys": [{"name": f"key{at}", "uses": ["translate"]} for at in range(size)]}
        for number, size in enumerate(sizes)
    ]
