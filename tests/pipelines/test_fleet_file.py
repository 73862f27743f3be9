"""Which stack waits for which, and what a wrong file is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pipelines import shards
from pipelines.fleet_file import FleetFile
from pipelines.limits import Limits
from pipelines.settings import BadSetting
from tests.pipelines.stages import STAGED

STAGES = f"""
jobs = 4
apart = ["tools"]
[limits]
rotate = 40
delete = 2
{STAGED.replace('"*-dev"', '"*-dev", "lab"')}
pause = "1h30m"
on_warning = "go on"
"""
FLEET = ["billing-dev", "billing-prod", "billing-soak", "lab", "search-dev", "search-prod", "tools"]


def read(directory: Path, text: str) -> FleetFile:
    (directory / "stacks").mkdir(exist_ok=True)
    (directory / "stacks" / "fleet.toml").write_text(text)
    return FleetFile.read(directory)


def problems(directory: Path, text: str) -> list[str]:
    with pytest.raises(BadSetting) as refused:
        read(directory, text)
    return str(refused.value).splitlines()


def test_without_a_file_nothing_waits_and_nothing_is_limited(tmp_path: Path) -> None:
    file = FleetFile.read(tmp_path)
    file.check(["dev", "prod"])
    assert (file.exists, file.jobs, bool(file.limits), file.before("prod", ["dev", "prod"])) == (False, 1, False, [])


def test_a_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    file = read(tmp_path, STAGES)
    file.check(FLEET)
    assert (file.jobs, file.limits) == (4, Limits(40, 2))
    assert [(stage.name, stage.pause, stage.holds) for stage in file.stages] == [
        ("dev", timedelta(0), True),
        ("soak", timedelta(minutes=30), True),
        ("prod", timedelta(minutes=90), False),
    ]


def test_a_stack_waits_for_those_of_its_own_line_and_for_those_that_are_of_every_line(tmp_path: Path) -> None:
    file = read(tmp_path, STAGES)
    assert file.before("billing-prod", FLEET) == [["billing-dev", "lab"], ["billing-soak"]]
    assert file.before("search-prod", FLEET) == [["lab", "search-dev"]]
    assert file.before("billing-dev", FLEET) == file.before("tools", FLEET) == []


def test_a_stack_that_is_named_alone_waits_for_nobody(tmp_path: Path) -> None:
    assert read(tmp_path, STAGES).before("billing-prod", ["billing-prod"]) == []


def test_what_is_wrong_is_told_line_by_line_with_its_place_and_what_would_be_right(tmp_path: Path) -> None:
    wrong = """
jobs = 0
speed = "fast"
apart = "tools"
[limits]
rotate = "many"
destroy = 3
[[stages]]
name = "dev"
stacks = []
pause = "soon"
[[stages]]
name = "dev"
stacks = ["*-*"]
on_warning = "ignore"
[[stages]]
stacks = ["prod"]
"""
    assert problems(tmp_path, wrong) == [
        "stacks/fleet.toml: speed isn't known: there are jobs, apart, limits, stages",
        "stacks/fleet.toml: jobs is 0: give a whole number, from 1 to 64",
        "stacks/fleet.toml: limits.destroy isn't known: there are rotate, delete",
        "stacks/fleet.toml: limits.rotate is 'many': give a whole number, 0 or more",
        "stacks/fleet.toml: stages[0].stacks is []: "
        'give a list of stacks, such as ["dev"] or ["*-dev"], with one `*` at the most',
        'stacks/fleet.toml: stages[0].pause is \'soon\': give a time such as "30m" or "2h"',
        "stacks/fleet.toml: stages[1].stacks is ['*-*']: "
        'give a list of stacks, such as ["dev"] or ["*-dev"], with one `*` at the most',
        'stacks/fleet.toml: stages[1].on_warning is \'ignore\': give "hold" or "go on"',
        'stacks/fleet.toml: stages[2].name is missing: give a name such as "dev"',
        "stacks/fleet.toml: stages: 'dev' is the name of two: give each its own",
        "stacks/fleet.toml: apart is 'tools': give a list of stacks, such as [\"tools\"]",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("jobs = ", "Invalid value"),
        ("limits = 3", "limits is no table: write `[limits]`"),
        ("stages = 3", "stages is no list of tables"),
        ("jobs = true", "jobs is True: give a whole number"),
    ],
)
def test_a_file_of_another_form_is_one_line(tmp_path: Path, text: str, problem: str) -> None:
    (line,) = problems(tmp_path, text)
    assert line.startswith("stacks/fleet.toml: ")
    assert problem in line


def test_a_stack_that_nobody_has_put_anywhere_or_two_have_is_refused(tmp_path: Path) -> None:
    file = read(tmp_path, STAGES.replace('"lab"', '"lab", "tools"'))
    with pytest.raises(BadSetting) as refused:
        file.check([*FLEET, "new"])
    assert str(refused.value).splitlines() == [
        "stacks/fleet.toml: stages: stack tools is of dev and apart: let one of them name it",
        "stacks/fleet.toml: stages: stack new is of no stage: name it in one, or under `apart` if it waits for none",
    ]


def test_stacks_that_wait_for_each_other_are_in_one_shard_and_every_stack_is_in_one(tmp_path: Path) -> None:
    stacks = [f"{team}-{stage}" for team in "abcdef" for stage in ("dev", "prod")] + ["tools"]
    file = read(tmp_path, STAGES.replace(', "lab"', ""))
    names = shards.names(stacks, file, 4)
    assert names == ["1/4", "2/4", "3/4", "4/4"]
    parts = [shards.of(name, stacks, file) for name in names]
    assert sorted(stack for part in parts for stack in part) == sorted(stacks)
    assert {len(part) for part in parts} <= {2, 3, 4}
    for part in parts:
        assert {stack[0] for stack in part if stack.endswith("dev")} == {
            stack[0] for stack in part if stack.endswith("prod")
        }


def test_there_are_no_shards_without_a_stack() -> None:
    assert shards.names(["dev", "prod"], FleetFile(), 8) == ["1/8", "2/8"]
    assert shards.of("3/8", ["dev", "prod"], FleetFile()) == []


@pytest.mark.parametrize("name", ["0/4", "5/4", "1", "a/b", "1/999"])
def test_a_shard_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(BadSetting, match="give a part and how many there are, such as 2/4"):
        shards.of(name, ["dev"], FleetFile())
