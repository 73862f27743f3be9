"""How the story is printed: plain words, at most 100 columns, colours on a terminal alone, as rich and NO_COLOR (https://no-color.org) have it."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console

from tools.demo.timeline import WIDTH


@dataclass
class Stage:
    """Prints to `stream`."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)

    def __post_init__(self) -> None:
        self._console = Console(file=self.stream, soft_wrap=True, markup=False, highlight=False, emoji=False)

    def title(self, text: str) -> None:
        """Opens the story."""
        self._print(text, "bold")

    def chapter(self, day: int, date: str, text: str) -> None:
        """A new day, and what it brings."""
        self._print("")
        self._wrapped(f"Day {day:<4}{date}  ", text, "bold")

    def tell(self, text: str) -> None:
        """A sentence."""
        self._wrapped("  ", text)

    def command(self, text: str) -> None:
        """What is typed."""
        self._wrapped("  $ ", text, "dim")

    def said(self, lines: Iterable[str]) -> None:
        """What a command answers."""
        for line in lines:
            self._wrapped("    ", line, "dim")

    def answer(self, who: str, status: int, reason: str = "") -> None:
        """What a service answers to a call."""
        words = "accepted" if status == 200 else f"refused: {reason}"
        self._wrapped("    ", f"{who}  {status} {words}", "green" if status == 200 else "red")

    def picture(self, lines: Iterable[str]) -> None:
        """Lines that must stay as they are."""
        for line in lines:
            self._print(line)

    def _wrapped(self, lead: str, text: str, style: str = "") -> None:
        rest = " " * len(lead)
        for line in textwrap.wrap(
            text, WIDTH, initial_indent=lead, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
        ):
            self._print(line, style)

    def _print(self, line: str, style: str = "") -> None:
        self._console.print(line, style=style)
