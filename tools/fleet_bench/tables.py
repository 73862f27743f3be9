"""The tables of a fleet's benchmark, and how the rows of several runs become one table (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from statistics import mean
from typing import Final

from tools.fleet_bench.fleet import Run
from tools.fleet_bench.spread import Peak
from tools.fleet_bench.usage import Usage
from tools.table import Cell, Table

ISSUE: Final = "issue"
FIRST_ROTATION: Final = "rotate all, the first time"
FIRST_BY_STEPS: Final = "rotate all, the first time, without limits"
ROTATE: Final = "rotate all, retire those of before"
NOTHING_DUE: Final = "nothing due"
ONE_FAILS: Final = "nothing due, one stack fails"
RUNS: Final = (ISSUE, FIRST_BY_STEPS, FIRST_ROTATION, ROTATE, NOTHING_DUE, ONE_FAILS)
_MEGABYTE: Final = 1_000_000
# The columns that say what a row is of; the others say what was measured.
_OF: Final = ("run", "stacks", "jobs", "spread, %")
_USED: Final = ("seconds", "CPU seconds", "MB of memory")


def fleet(keys: int, stacks: int, clouds: int) -> Table:
    """What each run of a fleet's life takes."""
    title = f"{keys:,} keys in {stacks} stacks on {clouds} local cloud{'s' if clouds != 1 else ''}"
    return Table(title, ["run", "jobs", *_USED, "a stack's turn", "the longest", "stacks done", "live keys"])


def fleet_row(name: str, jobs: int, run: Run, live: int) -> tuple[Cell, ...]:
    """Turns, in seconds, are of the stacks that came to a good end."""
    turns = [seconds for outcome, seconds in run.ended.values() if outcome == "done"]
    longest = max(turns, default=0.0)
    done = f"{len(turns)} of {len(run.ended)}"
    return (name, jobs, *_used(run.usage), mean(turns) if turns else 0.0, longest, done, live)


def split(keys: int, parts: int) -> Table:
    """As many keys in one stack and in several."""
    return Table(f"{keys:,} keys in one stack, and in {parts}", ["run", "stacks", "jobs", *_USED])


def split_row(name: str, stacks: int, jobs: int, usage: Usage) -> tuple[Cell, ...]:
    """One run of so many stacks."""
    return (name, stacks, jobs, *_used(usage))


def spread(keys: int) -> Table:
    """What a quota has to hold."""
    return Table(
        f"{keys:,} keys issued together, 90 days: every 30 days, an overlap of 7",
        ["spread, %", "live keys at the most", "for each declared", "rotations on the busiest day"],
    )


def spread_row(percent: int, found: Peak) -> tuple[Cell, ...]:
    """The days of one spread."""
    return (percent, found.live, f"{found.live / found.of:.2f}", found.busiest)


def joined(tables: Iterable[Table]) -> list[Table]:
    """One table of each title: what was measured again stands for what was measured before, and rows are in the order of a fleet's life."""
    found: dict[str, dict[tuple[Cell, ...], tuple[Cell, ...]]] = {}
    first: dict[str, Table] = {}
    for table in tables:
        first.setdefault(table.title, table)
        named = [at for at, column in enumerate(table.columns) if column in _OF]
        rows = found.setdefault(table.title, {})
        rows.update({tuple(row[at] for at in named): row for row in table.rows})
    return [
        replace(table, rows=[rows[of] for of in sorted(rows, key=_place)])
        for title, table in first.items()
        for rows in (found[title],)
    ]


def _place(of: tuple[Cell, ...]) -> list[float]:
    return [RUNS.index(cell) if isinstance(cell, str) else cell for cell in of]


def _used(usage: Usage) -> tuple[Cell, ...]:
    return (usage.seconds, usage.cpu, round(usage.memory / _MEGABYTE))
