"""Tables of figures, for a terminal and for docs/reliability.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = str | int | float


@dataclass
class Table:
    """A table. A cell of one of the columns `wrong` that isn't 0 fails the run."""

    title: str
    columns: Sequence[str]
    wrong: Sequence[str] = ()
    rows: list[tuple[Cell, ...]] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        """One more row."""
        assert len(cells) == len(self.columns), f"{self.title}: {cells}"
        self.rows.append(cells)

    def total(self) -> None:
        """A last row with the sums."""
        sums = [sum(row[at] for row in self.rows if isinstance(row[at], int)) for at in range(1, len(self.columns))]  # type: ignore[misc]
        self.rows.append(("all", *sums))

    @property
    def failed(self) -> bool:
        """Whether a cell is wrong."""
        return self.wrong_cells > 0

    @property
    def wrong_cells(self) -> int:
        """How many cells are wrong."""
        places = [at for at, name in enumerate(self.columns) if name in self.wrong]
        return sum(row[at] not in (0, "0", "") for row in self.rows for at in places)

    @property
    def cases(self) -> int:
        """The sum of the first column of figures; of rows, where there is none."""
        rows = [row for row in self.rows if row[0] != "all"]
        return sum(row[1] if isinstance(row[1], int) else 1 for row in rows)

    def text(self) -> str:
        """For a terminal."""
        rows = [self.columns, *[[_shown(cell) for cell in row] for row in self.rows]]
        widths = [max(len(row[at]) for row in rows) for at in range(len(self.columns))]
        lines = [
            "  ".join(_aligned(cell, width, at) for at, (cell, width) in enumerate(zip(row, widths, strict=True)))
            for row in rows
        ]
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([self.title, lines[0].rstrip(), rule, *[line.rstrip() for line in lines[1:]]])

    def markdown(self) -> str:
        """For the page."""
        head = f"| {' | '.join(self.columns)} |"
        rule = f"|{'|'.join('---' if at == 0 else '--:' for at in range(len(self.columns)))}|"
        rows = [f"| {' | '.join(_shown(cell) for cell in row)} |" for row in self.rows]
        return "\n".join([f"**{self.title}**", "", head, rule, *rows])


def _shown(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.1f}" if isinstance(cell, float) else cell


def _aligned(cell: str, width: int, at: int) -> str:
    return cell.ljust(width) if at == 0 else cell.rjust(width)
