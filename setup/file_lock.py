"""A lock between processes, held on a file and released by the system however its holder ends."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def _nothing() -> None:
    pass


@contextmanager
def exclusive(path: Path, on_wait: Callable[[], None] = _nothing) -> Iterator[None]:
    """Holds the lock on `path` (made where it isn't there); calls `on_wait` when another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
