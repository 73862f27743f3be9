"""Which engine processes this pipeline started on this machine: what tells, after a kill, that a lock's holder is gone.

A lock names a machine and a process number; both come again, the one on hosted runners that are all called alike, the other on any
machine. So a holder is only taken for dead where this very machine's journal says that it was ours. On a runner that is thrown away
after each job the journal goes with it, and a lock's age alone decides.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypedDict, TypeGuard

from pipelines.lock import Lock
from setup import json_file, processes

# How many entries are kept at the most. A run that ends takes its own away, so these are runs that were killed.
_MOST = 20
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def folder(environment: Mapping[str, str]) -> Path:
    """PIPELINE_STATE_DIR, or the user's state folder by the custom of the system."""
    if environment.get("PIPELINE_STATE_DIR"):
        return Path(environment["PIPELINE_STATE_DIR"])
    state = environment.get("XDG_STATE_HOME") or Path(environment.get("HOME") or Path.home()) / ".local" / "state"
    return Path(state) / "pulumi-yandex-keys"


class Entry(TypedDict):
    """One run of the engine: its process, the machine, when either started, and by what time (RFC 3339) it judged keys."""

    pid: int
    started: str
    host: str
    boot: str
    time: str


@dataclass(frozen=True)
class Journal:
    """The record of one stack's runs: an entry for each that is under way, and for each that was killed."""

    path: Path

    @classmethod
    def of(cls, stack: str, environment: Mapping[str, str]) -> Journal:
        """`stack` in the backend that the environment names."""
        backend = environment.get("PULUMI_BACKEND_URL", "")
        digest = hashlib.sha256(f"{backend}\0{stack}".encode()).hexdigest()[:16]
        return cls(folder(environment) / f"{stack}-{digest}.json")

    def began(self, pid: int, time: str = "") -> None:
        """Notes the engine's process, and the `time` (RFC 3339) by which it judges keys.

        A journal that can't be written only makes a later run wait longer.
        """
        process = processes.look_up(pid)
        if process is None:
            return
        entry = Entry(pid=pid, started=process.started, host=socket.gethostname(), boot=_boot(), time=time)
        self._write([*self._entries(), entry][-_MOST:])

    def ended(self, pid: int) -> None:
        """Forgets the run: it came to an end, and took its lock with it."""
        entries = self._entries()
        kept = [entry for entry in entries if entry["pid"] != pid]
        if kept != entries:
            self._write(kept)

    def is_dead(self, lock: Lock) -> bool:
        """Whether the lock's holder was a run of ours on this machine, and is gone."""
        ours = self._entries_of(lock)
        return bool(ours) and not any(_lives(entry) for entry in ours)

    def time_of(self, lock: Lock) -> datetime:
        """The time by which the lock's holder judged keys when it began; by its own clock where we don't know better."""
        times = [entry["time"] for entry in self._entries_of(lock) if entry["time"]]
        return datetime.fromisoformat(times[-1]) if times else lock.since

    def _entries_of(self, lock: Lock) -> list[Entry]:
        if lock.host != socket.gethostname():
            return []
        return [entry for entry in self._entries() if entry["pid"] == lock.pid and entry["host"] == lock.host]

    def _entries(self) -> list[Entry]:
        content = json_file.read(self.path)
        return [entry for entry in content if _is_entry(entry)] if isinstance(content, list) else []

    def _write(self, entries: list[Entry]) -> None:
        with suppress(OSError):
            if entries:
                json_file.write(self.path, entries)
            else:
                self.path.unlink(missing_ok=True)


def _is_entry(content: object) -> TypeGuard[Entry]:
    return isinstance(content, dict) and content.keys() >= Entry.__required_keys__


def _lives(entry: Entry) -> bool:
    process = processes.Process(entry["pid"], entry["started"])
    return entry["boot"] == _boot() and processes.look_up(process.pid) == process


def _boot() -> str:
    """Changes with each start of the machine, where the system says so."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
