"""What the fleet's benchmark counts; that it runs is held by the script that it times (tests/end_to_end/test_fleet.py)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from setup import json_file
from tools.bench.run import NothingKept
from tools.fleet_bench import page, tables
from tools.fleet_bench.clouds import clouds_that_hold
from tools.fleet_bench.fleet import Run
from tools.fleet_bench.kept import Sitting, of_newest_commit
from tools.fleet_bench.spread import Peak, of_plan
from tools.fleet_bench.usage import Usage, measured
from tools.marked_page import between_marks
from tools.table import Cell


def row(name: str, jobs: int, seconds: float) -> tuple[Cell, ...]:
    """Of two stacks, of which one fails."""
    ended = {"stack-0": ("failed", 9.0), "stack-1": ("done", seconds / 2)}
    return tables.fleet_row(name, jobs, Run(1, Usage(seconds, 2 * seconds, 300_000_000), ended, ""), 400)


def rotation(at: str, ends: str) -> dict[str, str]:
    return {"kind": "rotates", "at": f"2030-01-{at}T03:00:00+00:00", "endsAt": f"2030-01-{ends}T03:00:00+00:00"}


def test_a_rotation_counts_a_key_twice_until_the_one_of_before_ends() -> None:
    apart = [rotation("02", "09"), rotation("10", "17"), {"kind": "deletes", "at": "2030-01-09T03:00:00+00:00"}]
    assert of_plan(10, apart) == Peak(live=11, of=10, busiest=1)
    together = [rotation("02", "09"), rotation("02", "09"), rotation("09", "16")]
    # One ends at the very moment at which the next begins.
    assert of_plan(10, together) == Peak(live=12, of=10, busiest=2)


def test_what_never_rotates_never_counts_twice() -> None:
    assert of_plan(10, []) == Peak(live=10, of=10, busiest=0)


@pytest.mark.parametrize(
    ("stacks", "keys", "clouds"), [(25, 200, 13), (50, 100, 10), (1, 500, 1), (2, 600, 2), (10, 20, 1), (10, 0, 1)]
)
def test_the_clouds_of_a_fleet_hold_two_of_each_of_its_keys(stacks: int, keys: int, clouds: int) -> None:
    assert clouds_that_hold(stacks, keys) == clouds


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the system doesn't say")
def test_the_memory_of_a_command_and_of_what_it_starts_is_counted(tmp_path: Path) -> None:
    size = 60_000_000
    child = f"import time; held = b'x' * {size}; print('held', flush=True); time.sleep(1.5)"
    command = [
        sys.executable,
        "-c",
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)",
    ]
    code, usage, printed = measured(command, tmp_path, dict(os.environ))
    assert (code, printed) == (0, "held\n")
    assert usage.memory > size
    assert usage.cpu > 0
    assert usage.seconds >= 1.5


def test_turns_are_counted_of_the_stacks_that_came_to_a_good_end() -> None:
    assert row(tables.ONE_FAILS, 2, 8.0) == (tables.ONE_FAILS, 2, 8.0, 16.0, 300, 4.0, 4.0, "1 of 2", 400)


def test_a_run_that_is_cut_off_keeps_what_it_has_measured(tmp_path: Path) -> None:
    sitting = Sitting(tables.fleet(200, 2, 1), tmp_path)
    sitting.add(row(tables.ISSUE, 2, 8.0))
    (kept,) = of_newest_commit(tmp_path)
    assert kept.table.rows == [row(tables.ISSUE, 2, 8.0)]
    sitting.add(row(tables.ROTATE, 2, 4.0))
    (kept,) = of_newest_commit(tmp_path)
    assert [cells[0] for cells in kept.table.rows] == [tables.ISSUE, tables.ROTATE]
    assert kept.machine.words


def test_runs_of_one_commit_add_to_each_other(tmp_path: Path) -> None:
    for jobs, seconds in ((2, 8.0), (1, 9.0)):
        sitting = Sitting(tables.fleet(200, 2, 1), tmp_path)
        sitting.add(row(tables.NOTHING_DUE, jobs, seconds))
        sitting.add(row(tables.ISSUE, 2, seconds))
    Sitting(tables.spread(50), tmp_path).add(tables.spread_row(10, Peak(100, 50, 20)))
    fleet, spread = tables.joined(each.table for each in of_newest_commit(tmp_path))
    # What was measured again stands for what was measured before.
    assert fleet.rows == [row(tables.ISSUE, 2, 9.0), row(tables.NOTHING_DUE, 1, 9.0), row(tables.NOTHING_DUE, 2, 8.0)]
    assert spread.rows == [(10, 100, "2.00", 20)]


def test_figures_of_another_commit_are_left_out(tmp_path: Path) -> None:
    Sitting(tables.fleet(200, 2, 1), tmp_path).add(row(tables.ISSUE, 1, 8.0))
    (file,) = tmp_path.iterdir()
    written = json_file.read_object(file)
    assert written is not None
    machine = {**written["machine"], "commit": "another"}  # type: ignore[dict-item]
    json_file.write(file, {**written, "machine": machine})
    Sitting(tables.fleet(200, 2, 1), tmp_path).add(row(tables.ISSUE, 2, 8.0))
    assert [each.table.rows for each in of_newest_commit(tmp_path)] == [[row(tables.ISSUE, 2, 8.0)]]


def test_where_nothing_is_kept_it_is_said_what_measures(tmp_path: Path) -> None:
    with pytest.raises(NothingKept, match="make bench-fleet"):
        of_newest_commit(tmp_path)


def test_the_page_gets_its_figures_between_its_marks_and_keeps_the_rest(tmp_path: Path) -> None:
    Sitting(tables.fleet(200, 2, 1), tmp_path / "kept").add(row(tables.ISSUE, 2, 8.0))
    kept = of_newest_commit(tmp_path / "kept")
    file = tmp_path / "fleet.md"
    file.write_text(page.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    page.publish(kept, file)
    published = file.read_text(encoding="utf-8")
    assert "| issue | 2 | 8.0 | 16.0 | 300 | 4.0 | 4.0 | 1 of 2 | 400 |" in published
    assert kept[0].machine.sentence in published
    assert published.startswith("# Many stacks: a fleet\n")
    page.publish(kept, file)
    assert file.read_text(encoding="utf-8") == published
    with pytest.raises(ValueError, match="lacks its marks"):
        between_marks("# A page\n", "", page.BEGIN)
