"""Worker processes, each with a bench of its own: as many as this machine has processors."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TypeVar

from tests.reliability.bench import Bench
from tests.reliability.near_bench import NearBench

Task = TypeVar("Task")
Answer = TypeVar("Answer")

_BENCH: list[Bench] = []
_NEAR: list[NearBench] = []


@contextmanager
def workers(count: int | None = None) -> Iterator[Workers]:
    """Worker processes for as long as the block runs."""
    # Started afresh, not forked: gRPC's threads don't survive a fork.
    with ProcessPoolExecutor(count or processors(), get_context("spawn"), initializer=_open) as pool:
        yield Workers(pool)


class Workers:
    """Tasks go to whichever worker is free."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def each(self, work: Callable[[Task], Answer], tasks: Iterable[Task]) -> Iterator[Answer]:
        """The answers in the order in which they come. `work` finds its bench by `bench()`."""
        for done in as_completed([self._pool.submit(work, task) for task in tasks]):
            yield done.result()


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def bench() -> Bench:
    """This worker's bench."""
    return _BENCH[0]


def near_bench() -> NearBench:
    """This worker's bench in its own process."""
    return _NEAR[0]


def _open() -> None:
    directory = Path(tempfile.mkdtemp(prefix="reliability-"))
    opened = Bench(directory)
    _BENCH.append(opened)
    near = NearBench()
    _NEAR.append(near)

    def close() -> None:
        near.close()
        opened.close()
        shutil.rmtree(directory, ignore_errors=True)

    Finalize(None, close, exitpriority=10)
