"""The receipts of the local stack, as a table for people, at any width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from tools.table import grid, least_width, plain


class Receipt(TypedDict):
    """What people are shown of a key's receipt, as the stack's output `receipts` has it."""

    keyId: str
    maskedSecret: str
    expiresAt: NotRequired[str | None]
    nextRotationAt: NotRequired[str | None]
    lockboxSecretId: NotRequired[str | None]
    secretEntry: NotRequired[str | None]


def table(receipts: Mapping[str, Receipt], width: int = 80) -> str:
    """The keys in the order of their names, each with its id, its dates and where its secret is. Holds no secret, as receipts don't.

    Where `width` columns are too few for a table, its cells stand one below the other.
    """
    drawn = grid(
        ("key", "left"), ("ends", "left"), ("next rotation", "left"), ("secret", "left"), whole=("key", "secret")
    )
    blocks: list[RenderableType] = []
    for name, receipt in sorted(receipts.items()):
        ends, rotates = _day(receipt.get("expiresAt")), _day(receipt.get("nextRotationAt"))
        key, secret = f"{name}\n{receipt['keyId']}", _secret(receipt)
        drawn.add_row(*map(Text, (key, ends, rotates, secret)))
        below = f"{receipt['keyId']}\nends {ends}\nnext rotation {rotates}\n{secret}"
        blocks += [Text(name), Padding(Text(below), (0, 0, 0, 2))]
    return plain(drawn if least_width(drawn) <= width else Group(*blocks), width)


def _day(moment: str | None) -> str:
    """`2026-12-24T10:00:00Z` by its day and hour."""
    return moment.replace("T", " ")[:16] if moment else "never"


def _secret(receipt: Receipt) -> str:
    """Its last characters, and where the whole of it is."""
    masked, lockbox = receipt["maskedSecret"], receipt.get("lockboxSecretId")
    return (
        f"{masked} in Lockbox\n{lockbox}\nentry {receipt.get('secretEntry')}"
        if lockbox
        else f"{masked} in a secret\noutput of the stack"
    )
