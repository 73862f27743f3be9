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
# The same for many stacks, several to a job.
GITHUB_FLEET = REPOSITORY / "pipelines" / "github-actions-fleet.yml"
GITLAB_FLEET = REPOSITORY / "pipelines" / "gitlab-ci-fleet.yml"
ON_GITHUB = pytest.mark.parametrize("file", [GITHUB, GITHUB_FLEET], ids=lambda file: file.stem)
ON_GITLAB = pytest.mark.parametrize("file", [GITLAB, GITLAB_FLEET], ids=lambda file: file.stem)
ON_EITHER = pytest.mark.parametrize("file", [GITHUB, GITHUB_FLEET, GITLAB, GITLAB_FLEET], ids=lambda file: file.stem)


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@ON_EITHER
def test_they_are_as_the_public_schemas_say(file: Path) -> None:
    schema = f"vendor.{'github-workflows' if 'github' in file.name else 'gitlab-ci'}"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@ON_GITHUB
def test_the_workflow_is_as_safe_as_its_linter_wants(file: Path, tmp_path: Path) -> None:
    # It tells a workflow by where it is.
    place = tmp_path / ".github" / "workflows" / "api-keys.yml"
    place.parent.mkdir(parents=True)
    place.write_text(file.read_text(encoding="utf-8"))
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--no-config", "--persona", "regular", str(place)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@ON_GITHUB
def test_actions_are_pinned_to_a_commit_with_its_version_beside_it(file: Path) -> None:
    used = re.findall(r"uses: (.*)", file.read_text(encoding="utf-8"))
    assert used
    assert [use for use in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


# The jobs that run a stack's program, and those that tell people and run none.
RUN, TELL = ("preview", "up"), ("comment", "tell")


def lines(job: Any) -> list[str]:
    """What a job runs, on either forge."""
    return [step["run"] for step in job["steps"] if "run" in step] if "steps" in job else job["script"]


@ON_GITHUB
def test_a_job_may_do_only_what_it_needs(file: Path) -> None:
    workflow = read(file)
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "preview": {"contents": "read", "id-token": "write"},
        "comment": {"contents": "read", "pull-requests": "write"},
        "stacks" if file == GITHUB else "shards": {"contents": "read"},
        "up": {"contents": "read", "id-token": "write"},
        "tell": {"contents": "read", "issues": "write"},
        "events": {"contents": "read"},
    }


@ON_EITHER
def test_no_job_that_runs_a_program_has_a_token_of_the_forge(file: Path) -> None:
    content = read(file)
    jobs = content.get("jobs", content)
    for name in RUN:
        assert re.search(rf"-m pipelines {name}\b", "\n".join(lines(jobs[name])))
        assert not re.search(r"GITHUB_TOKEN|GITLAB_TOKEN|github\.token|CI_JOB_TOKEN|forge", yaml.safe_dump(jobs[name]))
    for name in TELL:
        assert re.search(rf"-m pipelines {name}\b", lines(jobs[name])[-1])
        assert not re.search(r"-m pipelines (preview|up)\b", "\n".join(lines(jobs[name])))
        assert not re.search(r"id-token|id_tokens|PASSPHRASE|AWS_|YC_|YANDEX_KEYS_", yaml.safe_dump(jobs[name]))


def test_a_comment_is_written_by_the_target_branchs_script() -> None:
    checkout = read(GITHUB)["jobs"]["comment"]["steps"][0]
    assert checkout["with"] == {"ref": "${{ github.event.pull_request.base.sha }}", "persist-credentials": False}
    fetch, add, change, run = read(GITLAB)["comment"]["script"]
    assert fetch.endswith('origin "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"')
    assert add.endswith('"$CI_PROJECT_DIR.target" FETCH_HEAD')
    assert change == 'cd "$CI_PROJECT_DIR.target"'
    assert run == 'python3 -m pipelines comment "$CI_PROJECT_DIR/report.json"'


@ON_GITHUB
def test_no_checkout_leaves_a_token_behind(file: Path) -> None:
    steps = [step for job in read(file)["jobs"].values() for step in job["steps"]]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == 6
    assert [step for step in checkouts if step["with"].get("persist-credentials") is not False] == []


