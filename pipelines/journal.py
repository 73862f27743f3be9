"""Which engine processes this pipeline started on this machine: what tells, after a kill, that a lock's holder is gone.

A lock names a machine and a process number; both come again, the one on hosted runners that are all called alike, the other on any
machine. So a holder is only taken for dead where this very machine's journal says that it was ours. On a runner that is thrown away
after each job the journal goes with it, and a lock's age alone decides.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.lock import Lock
from setup import processes

# More killed runs than anybody leaves alone.
_KEPT = 20
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def folder(environment: Mapping[str, str]) -> Path:
    """PIPELINE_STATE_DIR, or the user's state folder by the custom of the system."""
    if environment.get("PIPELINE_STATE_DIR"):
        return Path(environment["PIPELINE_STATE_DIR"])
    state = environment.get("XDG_STATE_HOME") or Path(environment.get("HOME") or Path.home()) / ".local" / "state"
    return Path(state) / "pulumi-yandex-keys"


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
        entry = {"pid": pid, "started": process.started, "host": socket.gethostname(), "boot": _boot(), "time": time}
        self._write([*self._entries(), entry][-_KEPT:])

    def ended(self, pid: int) -> None:
        """Forgets the run: it came to an end, and took its lock with it."""
        entries = self._entries()
        kept = [entry for entry in entries if entry.get("pid") != pid]
        if kept != entries:
            self._write(kept)

    def is_dead(self, lock: Lock) -> bool:
        """Whether the lock's holder was a run of ours on this machine, and is gone."""
        ours = self._entries_of(lock)
        return bool(ours) and not any(_lives(entry) for entry in ours)

    def time_of(self, lock: Lock) -> datetime:
        """The time by which the lock's holder judged keys when it began; by its own clock where we don't know better."""
        times = [str(entry["time"]) for entry in self._entries_of(lock) if entry.get("time")]
        return datetime.fromisoformat(times[-1]) if times else lock.since

    def _entries_of(self, lock: Lock) -> list[dict[str, Any]]:
        if lock.host != socket.gethostname():
            return []
        return [entry for entry in self._entries() if entry.get("pid") == lock.pid and entry.get("host") == lock.host]

    def _entries(self) -> list[dict[str, Any]]:
        try:
            entries = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return []
        return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []

    def _write(self, entries: list[dict[str, Any]]) -> None:
        with suppress(OSError):
            if not entries:
                self.path.unlink(missing_ok=True)
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
            fresh.write_text(json.dumps(entries))
            fresh.replace(self.path)


def _lives(entry: Mapping[str, Any]) -> bool:
    pid = int(entry["pid"])
    return entry.get("boot") == _boot() and processes.look_up(pid) == processes.Process(pid, str(entry.get("started")))


def _boot() -> str:
    """Changes with each start of the machine, where the system says so."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
