"""How the story is printed: plain words, at most 100 columns, colours on a terminal alone."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TextIO

from tools.demo.timeline import WIDTH

_BOLD, _DIM, _GREEN, _RED, _PLAIN = "\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m"


@dataclass
class Stage:
    """Prints to `stream`. `coloured` as NO_COLOR (https://no-color.org) and the terminal say."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    coloured: bool | None = None

    def __post_init__(self) -> None:
        if self.coloured is None:
            self.coloured = self.stream.isatty() and not os.environ.get("NO_COLOR")

    def title(self, text: str) -> None:
        """Opens the story."""
        self._print(text, _BOLD)

    def chapter(self, day: int, date: str, text: str) -> None:
        """A new day, and what it brings."""
        self._print("")
        self._wrapped(f"Day {day:<4}{date}  ", text, _BOLD)

    def tell(self, text: str) -> None:
        """A sentence."""
        self._wrapped("  ", text)

    def command(self, text: str) -> None:
        """What is typed."""
        self._wrapped("  $ ", text, _DIM)

    def said(self, lines: Iterable[str]) -> None:
        """What a command answers."""
        for line in lines:
            self._wrapped("    ", line, _DIM)

    def answer(self, who: str, status: int, reason: str = "") -> None:
        """What a service answers to a call."""
        words = "accepted" if status == 200 else f"refused: {reason}"
        self._wrapped("    ", f"{who}  {status} {words}", _GREEN if status == 200 else _RED)

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
        shown = f"{style}{line}{_PLAIN}" if style and self.coloured else line
        print(shown, file=self.stream, flush=True)
