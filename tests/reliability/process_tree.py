"""The processes that a command has started, as everybody on the machine sees them."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_POLL: Final = 0.02


@dataclass(frozen=True)
class Process:
    """One process and the arguments that it was started with."""

    pid: int
    parent: int
    arguments: str

    def is_plugin(self) -> bool:
        """Whether it is our provider plugin: Python on the folder `provider`, with the engine's address."""
        words = self.arguments.split()
        return "python" in words[0] and any(word.endswith("/provider") for word in words[1:])

    def is_running(self) -> bool:
        """Whether it still is; what has ended and wasn't waited for yet has ended."""
        done = _ps("-o", "stat=", "-p", str(self.pid)).strip()
        return bool(done) and not done.startswith("Z")

    def kill(self) -> None:
        """SIGKILL."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def descendants(pid: int) -> list[Process]:
    """Everything below that process."""
    every = [_process(line) for line in _ps("-A", "-o", "pid=,ppid=,args=").splitlines() if line.strip()]
    found: list[Process] = []
    parents = {pid}
    while parents:
        level = [process for process in every if process.parent in parents]
        found += level
        parents = {process.pid for process in level}
    return found


def every_argument() -> str:
    """The arguments of every process on the machine, as every user sees them."""
    return _ps("-A", "-o", "args=")


def every_environment() -> bytes:
    """The environments of all processes as far as another user of the machine sees them; nothing where the system has no /proc.

    The engine gives a plugin the stack's settings, decrypted, in an environment variable, and the kernel shows that to the same user only. Root can
    look with somebody else's eyes; anybody else goes by the modes of the files.
    """
    if os.geteuid() == 0:
        look = ["sh", "-c", "cat /proc/[0-9]*/environ 2>/dev/null"]
        return subprocess.run(look, check=False, capture_output=True, user="nobody", extra_groups=[], cwd="/").stdout
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if place.stat().st_mode & stat.S_IROTH:
                found.append(place.read_bytes())
    return b"\n".join(found)


def all_end(processes: Sequence[Process], seconds: float) -> list[Process]:
    """Waits until all have ended; those that still run after that many seconds."""
    deadline = time.monotonic() + seconds
    left = list(processes)
    while left and time.monotonic() < deadline:
        left = [process for process in left if process.is_running()]
        if left:
            time.sleep(_POLL)
    return left


def _process(line: str) -> Process:
    pid, parent, arguments = line.split(None, 2)
    return Process(int(pid), int(parent), arguments)


def _ps(*arguments: str) -> str:
    done = subprocess.run(["ps", "-ww", *arguments], check=False, capture_output=True, text=True)
    return done.stdout
