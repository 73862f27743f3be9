"""Tables for people: one line a thing, as many columns as the terminal has room for, the more important ones first."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

_GAP = "  "
_ROOM = 32
"""How many columns words need at least to be read with ease."""


@dataclass(frozen=True)
class Column:
    """One column. Of those that don't fit, the ones with the highest `rank` are left out first; rank 0 is never left out."""

    title: str
    rank: int = 0


@dataclass(frozen=True)
class Cell:
    """One cell; `style` is a colour of Rich's, shown on terminals alone."""

    text: str
    style: str = ""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end the process itself, with 1: that of findings."""
        raise BrokenPipeError


def console() -> Console:
    """Where tables go: colours on a terminal alone, and none where NO_COLOR is set. Elsewhere no line is ever cut."""
    return _Console(highlight=False, soft_wrap=True, markup=False, emoji=False)


def width_of(out: Console) -> int | None:
    """How many columns there are; None where it isn't a terminal, and lines may be as long as they like. COLUMNS sets it anywhere."""
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return out.width if sys.stdout.isatty() else None


def show_line(out: Console, line: Text | str, hang: int = 4) -> None:
    """Prints a line. Where the terminal is narrower, it goes on beneath its column `hang`, or nearer to the edge where that leaves little room."""
    limit = width_of(out)
    text = Text(line) if isinstance(line, str) else line
    if limit is None or len(text) <= limit:
        out.print(text)
        return
    hang = hang if limit - hang >= _ROOM else 4
    begin, end, indent = 0, 0, ""
    for word in re.finditer(r"\S+", text.plain):
        if end and len(indent) + word.end() - begin > limit:
            out.print(Text(indent) + text[begin:end])
            begin, indent = word.start(), " " * hang
        end = word.end()
    out.print(Text(indent) + text[begin:])


def show_table(out: Console, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    """Prints the table; below it, which columns had no room. A column that has nothing in any row is left out without a word."""
    filled = [at for at in range(len(columns)) if columns[at].rank == 0 or any(row[at].text for row in rows)]
    widths = {at: max(len(columns[at].title), *(len(row[at].text) for row in rows)) for at in filled}
    limit = width_of(out)
    shown = list(filled)
    while limit is not None and sum(widths[at] for at in shown) + len(_GAP) * (len(shown) - 1) > limit:
        least = max(shown, key=lambda at: columns[at].rank)
        if columns[least].rank == 0:
            break
        shown.remove(least)
    left_out = [columns[at].title for at in filled if at not in shown]
    note = _left_out(left_out, limit)
    titles = _GAP.join(columns[at].title.ljust(widths[at]) for at in shown).rstrip()
    rule = _GAP.join("-" * widths[at] for at in shown)
    if out.color_system is None:
        # Thousands of lines at once: laid out by Rich they would take seconds.
        plain = [_GAP.join(row[at].text.ljust(widths[at]) for at in shown).rstrip() for row in rows]
        out.file.write("".join(f"{line}\n" for line in [titles, rule, *plain, *([note] if note else [])]))
        return
    out.print(Text(titles, style="bold"))
    out.print(rule)
    for row in rows:
        line = Text()
        for at in shown:
            line.append(row[at].text.ljust(widths[at]), style=row[at].style or None)
            line.append(_GAP)
        line.rstrip()
        out.print(line)
    if note:
        out.print(Text(note, style="dim"))


def _left_out(titles: Sequence[str], limit: int | None) -> str:
    if not titles:
        return ""
    words = f"No room for {', '.join(titles)}: make the terminal wider, or see --json and --csv."
    return textwrap.fill(words, limit) if limit else words
