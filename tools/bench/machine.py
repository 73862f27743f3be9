"""What was measured with: the machine, the versions, what else the machine did meanwhile, and which commit."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from setup.engine.places import REPOSITORY
from tests.support.pulumi import engine

_PROC: Final = Path("/proc")
_PROSE: Final = (":!docs", ":!*.md")
_BUSY: Final = " It was a busy machine: its CPU seconds can be compared, its times can't."
_QUIET: Final = 0.1
"""As much of a core as a machine uses that has nothing to do."""


@dataclass(frozen=True)
class Machine:
    """load: the average of the minute before the run; others: how many cores all that isn't the run used during it, None where the system doesn't
    tell; commit: its short id, with a word where what was measured isn't all committed."""

    ended: datetime
    words: str
    versions: str
    load: float
    others: float | None
    commit: str

    @property
    def is_busy(self) -> bool:
        """Whether it had enough else to do for times to say little."""
        return self.others is not None and self.others > _QUIET

    @property
    def sentence(self) -> str:
        """All of it, for people."""
        others = "" if self.others is None else f", other processes used {self.others:.2f} of its cores during the run"
        return (
            f"{self.ended:%Y-%m-%d %H:%M} UTC, commit {self.commit}. {self.words}. {self.versions}. "
            f"Load before the run: {self.load:.2f}{others}.{_BUSY if self.is_busy else ''}"
        )


class Look:
    """A look at the machine from before a run to its end."""

    def __init__(self) -> None:
        self._load = os.getloadavg()[0]
        self._began, self._busy, self._own = time.monotonic(), _busy(), _own()

    def end(self) -> Machine:
        """What it was, now that the run is over and all that it started has ended."""
        busy, seconds = _busy(), time.monotonic() - self._began
        others = None
        if busy is not None and self._busy is not None:
            others = max(busy - self._busy - (_own() - self._own), 0.0) / seconds
        return Machine(datetime.now(UTC), _words(), _versions(), self._load, others, _commit())


def _words() -> str:
    count = os.cpu_count() or 1
    parts = [f"{count} core{'s' if count != 1 else ''}"]
    model = _first_value(_PROC / "cpuinfo", "model name")
    if model:
        parts.append(model)
    memory = _first_value(_PROC / "meminfo", "MemTotal")
    if memory:
        parts.append(f"{int(memory.split()[0]) / 1024**2:.0f} GB of memory")
    return ", ".join([*parts, f"{platform.system()} {platform.release().split('-')[0]}"])


def _versions() -> str:
    said = subprocess.run([engine().executable, "version"], check=True, capture_output=True, text=True).stdout.strip()
    return f"Pulumi {said}, Python {platform.python_version()}"


def _commit() -> str:
    try:
        commit = _git("rev-parse", "--short=10", "HEAD").strip()
        changed = _git("status", "--porcelain", "--", ".", *_PROSE)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit} and what wasn't committed" if changed else commit


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout


def _first_value(file: Path, name: str) -> str:
    with suppress(OSError):
        for line in file.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    return ""


def _busy() -> float | None:
    """CPU seconds of the whole machine since it runs; None where the system doesn't tell."""
    try:
        line = (_PROC / "stat").read_text().partition("\n")[0].split()
    except OSError:
        return None
    user, nice, system = (int(count) for count in line[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """CPU seconds of this process and of all that it has started and that has ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
