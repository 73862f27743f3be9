"""The pipelines at hand are what their runners take, and what the scripts rely on."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.lock import STALE_AFTER
from pipelines.stacks import chosen

REPOSITORY = Path(__file__).parents[2]
GITHUB = REPOSITORY / "pipelines" / "github-actions.yml"
GITLAB = REPOSITORY / "pipelines" / "gitlab-ci.yml"


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("schema", "file"), [("vendor.github-workflows", GITHUB), ("vendor.gitlab-ci", GITLAB)])
def test_they_are_as_the_public_schemas_say(schema: str, file: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_workflow_is_as_safe_as_its_linter_wants(tmp_path: Path) -> None:
    # It tells a workflow by where it is.
    place = tmp_path / ".github" / "workflows" / "api-keys.yml"
    place.parent.mkdir(parents=True)
    place.write_text(GITHUB.read_text(encoding="utf-8"))
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--no-config", "--persona", "regular", str(place)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_actions_are_pinned_to_a_commit_with_its_version_beside_it() -> None:
    used = re.findall(r"uses: (.*)", GITHUB.read_text(encoding="utf-8"))
    assert used
    assert [use for use in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


def test_a_job_may_do_only_what_it_needs() -> None:
    workflow = read(GITHUB)
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "preview": {"contents": "read", "id-token": "write", "pull-requests": "write"},
        "stacks": {"contents": "read"},
        "up": {"contents": "read", "id-token": "write", "issues": "write"},
    }


def test_one_run_of_a_stack_at_a_time_and_none_is_cut_short() -> None:
    assert read(GITHUB)["jobs"]["up"]["concurrency"] == {
        "group": "api-keys-up-${{ matrix.stack }}",
        "cancel-in-progress": False,
    }
    gitlab = read(GITLAB)["up"]
    assert gitlab["resource_group"] == "api-keys-$STACK"
    assert "interruptible" not in gitlab


def test_gitlab_brings_up_the_stacks_that_there_are() -> None:
    assert read(GITLAB)["up"]["parallel"]["matrix"] == [{"STACK": chosen(REPOSITORY, [])}]


def test_no_run_lasts_until_its_lock_counts_as_left_behind() -> None:
    minutes = read(GITHUB)["jobs"]["up"]["timeout-minutes"]
    assert read(GITLAB)[".api-keys"]["timeout"] == f"{minutes} minutes"
    assert timedelta(minutes=minutes) * 2 < STALE_AFTER


def test_both_rotate_once_a_day() -> None:
    (schedule,) = read(GITHUB)[True]["schedule"]  # YAML 1.1 reads `on` as true
    assert re.fullmatch(r"\d+ \d+ \* \* \*", schedule["cron"])
    assert "schedule" in read(GITLAB)["up"]["rules"][0]["if"]


def test_strangers_requests_get_no_login() -> None:
    assert "head.repo.full_name == github.repository" in read(GITHUB)["jobs"]["preview"]["if"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in read(GITLAB)["preview"]["rules"][0]["if"]


def test_every_variable_of_theirs_is_in_the_readme() -> None:
    readme = (REPOSITORY / "pipelines" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:vars|secrets)\.([A-Z_]+)", GITHUB.read_text(encoding="utf-8")))
    named |= set(re.findall(r"\$(PREVIEW_[A-Z_]+|DEPLOYER_[A-Z_]+)", GITLAB.read_text(encoding="utf-8")))
    assert sorted(name for name in named if f"`{name}`" not in readme) == []
