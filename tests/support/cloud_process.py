"""An emulator in a process of its own, forked from one that has loaded its code: loading it costs ten times as much as starting it.

It runs the command's own `main`; `tests/emulator/test_process.py` starts the command as a user does.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

_END_SECONDS: Final = 30.0
# What forks is a process that runs nothing else: gRPC's threads and channels don't survive a fork.
_FORKED: Final = get_context("forkserver")
_FORKED.set_forkserver_preload(["emulator.__main__", "emulator.server"])


class CloudProcess:
    """One emulator on the data in a folder; it ends with this process at the latest. `ready` is its ready line."""

    def __init__(self, directory: Path) -> None:
        ours, theirs = _FORKED.Pipe(duplex=False)
        self._process = _FORKED.Process(target=_serve, args=(str(directory), theirs), daemon=True)
        self._process.start()
        theirs.close()
        with os.fdopen(os.dup(ours.fileno())) as printed:
            self.ready: dict[str, Any] = json.loads(printed.readline())
        # Kept open: what it prints later must not fail.
        self._output = ours

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def terminate(self) -> None:
        """Ends it as Ctrl-C would: what it holds is on disk, and no request is cut short."""
        self._process.terminate()
        self._gone()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._gone()

    def _gone(self) -> None:
        self._process.join(_END_SECONDS)
        # Raises ValueError where it still runs.
        self._process.close()
        self._output.close()


def _serve(directory: str, output: Connection) -> None:
    from emulator.__main__ import main

    # As the command has it, and before the first thread: the signal is the command's own to wait for.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    threading.Thread(target=_end_with_the_tests, daemon=True).start()
    os.dup2(output.fileno(), 1)
    output.close()
    main(["serve", "--data", directory])


def _end_with_the_tests() -> None:
    """Also where they were killed: nobody else would end it then."""
    tests = parent_process()
    assert tests is not None
    tests.join()
    os.kill(os.getpid(), signal.SIGTERM)
