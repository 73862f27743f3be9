"""Processes by more than their number, which the system gives again to others."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_END_SECONDS = 10.0
_POLL_SECONDS = 0.05
_PROC = Path("/proc/self/stat")


@dataclass(frozen=True)
class Process:
    """A process and when it started, in the system's own notation: together they name one process."""

    pid: int
    started: str


def look_up(pid: int) -> Process | None:
    """The living process with this number, if there is one; a zombie doesn't count."""
    facts = _from_proc(pid) if _PROC.exists() else _from_ps(pid)
    if facts is None or facts[0].startswith("Z"):
        return None
    return Process(pid, facts[1])


def command_name(pid: int) -> str:
    """The name of the program that the living process `pid` runs; empty when there is none."""
    if _PROC.exists():
        try:
            return Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            return ""
    return Path(_ps(pid, "comm=")).name


def end(process: Process) -> None:
    """Ends the process, if it still is the same: asks it to, and kills it when it doesn't within 10 seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if look_up(process.pid) != process:
            return
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
        deadline = time.monotonic() + _END_SECONDS
        while look_up(process.pid) == process and time.monotonic() < deadline:
            _reap(process.pid)
            time.sleep(_POLL_SECONDS)


def _reap(pid: int) -> None:
    """A child of this very process stays a zombie until it is waited for."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _from_proc(pid: int) -> tuple[str, str] | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in brackets, and may hold blanks and brackets itself.
    fields = stat.rpartition(")")[2].split()
    return fields[0], fields[19]


def _from_ps(pid: int) -> tuple[str, str] | None:
    state, _, started = _ps(pid, "stat=,lstart=").partition(" ")
    return (state, started.strip()) if state else None


def _ps(pid: int, columns: str) -> str:
    command = ["ps", "-o", columns, "-p", str(pid)]
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    return done.stdout.strip()
