"""The floor is a real one: the real engine, as many resources as ours, the same steps."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.pulumi import run_pulumi
from tools.bench.bare_stack import BareStack
from tools.bench.figures import CREATE, NO_OP, REFRESH, ROTATE
from tools.bench.our_stack import ARGUMENTS, Shape, our_stack
from tools.bench.spent import CommandFailed, spent


def test_the_bare_stack_has_as_many_resources_and_changes_as_many_as_there_are_keys(tmp_path: Path) -> None:
    bare = BareStack(tmp_path / "bare", Shape(components=2, resources=7, changing=3))
    for step, _ in bare.life():
        exported = json.loads(run_pulumi(bare.environment, bare.directory, "stack", "export").stdout)
        found = exported["deployment"]["resources"]
        turns = [it["inputs"]["turn"] for it in found if it["type"] == "bare:index:Thing"]
        assert sum(it["type"] == "bare:index:Account" for it in found) == 2, step
        assert sorted(turns) == [""] * 4 + ["second" if step == ROTATE else "first"] * 3, step


def test_a_life_of_ours_is_measured_and_its_shape_is_what_the_engine_has(tmp_path: Path) -> None:
    with our_stack(tmp_path, 2) as stack:
        samples = dict(stack.life())
        shape = stack.shape()
    assert list(samples) == list(ARGUMENTS)
    assert shape.components == 1
    assert shape.changing == 2
    assert shape.resources >= 4
    calls = {step: sample.calls for step, sample in samples.items()}
    assert calls[NO_OP] == 0
    assert calls[CREATE]
    assert calls[ROTATE]
    assert calls[REFRESH]
    assert all(sample.state and sample.spent.cpu > 0 for sample in samples.values())
    if sys.platform == "linux":
        assert {"engine", "program", "plugin"} <= samples[CREATE].spent.by_role.keys()
        assert {"engine", "program", "plugin"} <= samples[CREATE].spent.memory.keys()


def test_a_command_that_fails_is_told_with_all_that_it_said(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"exit code 3\nwhy not"):
        spent(["sh", "-c", "echo why not >&2; exit 3"], tmp_path, {"PATH": "/usr/bin:/bin"})


def test_cpu_of_all_that_a_command_started_is_counted(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"]
    assert spent(command, tmp_path, {}).cpu >= 0.5
