"""Ends the plugin with an engine that was killed: nobody else does, and what the plugin still did could be noted in no
state.

It must be gone before the user's next command looks at the cloud, or the two would work on the same keys.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Final

_CONNECT_TIMEOUT: Final = 5.0
_PAUSE: Final = 0.1
_REFUSALS: Final = 2


def end_with(engine: str) -> None:
    """Ends this process as soon as nothing listens at the engine's address any more; does nothing where there is
    none."""
    host, _, port = engine.rpartition(":")
    if port.isdecimal():
        threading.Thread(target=_watch, args=(host, int(port)), name="engine watch", daemon=True).start()


def _watch(host: str, port: int) -> None:
    wait_until_gone(host, port)
    # Not an orderly end: whatever is under way would be finished, and a run that begins meanwhile would meet it
    # half-way. Every step is safe to be cut off at any moment; the next run finds what is there.
    os._exit(1)


def wait_until_gone(host: str, port: int) -> None:
    """Returns when connections to that address are refused. A line is kept open: its end is noticed at once."""
    refused = 0
    while refused < _REFUSALS:
        try:
            with socket.create_connection((host, port), timeout=_CONNECT_TIMEOUT) as line:
                refused = 0
                line.settimeout(None)
                # A gRPC server greets, and hangs up on who stays silent: then a new line is opened.
                while line.recv(4096):
                    pass
        except ConnectionRefusedError:
            refused += 1
        except OSError:
            refused = 0
        time.sleep(_PAUSE)
