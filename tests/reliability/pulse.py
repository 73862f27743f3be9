"""Whoever waits for a part sees that it is alive: how far it is where it says so, and in any case how long it has run, at least once a minute."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from setup.progress import elapsed

_PERIOD: Final = 30.0


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class Pulse:
    """A line each `period` seconds while a part runs. `say` takes it."""

    def __init__(self, say: Callable[[str], None] = _print, period: float = _PERIOD) -> None:
        self._say, self._period = say, period
        self._reached = ""

    def reached(self, words: str) -> None:
        """How far the part is now, e.g. `12 of 40 cases`; said with the next line."""
        self._reached = words

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Goes on for as long as the block runs."""
        self._reached, over = "", threading.Event()
        started = time.monotonic()

        def beat() -> None:
            while not over.wait(self._period):
                words = f", {self._reached}" if self._reached else ""
                self._say(f"{part}: {elapsed(time.monotonic() - started)}{words}")

        thread = threading.Thread(target=beat, daemon=True, name="pulse")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
