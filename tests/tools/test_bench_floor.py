"""The floor is a real one: the real engine, as many resources as ours, the same steps."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from cli.checkpoint_files import opened
from tools.bench.bare_stack import BareStack
from tools.bench.figures import FLOOR, NO_OP, OURS, REFRESH, ROTATE, STEPS, Place
from tools.bench.goals import goals
from tools.bench.machine import Look
from tools.bench.our_stack import Shape
from tools.bench.rounds import Plan, measure
from tools.bench.spent import CommandFailed, spent
from tools.bench.state_file import file_of


def test_the_bare_stack_has_as_many_resources_and_changes_as_many_as_there_are_keys(tmp_path: Path) -> None:
    bare = BareStack(tmp_path / "bare", Shape(components=2, resources=7, changing=3))
    for step, _ in bare.life():
        found = json.loads(opened(file_of(bare.directory / "state").read_bytes()))["checkpoint"]["latest"]["resources"]
        turns = [it["inputs"]["turn"] for it in found if it["type"] == "bare:index:Thing"]
        assert sum(it["type"] == "bare:index:Account" for it in found) == 2, step
        assert sorted(turns) == [""] * 4 + ["second" if step == ROTATE else "first"] * 3, step


def test_a_run_measures_each_step_of_both_and_begins_no_round_that_would_end_too_late(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = Plan((2,), runs=2, minutes=0, slow=0, bytes_keys=0, memory_keys=0, previews=1)
    figures = measure(plan)
    assert "no round 2 of 2" in capsys.readouterr().err
    assert {len(samples) for samples in figures.samples.values()} == {1}
    for step in STEPS:
        ours, floor = (figures.samples[Place(who, step, 2)][0] for who in (OURS, FLOOR))
        assert ours.calls == 0 if step == NO_OP else ours.calls, step
        assert ours.state, step
        assert floor.state, step
        assert ours.spent.cpu > 0, step
        if sys.platform == "linux":
            seen = {"engine", "plugin"} | ({"program"} if step != REFRESH else set())
            assert seen <= ours.spent.by_role.keys() & ours.spent.memory.keys(), step
            assert seen <= floor.spent.by_role.keys(), step
    known = {goal.figure for goal in goals(figures, plan) if goal.met is not None}
    assert {"no-op of 2 keys", "create of 2 keys", "start: preview of one account over the engine's own"} <= known


def test_a_command_that_fails_is_told_with_all_that_it_said(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"exit code 3\nwhy not"):
        spent(["sh", "-c", "echo why not >&2; exit 3"], tmp_path, {"PATH": "/usr/bin:/bin"})


def test_cpu_of_all_that_a_command_started_is_counted(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"]
    assert spent(command, tmp_path, {}).cpu >= 0.5


def test_a_run_says_which_machine_and_versions_it_is_of() -> None:
    said = Look().end().sentence
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC, commit \w+.*\. \d+ cores?, ", said)
    assert re.search(r"Pulumi v\d+\.\d+\.\d+.*, Python 3\.\d+\.\d+\. Load before the run: \d", said)
