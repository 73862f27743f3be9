"""A runner's request to stop, handed on to every engine that runs."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# After a polite request to stop, a plugin may finish a call that is under way; runners kill a job soon after.
_STOP_SECONDS = 30.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """The runner asked us to stop; the engine was told, and has kept what it had done."""

    def __init__(self) -> None:
        super().__init__("the runner ended the job; what was done is in the state, and the next run goes on from there")


class Stopping:
    """Tells each engine once, as Ctrl-C would, and lets it come to its end; one that takes too long is killed."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._running: set[subprocess.Popen[str]] = set()
        # The handler runs in the main thread, between any two steps of whatever that is doing.
        self._lock = threading.RLock()
        self._killer: threading.Timer | None = None

    @property
    def asked(self) -> bool:
        """Whether we have been asked to stop."""
        return self._asked.is_set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Takes the runner's signals as long as the block runs. In the main thread alone."""
        before = {number: signal.signal(number, self._stop) for number in _SIGNALS}
        try:
            yield
        finally:
            if self._killer is not None:
                self._killer.cancel()
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def over(self, process: subprocess.Popen[str]) -> Iterator[None]:
        """The block is the engine's run. Raises Stopped after it, where it was told to stop."""
        with self._lock:
            self._running.add(process)
            if self.asked:
                _interrupt(process)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(process)
        self.check()

    def check(self) -> None:
        """Raises Stopped where we have been asked to stop: nothing new is begun."""
        if self.asked:
            raise Stopped

    def sleep(self, seconds: float) -> None:
        """Waits, at the most until we are asked to stop. Raises Stopped."""
        self._asked.wait(seconds)
        self.check()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        with self._lock:
            if self.asked:
                return
            self._asked.set()
            for process in self._running:
                _interrupt(process)
            self._killer = threading.Timer(_STOP_SECONDS, self._kill)
            self._killer.daemon = True
            self._killer.start()

    def _kill(self) -> None:
        with self._lock:
            for process in self._running:
                process.kill()


@contextmanager
def alone(process: subprocess.Popen[str]) -> Iterator[None]:
    """One engine that runs in the main thread. Raises Stopped after it, where it was told to stop."""
    stopping = Stopping()
    with stopping.listening(), stopping.over(process):
        yield


def _interrupt(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