@ON_EITHER
def test_nothing_is_cached_between_a_requests_job_and_the_deployers(file: Path) -> None:
    content = file.read_text(encoding="utf-8")
    assert not re.search(r"^\s*(- )?(cache|restore-keys):|actions/cache|PIP_CACHE_DIR|PIP_FIND_LINKS", content, re.M)


@ON_EITHER
def test_a_request_starts_nothing_but_its_preview(file: Path) -> None:
    content = file.read_text(encoding="utf-8")
    assert "pull_request_target" not in content
    assert "workflow_run" not in content
    assert "include:" not in content
    if file in (GITHUB, GITHUB_FLEET):
        jobs, listing = read(file)["jobs"], "stacks" if file == GITHUB else "shards"
        assert jobs[listing]["if"] == "github.event_name != 'pull_request'"
        assert [jobs["up"]["needs"], jobs["tell"]["needs"], jobs["comment"]["needs"]] == [
            listing,
            [listing, "up"],
            "preview",
        ]
    else:
        of = {name: [rule["if"] for rule in read(file)[name]["rules"]] for name in (*RUN, *TELL)}
        assert of["preview"] == of["comment"]
        assert (
            of["up"]
            == of["tell"]
            == ["$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE =~ /^(push|schedule|web)$/"]
        )


@ON_EITHER
def test_a_script_takes_what_others_wrote_as_one_quoted_word(file: Path) -> None:
    """Twin of zizmor's rule on templates: no expression in a script, and no variable but between quotes."""
    content = read(file)
    jobs = content.get(
        "jobs", {name: job for name, job in content.items() if isinstance(job, dict) and "script" in job}
    )
    commands = [line for job in jobs.values() for line in lines(job)]
    assert len(commands) >= 5
    for command in commands:
        assert "${{" not in command
        bare = re.sub(r'"[^"]*"', "", re.sub(r"\$\(python3 -m pipelines stacks( --shards 8)?\)", "stacks", command))
        assert "$" not in bare, command
        assert not re.search(r"curl|wget|pip install|\|", command), command


@ON_GITLAB
def test_what_gitlabs_jobs_hand_on_is_for_members_and_goes_soon(file: Path) -> None:
    for name in RUN:
        kept = read(file)[name]["artifacts"]
        assert (kept["access"], kept["expire_in"], kept["when"]) == ("developer", "1 day", "always")
    for name in TELL:
        assert read(file)[name]["rules"][0]["when"] == "always"
        assert read(file)[name]["environment"] == {"name": "forge", "action": "verify"}


@ON_GITLAB
def test_only_the_deployers_job_gets_a_token_for_the_cloud_on_gitlab(file: Path) -> None:
    assert [name for name, job in read(file).items() if "id_tokens" in job] == ["up"]


def test_one_run_of_a_stack_at_a_time_and_none_is_cut_short() -> None:
    assert read(GITHUB)["jobs"]["up"]["concurrency"] == {
        "group": "api-keys-up-${{ matrix.stack }}",
        "cancel-in-progress": False,
    }
    gitlab = read(GITLAB)["up"]
    assert gitlab["resource_group"] == "api-keys-$STACK"
    assert "interruptible" not in gitlab


def test_one_run_of_a_shard_at_a_time_and_each_shard_has_a_job() -> None:
    github, gitlab = read(GITHUB_FLEET)["jobs"], read(GITLAB_FLEET)["up"]
    assert github["up"]["concurrency"] == {"group": "api-keys-up-${{ matrix.shard }}", "cancel-in-progress": False}
    assert github["up"]["strategy"] == {
        "fail-fast": False,
        "matrix": {"shard": "${{ fromJSON(needs.shards.outputs.names) }}"},
    }
    assert gitlab["resource_group"] == "api-keys-$SHARD"
    ((matrix),) = gitlab["parallel"]["matrix"]
    count = len(matrix["SHARD"])
    assert matrix["SHARD"] == [f"{number}/{count}" for number in range(1, count + 1)]
    assert f"pipelines stacks --shards {count})" in lines(github["shards"])[-1]
    for job in (github["up"], gitlab):
        assert '--shard "$SHARD"' in lines(job)[-1]


