"""What set-up tells the person who waits, on standard error: standard output stays for results."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from subprocess import Popen, TimeoutExpired
from typing import Any

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


def wait_for(
    process: Popen[Any], title: str, detail: Callable[[], str] = lambda: "", limit: float = float("inf")
) -> int:
    """Waits for a process to end, and shows meanwhile that it lives; answers its exit code.

    Raises TimeoutExpired, with the process still running, after `limit` seconds.
    """
    started = time.monotonic()
    terminal = sys.stderr.isatty()
    last = started
    while True:
        try:
            code = process.wait(timeout=min(_TICK_SECONDS, limit))
            break
        except TimeoutExpired:
            now = time.monotonic()
            if now - started >= limit:
                raise
            line = " ".join(filter(None, [f"{title}: {elapsed(now - started)}", detail()]))
            if terminal:
                print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
            elif now - last >= _QUIET_TICK_SECONDS:
                last = now
                say(line)
    if terminal:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return code
