"""What the process of a stack's program is told before it loads the rest."""

from __future__ import annotations

import gc
import os
import signal
from typing import Final

_ALL_IS_TOLD: Final = 32
"""The exit code that Pulumi's Python host takes for a program whose errors have been told."""


def begin() -> None:
    """For a process that runs one program and ends."""
    # What a program loads and declares stays until its end, seconds later: looking for garbage among it took a fifth of
    # its time, and found 5 MB of 110.
    gc.disable()
    # The engine ends the program by this signal once a resource has failed, and has told why; Python would add 26 lines
    # of its own.
    signal.signal(signal.SIGINT, lambda *_: os._exit(_ALL_IS_TOLD))
