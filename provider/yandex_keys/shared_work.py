"""Work that several threads need at once: done once, in a thread of its own, and waited for without holding
anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Generic, TypeVar

from .errors import Cancelled

Result = TypeVar("Result")


class SharedWork(Generic[Result]):
    """The result of `work`, which is begun by the first who asks, and only then.

    Who asks waits until it is there, until the deadline, which is the same for all, or until the run is cancelled. Work
    that is waited for no longer goes on in its thread, which doesn't keep the process from ending; what it brings in
    the end is there for who asks later.
    """

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._result: Future[Result] = Future()
        self._began: float | None = None

    def get(self, seconds: float, cancelled: Future[None]) -> Result:
        """The result, waited for until `seconds` after the work was begun. Raises what `work` raised, TimeoutError, or
        Cancelled."""
        with self._lock:
            if self._began is None and not cancelled.done():
                self._began = time.monotonic()
                threading.Thread(target=self._run, name="login", daemon=True).start()
            left = seconds if self._began is None else max(0.0, self._began + seconds - time.monotonic())
        either: list[Future[Any]] = [self._result, cancelled]
        wait(either, left, FIRST_COMPLETED)
        if self._result.done():
            return self._result.result()
        if cancelled.done():
            raise Cancelled
        raise TimeoutError

    def _run(self) -> None:
        try:
            self._result.set_result(self._work())
        except BaseException as error:
            self._result.set_exception(error)
