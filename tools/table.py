"""Tables, for people and for pages: drawn by rich for a terminal, a pipe or a log, and as Markdown for docs/reliability.md."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.rule import Rule
from rich.table import Table as Grid
from rich.text import Text

Cell = str | int | float
# Wider than any terminal, so that nothing is wrapped.
_UNBOUNDED = 100_000


def grid(*columns: tuple[str, Literal["left", "right"]], whole: Sequence[str] = ()) -> Grid:
    """A table without rows: headings with a rule below them, two blanks between columns. Those named in `whole` are never wrapped."""
    drawn = Grid(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name, justify in columns:
        drawn.add_column(Text(name), justify=justify, overflow="fold", no_wrap=name in whole)
    drawn.add_row(*[Rule(characters="-", style="none") for _ in columns])
    return drawn


def plain(shown: RenderableType, width: int | None = None) -> str:
    """`shown` as text that is the same wherever it is printed: no colours, no more than `width` columns, or as many as it takes."""
    console = _console(width)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().rstrip("\n").split("\n"))


def least_width(shown: RenderableType) -> int:
    """The columns that it takes where no word is cut."""
    console = _console(None)
    return Measurement.get(console, console.options, shown).minimum


def _console(width: int | None) -> Console:
    return Console(file=io.StringIO(), width=width or _UNBOUNDED, color_system=None, force_terminal=False)


@dataclass
class Table:
    """A table of figures. A cell of one of the columns `wrong` that isn't 0 fails the run; the columns `words` are read from the left."""

    title: str
    columns: Sequence[str]
    wrong: Sequence[str] = ()
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    words: Sequence[str] = ()

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

    def text(self, width: int | None = None) -> str:
        """For people: within `width` columns, or as wide as it takes."""
        first, *figures = self.columns
        drawn = grid((first, "left"), *[(name, "left" if name in self.words else "right") for name in figures])
        for row in self.rows:
            drawn.add_row(*[Text(_text_of(cell)) for cell in row])
        return f"{plain(Text(self.title), width)}\n{plain(drawn, width)}"

    def markdown(self) -> str:
        """For the page."""
        head = f"| {' | '.join(self.columns)} |"
        sides = ["---" if at == 0 or name in self.words else "--:" for at, name in enumerate(self.columns)]
        rule = f"|{'|'.join(sides)}|"
        rows = [f"| {' | '.join(_text_of(cell) for cell in row)} |" for row in self.rows]
        return "\n".join([f"**{self.title}**", "", head, rule, *rows])


def _text_of(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.1f}" if isinstance(cell, float) else cell
