"""The receipts of the local stack, as a table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_COLUMNS = ("key", "id", "secret", "expires", "next rotation", "delivered to")


def table(receipts: Mapping[str, Mapping[str, Any]]) -> str:
    """One line a key, in the order of their names; holds no secret, as receipts don't."""
    return _laid_out([_COLUMNS, *(_row(name, receipt) for name, receipt in sorted(receipts.items()))])


def _row(name: str, receipt: Mapping[str, Any]) -> Sequence[str]:
    return (
        name,
        str(receipt["keyId"]),
        str(receipt["maskedSecret"]),
        _day(receipt.get("expiresAt")),
        _day(receipt.get("nextRotationAt")),
        _destination(receipt),
    )


def _day(moment: object) -> str:
    """`2026-12-24T10:00:00Z` by its day and hour."""
    return str(moment).replace("T", " ")[:16] if moment else "never"


def _destination(receipt: Mapping[str, Any]) -> str:
    if receipt.get("lockboxSecretId"):
        return f"Lockbox {receipt['lockboxSecretId']}, entry {receipt['secretEntry']}"
    return "a secret output of the stack"


def _laid_out(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
