"""The consumer's process, as the one who started it sees it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from setup.engine.places import REPOSITORY
from tools.demo.consumer import Assignment, Report

_SECONDS = 60.0
_END_SECONDS = 20.0


class ConsumerEnded(Exception):
    """The consumer's process ended, or fell silent, before it was told to; its own words are on standard error."""


class ConsumerProcess:
    """A running consumer. `last` is its newest report."""

    def __init__(self, assignment: Assignment) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.demo.consumer"],
            cwd=REPOSITORY,
            # Its machine's metadata service is played by the local cloud.
            env={**os.environ, "YC_METADATA_ADDR": assignment.http.removeprefix("http://")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # The terminal's Ctrl-C is for the one who tells the story, and stops this one on its way out.
            start_new_session=True,
        )
        self.last = Report()
        self._news = threading.Condition()
        self._ended = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        assert self._process.stdin is not None
        with self._process.stdin as pipe:
            pipe.write(assignment.to_json() + "\n")

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def wait_for_reading(self, since: float | None = None) -> Report:
        """The first report after a reading that begins from now on, or from `since` by the machine's monotonic clock.

        What was in Lockbox then, it has seen. Raises ConsumerEnded.
        """
        asked = time.monotonic() if since is None else since
        return self._wait(lambda report: report.read_began >= asked)

    def stop(self) -> Report:
        """Ends it by its own process; answers its last report."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()
        return self.last

    def _wait(self, holds: Callable[[Report], bool]) -> Report:
        with self._news:
            if not self._news.wait_for(lambda: self._ended or holds(self.last), _SECONDS) or self._ended:
                raise ConsumerEnded(f"the consumer (process {self.pid}) has ended or says nothing")
            return self.last

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                report = Report.from_json(line)
                with self._news:
                    self.last = report
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()
