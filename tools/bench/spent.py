"""What one command took: time, CPU by who in it used it, peak memory, and bytes written to files.

Who used it, memory and bytes are known where the system has /proc; elsewhere they are left out.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

Role = Literal["engine", "language hosts", "program", "plugin"]
ROLES: Final[tuple[Role, ...]] = ("engine", "program", "plugin", "language hosts")
_PROC: Final = Path("/proc")
_KNOWN: Final = (_PROC / "self" / "stat").exists()
_LOOK_SECONDS: Final = 0.2
_PROGRAMS: Final = ("language_host/program.py", "pulumi-language-python-exec")


class CommandFailed(Exception):
    """A command that should have been measured failed; the message has all that it said."""


@dataclass(frozen=True)
class Spent:
    """seconds: from start to end; cpu: of the command and all that it started.

    by_role: that CPU by who used it, as far as it was seen; memory: the most bytes that one process of the role held; written: by the engine
    to files, in whole blocks. Empty or None where the system doesn't tell.
    """

    seconds: float
    cpu: float
    by_role: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, int] = field(default_factory=dict)
    written: int | None = None


def role_of(arguments: Sequence[str], is_root: bool) -> Role:
    """Who a process of `pulumi` is, by the arguments that it was started with."""
    if is_root:
        return "engine"
    if any(word.endswith("/provider") for word in arguments[1:]):
        return "plugin"
    if any(word.endswith(_PROGRAMS) for word in arguments):
        return "program"
    return "language hosts"


def spent(command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> Spent:
    """Runs a command to its end. Raises CommandFailed."""
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(
            list(command),
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        watch = _Watch(process.pid)
        watch.start()
        try:
            if hasattr(os, "waitid"):
                # It stays a zombie, whose figures are the last ones.
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
                ended = time.monotonic()
                watch.end()
                written = _written(process.pid)
                _, status, usage = os.wait4(process.pid, 0)
            else:
                _, status, usage = os.wait4(process.pid, 0)
                ended, written = time.monotonic(), None
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            watch.end()
            # After Ctrl-C, which it was sent as well.
            if process.returncode is None:
                process.wait()
        if process.returncode != 0:
            output.seek(0)
            said = output.read().decode(errors="replace")
            raise CommandFailed(f"{' '.join(command)}: exit code {process.returncode}\n{said}")
    return Spent(ended - started, usage.ru_utime + usage.ru_stime, watch.cpu(), watch.memory(), written)


def cpu_of(pid: int) -> float | None:
    """The CPU seconds of a living process itself; None where the system doesn't tell."""
    looked = _stat(pid)
    return None if looked is None else looked[1]


class _Watch(threading.Thread):
    """Looks at a process and all below it again and again: CPU and memory of a process are what they were when it was seen last."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self._root, self._over = root, threading.Event()
        self._seen: dict[int, tuple[Role, float, int]] = {}

    def run(self) -> None:
        while _KNOWN and not self._over.wait(_LOOK_SECONDS):
            self._look()

    def end(self) -> None:
        """Looks for the last time; what is looked at may be ended, but not waited for yet."""
        if self._over.is_set():
            return
        self._over.set()
        self.join()
        if _KNOWN:
            self._look()

    def cpu(self) -> dict[str, float]:
        """CPU seconds by role."""
        found: dict[str, float] = {}
        for role, seconds, _ in self._seen.values():
            found[role] = found.get(role, 0.0) + seconds
        return found

    def memory(self) -> dict[str, int]:
        """The most bytes that one process of each role held."""
        return {who: max(most for role, _, most in self._seen.values() if role == who) for who in self.cpu()}

    def _look(self) -> None:
        stats = {pid: looked for pid in _pids() if (looked := _stat(pid)) is not None}
        family, more = {self._root}, True
        while more:
            below = {pid for pid, (parent, _) in stats.items() if parent in family} - family
            family |= below
            more = bool(below)
        for pid in family & stats.keys():
            with suppress(OSError):
                arguments = (_PROC / str(pid) / "cmdline").read_text(errors="replace").split("\0")
                # A process that has ended but wasn't waited for has neither arguments nor memory left.
                if arguments != [""]:
                    most = max(_peak(pid), self._seen[pid][2] if pid in self._seen else 0)
                    self._seen[pid] = (role_of(arguments, pid == self._root), stats[pid][1], most)
                elif pid in self._seen:
                    self._seen[pid] = (self._seen[pid][0], stats[pid][1], self._seen[pid][2])


def _pids() -> list[int]:
    return [int(place.name) for place in _PROC.iterdir() if place.name.isdecimal()]


def _stat(pid: int) -> tuple[int, float] | None:
    """Parent and CPU seconds of a process."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in brackets, and may hold blanks and brackets itself.
    fields = stat.rpartition(")")[2].split()
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(pid: int) -> int:
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _written(pid: int) -> int | None:
    """What the process itself has written to files. None where the system, or the file system (one in memory), doesn't count it."""
    try:
        lines = (_PROC / str(pid) / "io").read_text().splitlines()
    except OSError:
        return None
    # Of what was removed again before it came to the disk too: a backend elsewhere would have been sent it.
    return int(dict(line.split(": ") for line in lines)["write_bytes"]) or None
