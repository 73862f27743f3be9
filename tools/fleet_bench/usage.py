"""What a command and all that it starts take: wall time, CPU time, and the most memory at one moment."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_EVERY_SECONDS = 0.3
# With dozens of processes a look takes long: no more of one core's time than a twentieth.
_OF_A_LOOK = 20
# What a process shares with others counts for each of them in part.
_SHARE = re.compile(rb"^Pss: +(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Usage:
    """memory: in bytes, proportional shares of all processes at the same moment; 0 where the system doesn't say."""

    seconds: float
    cpu: float
    memory: int


def measured(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, Usage, str]:
    """Runs the command to its end: its exit code, what it took, and what it printed."""
    with tempfile.TemporaryFile("w+") as printed:
        began = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
        )
        peak, over = [0], threading.Event()

        def watch() -> None:
            pause = _EVERY_SECONDS
            while not over.wait(pause):
                looked = time.thread_time()
                peak[0] = max(peak[0], memory_of(process.pid))
                pause = max(_EVERY_SECONDS, _OF_A_LOOK * (time.thread_time() - looked))

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.monotonic() - began
        finally:
            over.set()
            watching.join()
            # After Ctrl-C: what it works on is about to be removed.
            if process.returncode is None:
                process.terminate()
                process.wait()
        printed.seek(0)
        return process.returncode, Usage(seconds, used.ru_utime + used.ru_stime, peak[0]), printed.read()


def memory_of(pid: int) -> int:
    """The memory of a process and of all that it has started, in bytes."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found, left = 0, [pid]
    while left:
        one = left.pop()
        left += children.get(one, [])
        found += _share(one)
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for place in _PROC.glob("[0-9]*"):
        try:
            # The name may hold anything, and ends in the last parenthesis.
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            yield int(place.name), int(fields[1])
        except (OSError, ValueError, IndexError):
            continue


def _share(pid: int) -> int:
    try:
        found = _SHARE.search((_PROC / str(pid) / "smaps_rollup").read_bytes())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
