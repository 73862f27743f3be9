"""`python -m tools.fleet_bench`: times a fleet on local clouds, and prints tables. The whole takes hours; sizes can be set."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path

from setup.progress import say
from tools.fleet_bench.clouds import clouds, clouds_that_hold
from tools.fleet_bench.fleet import Fleet, Run
from tools.fleet_bench.spread import USUAL, can_be_said, peak
from tools.table import Table

_MEGABYTE = 1_000_000


def jobs_table(keys: int, stacks: int, all_jobs: Sequence[int], cloud_count: int) -> Table:
    """A fleet made anew for each number of jobs: what each run of its life takes; at last one in which a stack fails."""
    table = Table(
        f"{keys} keys in {stacks} stacks on {cloud_count} local clouds",
        ["run", "jobs", "seconds", "CPU seconds", "MB of memory", "stacks done", "live keys"],
    )
    for jobs in all_jobs:
        with tempfile.TemporaryDirectory(prefix="fleet-") as folder, clouds(Path(folder), cloud_count) as running:
            fleet = Fleet(Path(folder), running, stacks, keys // stacks)
            for name, later in (("issue", ""), ("nothing due", ""), ("rotate all", "45d"), ("retire all", "8d")):
                if later:
                    fleet.advance(later)
                _add(table, name, jobs, _good(fleet.up(jobs), name), fleet.live_keys())
            fleet.break_one(fleet.names[0])
            _add(table, "nothing due, one stack fails", jobs, fleet.up(jobs), fleet.live_keys())
            say(f"{jobs} jobs: the states have {fleet.state_bytes() / _MEGABYTE:.1f} MB")
    return table


def split_table(keys: int, parts: int) -> Table:
    """As many keys in one stack and in several, which may run one after the other or at once."""
    table = Table(
        f"{keys} keys in one stack, and in {parts}",
        ["run", "stacks", "jobs", "seconds", "CPU seconds", "MB of memory"],
    )
    for stacks, jobs in ((1, 1), (parts, 1), (parts, parts)):
        with tempfile.TemporaryDirectory(prefix="fleet-") as folder, clouds(Path(folder), 1) as running:
            fleet = Fleet(Path(folder), running, stacks, keys // stacks)
            for name, later in (("issue", ""), ("nothing due", ""), ("rotate all", "45d")):
                if later:
                    fleet.advance(later)
                used = _good(fleet.up(jobs), name).usage
                table.add(
                    name, stacks, jobs, f"{used.seconds:.1f}", f"{used.cpu:.1f}", f"{used.memory / _MEGABYTE:.0f}"
                )
    return table


def spread_table(keys: int, spreads: Sequence[int]) -> Table:
    """What a quota has to hold."""
    table = Table(
        f"{keys} keys issued together, 90 days: every 30 days, an overlap of 7",
        ["spread, %", "live keys at the most", "for each declared", "rotations on the busiest day"],
    )
    for spread in spreads:
        with tempfile.TemporaryDirectory(prefix="spread-") as folder:
            found = peak(spread, keys, Path(folder))
            table.add(spread, found.live, f"{found.live / found.of:.2f}", found.busiest)
    return table


def _add(table: Table, name: str, jobs: int, run: Run, live: int) -> None:
    done = sum(outcome == "done" for outcome, _ in run.ended.values())
    if not done:
        raise SystemExit(f"{name}, {jobs} jobs: no stack came to a good end\n{run.log}")
    used = run.usage
    say(f"{name}, {jobs} jobs: {used.seconds:.1f} s")
    counted = f"{done} of {len(run.ended)}"
    table.add(name, jobs, f"{used.seconds:.1f}", f"{used.cpu:.1f}", f"{used.memory / _MEGABYTE:.0f}", counted, live)


def _good(run: Run, name: str) -> Run:
    if run.code:
        raise SystemExit(f"{name}: exit code {run.code}\n{run.log}")
    return run


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.replace(",", " ").split()]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m tools.fleet_bench", description=__doc__)
    parser.add_argument("--keys", type=int, default=5000, help="in the whole fleet (default: 5000)")
    parser.add_argument("--stacks", type=_numbers, default=[25, 50], help="fleets of so many stacks (default: 25,50)")
    parser.add_argument("--jobs", type=_numbers, default=[1, 2, 4, 8], help="(default: 1,2,4,8)")
    parser.add_argument("--clouds", type=int, help="local clouds (default: as many as the quota of keys asks for)")
    parser.add_argument(
        "--split", type=int, default=500, help="keys in one stack and in five (default: 500; 0: leave out)"
    )
    parser.add_argument(
        "--spread-keys", type=int, default=200, help="keys whose days are counted (default: 200; 0: leave out)"
    )
    parser.add_argument(
        "--spreads", type=_numbers, default=[0, 10, 25, 50], help="hundredths of the period (default: 0,10,25,50)"
    )
    asked = parser.parse_args()
    load = " ".join(f"{figure:.1f}" for figure in os.getloadavg())
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; load {load} before it began"
    )
    for stacks in asked.stacks:
        say(f"measuring {asked.keys} keys in {stacks} stacks")
        clouds_needed = clouds_that_hold(stacks, asked.keys // stacks)
        print(jobs_table(asked.keys, stacks, asked.jobs, min(asked.clouds or clouds_needed, stacks)).text())
    if asked.split:
        say(f"measuring {asked.split} keys in one stack and in five")
        print(split_table(asked.split, 5).text())
    if asked.spread_keys:
        say(f"counting live keys of {asked.spread_keys} by spread")
        print(spread_table(asked.spread_keys, asked.spreads if can_be_said() else [USUAL]).text())


if __name__ == "__main__":
    main()
