"""What the fleet's benchmark counts; that it runs is held by the script that it times (tests/end_to_end/test_fleet.py)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tools.fleet_bench.clouds import clouds_that_hold
from tools.fleet_bench.spread import Peak, of_plan
from tools.fleet_bench.usage import measured


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