@pytest.mark.parametrize(("one", "fleet"), [(GITHUB, GITHUB_FLEET), (GITLAB, GITLAB_FLEET)])
def test_a_fleets_file_differs_only_where_stacks_are_shared_out(one: Path, fleet: Path) -> None:
    """What is mended in one is mended in the other."""
    plain = one.read_text(encoding="utf-8").splitlines()
    only = [line for line in fleet.read_text(encoding="utf-8").splitlines() if line not in plain]
    about = re.compile(
        r"shard|SHARD|--jobs|JOB_ID|timeout|pauses|docs/fleet|environment|name: api-keys|lock", re.IGNORECASE
    )
    assert [line for line in only if not about.search(line)] == []


def test_gitlab_brings_up_the_stacks_that_there_are() -> None:
    assert read(GITLAB)["up"]["parallel"]["matrix"] == [{"STACK": chosen(REPOSITORY, [])}]


@ON_EITHER
def test_events_are_handed_on_where_a_team_says_to_whom_and_by_a_job_without_a_login(file: Path) -> None:
    content = read(file)
    jobs = content.get("jobs", content)
    condition = jobs["events"]["if"] if file in (GITHUB, GITHUB_FLEET) else jobs["events"]["rules"][0]["if"]
    assert all(f"PIPELINE_EVENTS_{to}" in condition for to in ("WEBHOOK", "COMMAND"))
    assert re.search(r"-m pipelines send \S+$", lines(jobs["events"])[-1])
    assert not re.search(
        r"github\.token|GITLAB_TOKEN|id-token|id_tokens|PASSPHRASE|YC_", yaml.safe_dump(jobs["events"])
    )
    assert "PIPELINE_EVENTS" in yaml.safe_dump(jobs["up"])
    assert "PIPELINE_EVENTS" not in yaml.safe_dump(jobs["preview"])


@pytest.mark.parametrize(("github", "gitlab"), [(GITHUB, GITLAB), (GITHUB_FLEET, GITLAB_FLEET)])
def test_no_run_lasts_until_its_lock_counts_as_left_behind(github: Path, gitlab: Path) -> None:
    minutes = read(github)["jobs"]["up"]["timeout-minutes"]
    assert read(gitlab)[".api-keys"]["timeout"] == f"{minutes} minutes"
    assert timedelta(minutes=minutes) * 2 < STALE_AFTER


@pytest.mark.parametrize(("github", "gitlab"), [(GITHUB, GITLAB), (GITHUB_FLEET, GITLAB_FLEET)])
def test_both_rotate_once_a_day(github: Path, gitlab: Path) -> None:
    (schedule,) = read(github)[True]["schedule"]  # YAML 1.1 reads `on` as true
    assert re.fullmatch(r"\d+ \d+ \* \* \*", schedule["cron"])
    assert "schedule" in read(gitlab)["up"]["rules"][0]["if"]


@pytest.mark.parametrize(("github", "gitlab"), [(GITHUB, GITLAB), (GITHUB_FLEET, GITLAB_FLEET)])
def test_strangers_requests_get_no_login(github: Path, gitlab: Path) -> None:
    assert "head.repo.full_name == github.repository" in read(github)["jobs"]["preview"]["if"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in read(gitlab)["preview"]["rules"][0]["if"]


def test_every_variable_of_theirs_is_in_the_readme() -> None:
    readme = (REPOSITORY / "pipelines" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:vars|secrets)\.([A-Z_]+)", GITHUB.read_text(encoding="utf-8")))
    named |= set(re.findall(r"\b(?:vars|secrets)\.([A-Z_]+)", GITHUB_FLEET.read_text(encoding="utf-8")))
    named |= set(re.findall(r"\$(PREVIEW_[A-Z_]+|DEPLOYER_[A-Z_]+)", GITLAB.read_text(encoding="utf-8")))
    assert sorted(name for name in named if f"`{name}`" not in readme) == []
