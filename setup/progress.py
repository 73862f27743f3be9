"""What set-up tells the person who waits, on standard error: standard output stays for results."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from subprocess import Popen, TimeoutExpired

_TICK_SECONDS = 1.0
# Without a terminal, in a pipeline's log, a line is kept: fewer of them.
_QUIET_TICK_SECONDS = 30.0


def say(line: str) -> None:
    """Writes one line for the reader."""
    print(line, file=sys.stderr, flush=True)


def elapsed(seconds: float) -> str:
    """`3m 05s`, as a person says it."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m {rest:02d}s" if minutes else f"{rest}s"


class Ticker:
    """A line that shows that something goes on: on a terminal one that changes, in a log one now and then."""

    def __init__(self, title: str) -> None:
        self._title, self._terminal = title, sys.stderr.isatty()
        self._started = self._last = time.monotonic()

    def tick(self, detail: str = "") -> None:
        """To be called often; shows the title, the time and `detail` where it is time to."""
        now = time.monotonic()
        if now - self._last < (_TICK_SECONDS if self._terminal else _QUIET_TICK_SECONDS):
            return
        self._last = now
        line = " ".join(filter(None, [f"{self._title}: {elapsed(now - self._started)}", detail]))
        if self._terminal:
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        else:
            say(line)

    def clear(self) -> None:
        """Takes the line away, where it is one that changes."""
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def wait_for(
    process: Popen[bytes], title: str, detail: Callable[[], str] = lambda: "", limit: float = float("inf")
) -> int:
    """Waits for a process to end, and shows meanwhile that it lives; answers its exit code.

    Raises TimeoutExpired, with the process still running, after `limit` seconds.
    """
    started = time.monotonic()
    ticker = Ticker(title)
    while True:
        try:
            code = process.wait(timeout=min(_TICK_SECONDS, limit))
            break
        except TimeoutExpired:
            if time.monotonic() - started >= limit:
                raise
            ticker.tick(detail())
    ticker.clear()
    return code
