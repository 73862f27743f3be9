"""What set-up tells the person who waits, on standard error: standard output stays for results."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_TICK_SECONDS = 1.0
# In a log each tick stays as a line of its own, so there are fewer of them.
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


def run_logged(
    command: Sequence[str],
    title: str,
    log: Path,
    detail: Callable[[], str] = lambda: "",
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Runs a command to its end, adds its output to `log`, and shows meanwhile that it lives; answers its exit code."""
    with log.open("a") as output:
        process = subprocess.Popen(
            command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    ticker = Ticker(title)
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(timeout=_TICK_SECONDS)
            ticker.tick(detail())
    finally:
        ticker.clear()
        # An interrupt of this process must not leave the command running.
        if process.poll() is None:
            process.terminate()
            process.wait()


def last_line(log: Path, otherwise: str) -> str:
    """The last words in `log`."""
    return next((line for line in reversed(log.read_text(errors="replace").splitlines()) if line.strip()), otherwise)
