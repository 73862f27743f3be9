"""What is measured of a fleet: the runs of its life, keys in one stack and in several, and live keys by spread."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.bench.our_stack import WrongLife
from tools.fleet_bench import tables
from tools.fleet_bench.clouds import clouds_that_hold
from tools.fleet_bench.fleet import Fleet, Run
from tools.fleet_bench.kept import Sitting
from tools.fleet_bench.spread import peak

_PERIOD: Final = "30d"
"""The default `rotateEvery`; `spread` only moves a rotation to an earlier time, so all keys are due after it."""


@dataclass(frozen=True)
class Plan:
    """What is measured of a fleet of `keys` in `stacks`. jobs: numbers of them with which the daily runs are measured.

    once: the number of jobs of what is measured with one alone; issue: of those with which keys are issued, each time in a fleet made anew;
    by_steps: whether the first rotation is without limits; clouds: None for as many as the quota of keys asks for.
    """

    keys: int
    stacks: int
    jobs: Sequence[int]
    once: int
    issue: Sequence[int]
    by_steps: bool = True
    clouds: int | None = None


def measure_fleet(plan: Plan) -> None:
    """The life of a fleet. Raises WrongLife."""
    of_a_stack = plan.keys // plan.stacks
    count = min(plan.clouds or clouds_that_hold(plan.stacks, of_a_stack), plan.stacks)
    sitting = Sitting(tables.fleet(of_a_stack * plan.stacks, plan.stacks, count))
    for jobs in plan.issue[:-1]:
        with _fleet(sitting, count, plan.stacks, of_a_stack) as fleet:
            _Life(fleet, sitting).measure(tables.ISSUE, jobs)
    with _fleet(sitting, count, plan.stacks, of_a_stack) as fleet:
        life = _Life(fleet, sitting)
        life.measure(tables.ISSUE, plan.issue[-1])
        if plan.by_steps:
            fleet.limited(False)
            life.rotate(tables.FIRST_BY_STEPS, plan.once, by_steps=True)
            fleet.limited(True)
        else:
            life.rotate(tables.FIRST_ROTATION, plan.once)
        for jobs in plan.jobs:
            life.rotate(tables.ROTATE, jobs)
            life.measure(tables.NOTHING_DUE, jobs)
        fleet.break_one(fleet.names[0])
        life.measure(tables.ONE_FAILS, plan.once, failing=1)


def measure_split(keys: int, parts: int) -> None:
    """As many keys in one stack and in several, which may run one after the other or at once. Raises WrongLife."""
    sitting = Sitting(tables.split(keys, parts))
    for stacks, jobs in ((1, 1), (parts, 1), (parts, parts)):
        with _fleet(sitting, 1, stacks, keys // stacks) as fleet:
            for name, later in ((tables.ISSUE, ""), (tables.NOTHING_DUE, ""), (tables.FIRST_ROTATION, _PERIOD)):
                if later:
                    fleet.advance(later)
                sitting.add(tables.split_row(name, stacks, jobs, _good(fleet.up(jobs), name, 0).usage))


def measure_spread(keys: int, spreads: Sequence[int]) -> None:
    """How many keys live at the most, by spread."""
    sitting = Sitting(tables.spread(keys))
    for spread in spreads:
        with _folder() as folder, sitting.clouds(folder, 1) as (cloud,):
            sitting.add(tables.spread_row(spread, peak(spread, keys, folder, cloud)))


@dataclass(frozen=True)
class _Life:
    """A fleet's runs, each of them looked at: one that did something else than it is to measure is no figure."""

    fleet: Fleet
    sitting: Sitting

    def measure(self, name: str, jobs: int, failing: int = 0) -> None:
        run = _good(self.fleet.up(jobs), name, failing)
        self.sitting.add(tables.fleet_row(name, jobs, run, self.fleet.live_keys()))

    def rotate(self, name: str, jobs: int, *, by_steps: bool = False) -> None:
        self.fleet.advance(_PERIOD)
        run, live = _good(self.fleet.up(jobs), name, 0), self.fleet.live_keys()
        if live != 2 * self.fleet.keys:
            raise WrongLife(f"{name}: {live} keys live, not {2 * self.fleet.keys}\n{run.log}")
        if run.written_once != (0 if by_steps else len(self.fleet.names)):
            raise WrongLife(f"{name}: {run.written_once} states were written once\n{run.log}")
        self.sitting.add(tables.fleet_row(name, jobs, run, live))


@contextmanager
def _fleet(sitting: Sitting, clouds: int, stacks: int, keys: int) -> Iterator[Fleet]:
    with _folder() as folder, sitting.clouds(folder, clouds) as running:
        yield Fleet(folder, running, stacks, keys)


@contextmanager
def _folder() -> Iterator[Path]:
    # Not within the clone: the engine asks git about a project that lies in one.
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        yield Path(folder)


def _good(run: Run, name: str, failing: int) -> Run:
    done = sum(outcome == "done" for outcome, _ in run.ended.values())
    if done != len(run.ended) - failing or bool(run.code) != bool(failing):
        raise WrongLife(f"{name}: exit code {run.code}, {done} of {len(run.ended)} stacks done\n{run.log}")
    return run
