"""Waiting until a process that isn't our child has ended, told by the system: no polling, no sleeping."""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress


def wait_until_gone(pid: int, seconds: float = 30.0) -> None:
    """Returns when the process has ended, at once if it isn't there. Raises TimeoutError after `seconds`."""
    with suppress(ProcessLookupError):
        if not _ended(pid, seconds):
            raise TimeoutError(f"process {pid} still runs after {seconds} seconds")


if sys.platform == "darwin":

    def _ended(pid: int, seconds: float) -> bool:
        queue = select.kqueue()
        watch = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
        return bool(queue.control([watch], 1, seconds))

else:

    def _ended(pid: int, seconds: float) -> bool:
        descriptor = os.pidfd_open(pid)
        try:
            # Not select(): a test process may hold more than 1,024 descriptors.
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            return bool(poll.poll(seconds * 1_000))
        finally:
            os.close(descriptor)
