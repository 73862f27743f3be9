"""What is measured, kept as it goes: each row at once, so that a run that is cut off keeps those that it has."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from setup import json_file
from setup.engine.places import REPOSITORY
from setup.progress import say
from tests.support.local_cloud import LocalCloud
from tools.bench.machine import Look, Machine
from tools.bench.run import NothingKept
from tools.bench.spent import cpu_of
from tools.fleet_bench.clouds import clouds
from tools.table import Cell, Table

KEPT: Final = REPOSITORY / ".local" / "bench" / "fleet"


@dataclass(frozen=True)
class Kept:
    """The rows of one table that one run of the benchmark measured, and what the machine was meanwhile."""

    table: Table
    machine: Machine


class Sitting:
    """Measures rows of one table, and keeps each in a file of its own."""

    def __init__(self, table: Table, directory: Path = KEPT) -> None:
        self._table, self._look, self._began = table, Look(), time.monotonic()
        self._file = directory / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S%f}.json"
        self._running: Sequence[LocalCloud] = ()
        self._of_ended_clouds = 0.0
        # A fleet is a copy of what is there as it begins; somebody may commit while it is measured.
        self._commit = self._look.end().commit
        say(f"measuring {table.title}")

    @contextmanager
    def clouds(self, directory: Path, count: int) -> Iterator[list[LocalCloud]]:
        """Clouds whose CPU time isn't taken for that of other processes."""
        with clouds(directory, count) as running:
            self._running = running
            try:
                yield running
            finally:
                self._of_ended_clouds, self._running = self._of_clouds(), ()

    def add(self, cells: Sequence[Cell]) -> None:
        """One more row."""
        self._table.add(*cells)
        say("  " + ", ".join(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells))
        machine = self._machine()
        when: dict[str, object] = {**asdict(machine), "ended": machine.ended.isoformat()}
        table = {"title": self._table.title, "columns": list(self._table.columns), "rows": self._table.rows}
        json_file.write(self._file, {**table, "machine": when})

    def _machine(self) -> Machine:
        machine, seconds = replace(self._look.end(), commit=self._commit), time.monotonic() - self._began
        if machine.others is None:
            return machine
        # They aren't this process's own children, for they are forked from one that has loaded their code.
        return replace(machine, others=max(machine.others - self._of_clouds() / seconds, 0.0))

    def _of_clouds(self) -> float:
        return self._of_ended_clouds + sum(cpu_of(cloud.pid) or 0.0 for cloud in self._running)


def of_newest_commit(directory: Path = KEPT) -> list[Kept]:
    """All that is kept of the commit that was measured last, in the order in which it was measured. Raises NothingKept."""
    written = [found for file in sorted(directory.glob("*.json")) if (found := json_file.read_object(file))]
    if not written:
        raise NothingKept("nothing is kept: `make bench-fleet` measures")
    kept = [_read(each) for each in written]
    return [each for each in kept if each.machine.commit == kept[-1].machine.commit]


def _read(written: dict[str, Any]) -> Kept:
    machine = Machine(**{**written["machine"], "ended": datetime.fromisoformat(written["machine"]["ended"])})
    return Kept(Table(written["title"], written["columns"], rows=[tuple(row) for row in written["rows"]]), machine)
