"""The receipts of the local stack, as a table for people, at any width."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

_COLUMNS = ("key", "id", "ends", "next rotation")


def table(receipts: Mapping[str, Mapping[str, Any]], width: int = 80) -> str:
    """Two lines a key, in the order of their names: its dates, and where its secret is; more where `width` columns don't do.

    Holds no secret, as receipts don't.
    """
    rows = {name: _row(name, receipt) for name, receipt in sorted(receipts.items())}
    widths = [max(len(row[column]) for row in (_COLUMNS, *rows.values())) for column in range(len(_COLUMNS))]
    if sum(widths) + 2 * (len(widths) - 1) > width:
        return "\n".join(_block(row, receipts[name], width) for name, row in rows.items())
    lines = [_laid_out(_COLUMNS, widths), "  ".join("-" * each for each in widths)]
    for name, row in rows.items():
        lines += [_laid_out(row, widths), _wrapped(_destination(receipts[name]), width)]
    return "\n".join(lines)


def _row(name: str, receipt: Mapping[str, Any]) -> tuple[str, ...]:
    return (name, str(receipt["keyId"]), _day(receipt.get("expiresAt")), _day(receipt.get("nextRotationAt")))


def _block(row: tuple[str, ...], receipt: Mapping[str, Any], width: int) -> str:
    named = [f"{column} {cell}" for column, cell in zip(_COLUMNS[1:], row[1:], strict=True)]
    lines = [textwrap.fill(row[0], width), *(_wrapped(text, width) for text in [*named, _destination(receipt)])]
    return "\n".join(lines)


def _wrapped(text: str, width: int) -> str:
    return textwrap.fill(text, max(width, 10), initial_indent="  ", subsequent_indent="    ")


def _day(moment: object) -> str:
    """`2026-12-24T10:00:00Z` by its day and hour."""
    return str(moment).replace("T", " ")[:16] if moment else "never"


def _destination(receipt: Mapping[str, Any]) -> str:
    secret = f"secret {receipt['maskedSecret']}"
    if receipt.get("lockboxSecretId"):
        return f"{secret} in Lockbox {receipt['lockboxSecretId']}, entry {receipt['secretEntry']}"
    return f"{secret} in a secret output of the stack"


def _laid_out(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
