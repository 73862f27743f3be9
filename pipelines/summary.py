"""The table at the end of a run of several stacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.words import one_line

_TITLES: Final = ("stack", "stage", "outcome", "seconds", "what")
_LONGEST: Final = 100


@dataclass(frozen=True)
class Row:
    """One stack's line. seconds: from its turn to its end; None where it had none."""

    stack: str
    stage: str
    outcome: str
    seconds: float | None
    what: str


def table(rows: Sequence[Row]) -> str:
    """All rows under their titles, each column as wide as it has to be."""
    cells = [_TITLES, *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_TITLES) - 1)]
    return "\n".join(_line(row, widths) for row in cells)


def _cells(row: Row) -> tuple[str, ...]:
    seconds = "-" if row.seconds is None else f"{row.seconds:.1f}"
    what = one_line(row.what)
    return row.stack, row.stage or "-", row.outcome, seconds, what if len(what) <= _LONGEST else f"{what[:_LONGEST]}…"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    *columns, last = cells
    return "  ".join([*(cell.ljust(width) for cell, width in zip(columns, widths, strict=True)), last]).rstrip()
