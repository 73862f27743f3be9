"""The jobs of a pipeline, one by one, on the project's own program: what people see of them, and what they leave."""

from __future__ import annotations

import base64
import html
import json
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.checkpoint_files import opened
from setup import virtual_environment
from tests.end_to_end.object_storage import KEY, storing
from tests.end_to_end.pipeline_runner import AUDIENCE, Runner, clone, git
from tests.pipelines.fake_forge import FakeForge
from tests.pipelines.http_stub import Stub, serving
from tests.setup.planted import a_wheel
from tests.support.colleague import call
from tests.support.forked_python import ForkedPython
from tests.support.local_cloud import LocalCloud
from tests.support.policy_pack import policy_pack

CONFIG: dict[str, Any] = {
    "api-keys:accounts": [{"name": "translator", "keys": [{"name": "default", "uses": ["translate"]}]}]
}


@pytest.fixture
def runner(tmp_path: Path, cloud: LocalCloud, python: ForkedPython | None) -> Runner:
    """A runner with a stack `prod` that has no resources yet."""
    made = Runner(tmp_path, cloud, python=python)
    made.init(CONFIG)
    return made


class GitHub(FakeForge):
    """A repository on GitHub, and what its runner sets for a job."""

    def __init__(self, stub_url: str, directory: Path) -> None:
        super().__init__()
        self.url, self.directory = stub_url, directory

    def settings(self, event: dict[str, Any]) -> dict[str, str]:
        """Of a job that runs a stack's program: it has no token of the forge."""
        file = self.directory / "event.json"
        file.write_text(json.dumps(event))
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": "us/keys",
            "GITHUB_EVENT_PATH": str(file),
            "GITHUB_STEP_SUMMARY": str(self.directory / "summary.md"),
        }


def told(runner: Runner, command: str, *stacks: str, **settings: str) -> tuple[int, str]:
    """The two jobs of a workflow, `preview` and `comment` or `up` and `tell`: the exit code and the log of the first."""
    report = runner.directory / "report.json"
    report.unlink(missing_ok=True)
    code, log = runner.run(command, "--report", str(report), *(stacks or (runner.stack,)), **settings)
    telling = ("comment", str(report)) if command == "preview" else ("tell", str(report), *(stacks or (runner.stack,)))
    told_code, told_log = runner.run(*telling, **settings, GITHUB_TOKEN="ghs_the-jobs-token")
    assert told_code == 0, told_log
    return code, log


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    fake = GitHub("", tmp_path)

    def url(stub: Stub) -> GitHub:
        fake.url = stub.url
        return fake

    with serving(fake.answer) as stub:
        yield url(stub)


def lock_file(runner: Runner, age: timedelta) -> Path:
    """A lock as a colleague's `pulumi up` takes it."""
    file = runner.directory / "state/.pulumi/locks/organization/api-keys/prod/a-colleagues.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    since = (datetime.now(UTC) - age).isoformat()
    file.write_text(json.dumps({"pid": 1, "username": "anna", "hostname": "laptop", "timestamp": since}))
    return file


def test_a_month_of_a_stack_as_its_people_see_it(runner: Runner, github: GitHub, cloud: LocalCloud) -> None:
    scheduled, request = github.settings({}), github.settings({"pull_request": {"number": 7}})

    assert told(runner, "up", **scheduled)[0] == 0
    (first,) = cloud.live_keys("translator")
    cloud.advance("31d")

    cloud.forget_calls()
    state = (runner.directory / "state/.pulumi/stacks/api-keys/prod.json.zst").read_bytes()
    code, log = told(runner, "preview", **request, GITHUB_SHA="0123456789abcdef")
    assert code == 0, log
    (comment,) = github.comments
    text = html.unescape(comment["body"])
    assert "<b><code>prod</code></b>: <code>1 key rotates</code>" in text
    assert "<code>translator/default: rotates: due since" in text
    assert f"key {first['id']} is 31 days old; it keeps working until" in text
    assert cloud.calls() == {}
    assert (runner.directory / "state/.pulumi/stacks/api-keys/prod.json.zst").read_bytes() == state

    code, log = told(runner, "up", **scheduled)
    assert code == 0, log
    assert sum("rotates:" in line for line in log.splitlines()) == 1
    (second,) = (key for key in cloud.live_keys("translator") if key["id"] != first["id"])
    assert github.issues == []

    cloud.advance("6d")
    assert cloud.use("translate", first["secret"]) == 200
    code, log = told(runner, "up", **scheduled, PIPELINE_WARNING_EXIT_CODE="3")
    assert code == 3, log
    assert f"::warning title=prod%3A needs a human::translator/default: key {first['id']} is still used" in log
    (issue,) = github.issues
    assert issue["title"] == "API keys: stack prod needs a human"
    assert f"key {first['id']} is still used" in html.unescape(issue["body"])

    assert told(runner, "up", **scheduled)[0] == 0
    assert issue["state"] == "closed"
    said = "\n".join([*runner.log, comment["body"], issue["body"], *(text for _, text in github.said)])
    assert [
        secret for secret in (first["secret"], second["secret"], "the passphrase of a test") if secret in said
    ] == []


def test_what_a_colleague_deletes_is_put_right_by_the_daily_run_and_reaches_a_human(
    runner: Runner, github: GitHub, cloud: LocalCloud
) -> None:
    pushed, scheduled = github.settings({}), github.settings({}) | {"GITHUB_EVENT_NAME": "schedule"}
    assert told(runner, "up", **pushed)[0] == 0
    (deleted,) = cloud.live_keys("translator")
    call(cloud, "ApiKeyService/Delete", api_key_id=deleted["id"])
    code, log = told(runner, "up", **pushed)
    assert "prod: nothing to do" in log
    assert cloud.live_keys("translator") == []

    code, log = told(runner, "up", **scheduled)
    assert code == 0, log
    (key,) = cloud.live_keys("translator")
    *_, summary, found = log.splitlines()
    assert "prod: 1 key rotates, 1 change by others;" in summary
    assert found.startswith(
        f"::warning title=prod%3A changed by others::translator/default: key {deleted['id']} is gone, and not by us"
    )
    assert f"(this run has put it right; new key {key['id']}, good until" in found
    (issue,) = github.issues
    assert f"key {deleted['id']} is gone, and not by us" in html.unescape(issue["body"])

    cloud.forget_calls()
    code, log = told(runner, "up", **scheduled)
    assert "prod: nothing to do" in log.splitlines()[-1]
    assert issue["state"] == "closed"
    calls = cloud.calls()
    assert (calls["ApiKeyService/List"], calls["SecretService/Get"], calls["ServiceAccountService/Get"]) == (1, 1, 1)


def test_a_key_that_would_die_of_a_new_name_is_said_with_the_way_to_keep_it(
    runner: Runner, github: GitHub, cloud: LocalCloud
) -> None:
    account = {"name": "translator", "readers": ["self"], "keys": [{"name": "default", "uses": ["translate"]}]}
    runner.declare({"api-keys:accounts": [account]})
    assert told(runner, "up", **github.settings({}))[0] == 0
    (key,) = cloud.live_keys("translator")
    runner.declare({"api-keys:accounts": [{**account, "keys": [{"name": "main", "uses": ["translate"]}]}]})
    code, log = told(runner, "preview", **github.settings({"pull_request": {"number": 7}}))
    assert code == 0, log
    (comment,) = github.comments
    text = html.unescape(comment["body"])
    assert "**Keys that die**" in text
    assert f"translator/default: key {key['id']} dies at once; its secret is in Lockbox secret" in text
    assert f"read by serviceAccount:{key['serviceAccountId']}" in text
    assert "it looks like translator/main, which is new" in text
    assert "write `renamedFrom: default` at translator/main, and nothing dies" in text


def test_a_failed_stack_keeps_no_other_from_its_run_and_reaches_a_human(
    runner: Runner, github: GitHub, cloud: LocalCloud
) -> None:
    wrong = {"name": "Bad Name", "keys": [{"name": "default", "uses": ["translat"], "overlap": "99d"}]}
    runner.init({"api-keys:accounts": [wrong]}, "dev")
    heard = runner.directory / "heard"
    settings = github.settings({}) | {
        "PIPELINE_NOTIFY_COMMAND": f'cat > {heard}; echo "$PIPELINE_STACK $PIPELINE_OUTCOME" >> {heard}'
    }
    code, log = told(runner, "up", "dev", "prod", **settings)
    assert code == 1
    assert len(cloud.live_keys("translator")) == 1
    assert "accounts[0].keys[0] (default).uses[0]" in log
    (issue,) = github.issues
    assert issue["title"] == "API keys: stack dev needs a human"
    assert "accounts[0].name" in html.unescape(issue["body"])
    assert "accounts[0].name" in heard.read_text()
    assert heard.read_text().endswith("dev failed\n")

    code, _ = told(runner, "preview", "dev", "prod", **github.settings({"pull_request": {"number": 7}}))
    assert code == 1
    (comment,) = github.comments
    text = html.unescape(comment["body"])
    assert "<b><code>dev</code></b>: <code>the preview failed</code>" in text
    assert "accounts[0].keys[0] (default).uses[0]" in text
    assert "<b><code>prod</code></b>: <code>nothing to do</code>" in text


@pytest.mark.usefixtures("ordinary_python")
def test_a_requests_program_that_prints_its_environment_shows_no_token(runner: Runner, github: GitHub) -> None:
    """Both what it inherits, which is little, and what it can guess of the rest, which is masked."""
    program = """import base64, json, os
import pulumi

inherited = dict(os.environ)
for text in (repr(inherited), json.dumps(inherited), base64.b64encode(json.dumps(inherited).encode()).decode()):
    pulumi.log.warn(text)
for name, value in inherited.items():
    pulumi.log.warn(f"{name} is {value}, in base64 {base64.b64encode(value.encode()).decode()}")
"""
    runner.commit({"__main__.py": program}, "A request")
    tokens = {"GITLAB_TOKEN": "glpat-of-a-test", "CI_JOB_TOKEN": "job-token-of-a-test", "A_WEBHOOK": "hook-of-a-test"}
    code, log = told(runner, "preview", **github.settings({"pull_request": {"number": 7}}), **tokens)
    assert code == 0, log
    (comment,) = github.comments
    report = (runner.directory / "report.json").read_text()
    assert json.loads(report)["stacks"][0]["headline"].endswith("warnings")
    for text in (json.dumps(json.loads(report), ensure_ascii=False), html.unescape(comment["body"])):
        assert "PULUMI_CONFIG_PASSPHRASE is ***, in base64 ***" in text
        assert "YANDEX_KEYS_FEDERATED_TOKEN is ***" in text
        assert [name for name in tokens if f"{name} is" in text] == []
        for secret in (*tokens.values(), "the passphrase of a test"):
            assert secret not in text
            assert base64.b64encode(secret.encode()).decode().rstrip("=")[:-1] not in text


def test_a_lock_is_honoured_until_it_is_older_than_any_run(runner: Runner, cloud: LocalCloud) -> None:
    lock = lock_file(runner, timedelta(minutes=20))
    code, log = runner.run("up")
    assert code == 75
    assert "held by anna@laptop, process 1" in log
    assert lock.exists()
    assert cloud.live_keys("translator") == []

    lock = lock_file(runner, timedelta(hours=3))
    code, log = runner.run("up")
    assert code == 0, log
    assert "warning: prod: breaking a lock: left behind by anna@laptop, process 1" in log
    assert not lock.exists()
    assert len(cloud.live_keys("translator")) == 1


@pytest.mark.usefixtures("ordinary_python")
def test_a_job_that_is_ended_by_its_runner_leaves_what_the_next_one_goes_on_from(
    runner: Runner, cloud: LocalCloud
) -> None:
    cloud.hold("SecretService/AddVersion", "after")
    job = runner.start("up")
    assert cloud.holds_a_call(job), job.communicate()[0]
    job.send_signal(signal.SIGTERM)
    cloud.let_go()
    output, _ = job.communicate(timeout=60)
    assert job.returncode == 130, output
    assert "error: stopped: the runner ended the job" in output
    assert not list(runner.directory.glob("state/.pulumi/locks/**/*.json"))
    code, log = runner.run("up")
    assert code == 0, log
    assert len(cloud.live_keys("translator")) == 1


def test_a_login_that_is_refused_says_who_the_runner_was(runner: Runner, cloud: LocalCloud) -> None:
    stranger = {"subject": "repo:us/keys:ref:refs/heads/other", "audience": AUDIENCE}
    token = cloud.admin("POST", "oidc-token", stranger)["token"]
    code, log = runner.run("up", YANDEX_KEYS_FEDERATED_TOKEN=token)
    assert code == 1
    assert "refused the OIDC token for service account" in log
    assert "repo:us/keys:ref:refs/heads/other" in log
    assert token not in log


def test_a_stack_that_was_never_made_is_said_to_be_missing(runner: Runner) -> None:
    runner.commit({"stacks/Pulumi.new.yaml": "config: {}\n"})
    for command in ("preview", "up"):
        code, log = runner.run(command, "new")
        assert code == 1
        assert "make it once with `pulumi stack init new`" in log


def test_the_state_lies_in_object_storage_and_nobody_stores_a_key_for_it(tmp_path: Path, cloud: LocalCloud) -> None:
    with storing() as storage:
        runner = Runner(tmp_path, cloud)
        keys = {
            "AWS_ACCESS_KEY_ID": KEY["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": KEY["secret"],
            "AWS_SESSION_TOKEN": KEY["sessionToken"],
        }
        at_home = runner.environment
        runner.environment = {**at_home, **keys, "PULUMI_BACKEND_URL": storage.backend_url}
        runner.init(CONFIG, by_passphrase=True)
        runner.environment = {**at_home, "PULUMI_BACKEND_URL": storage.backend_url, "PIPELINE_IAM_URL": storage.url}
        for expected in ("translator/default: issued key", "nothing to do"):
            code, log = runner.run("up")
            assert code == 0, log
            assert expected in log
        assert storage.refused == []
        assert len(storage.iam_tokens) == 2
        assert "resources" in storage.state_of("prod")
        assert not [name for name in storage.objects if "/locks/" in name]
        assert [
            text for text in (*storage.iam_tokens, KEY["secret"], KEY["sessionToken"]) if text in "\n".join(runner.log)
        ] == []
        (key,) = cloud.live_keys("translator")
        written = [opened(content) for content in storage.objects.values()]
        assert key["id"] in b"".join(written).decode()
        assert not [content for content in written if key["secret"].encode() in content]


def test_a_stack_whose_secrets_a_vault_encrypts_is_run_with_its_variables_and_no_others(
    runner: Runner, cloud: LocalCloud
) -> None:
    account = {"name": "translator", "keys": [{"name": "default", "uses": ["translate"], "deliver": "output"}]}
    runner.declare({"api-keys:accounts": [account]})
    assert "secretsprovider: hashivault://" in runner.stack_file().read_text()
    at_home, token = runner.environment, runner.environment["VAULT_SERVER_TOKEN"]
    runner.environment = {name: value for name, value in at_home.items() if not name.startswith("VAULT_")}
    code, log = runner.run("up")
    assert code == 1
    assert "VAULT_SERVER_URL" in log
    assert cloud.live_keys("translator") == []
    runner.environment = {**at_home, "GOOGLE_CREDENTIALS": "of another cloud"}
    program = (runner.clone / "__main__.py").read_text()
    told_all = "import os\nfor name, value in os.environ.items(): pulumi.log.warn(f'{name} is {value}')"
    runner.commit({"__main__.py": f"{program}\nimport pulumi\n{told_all}\n"})
    code, log = runner.run("up")
    assert code == 0, log
    assert "VAULT_SERVER_TOKEN is ***" in log
    assert "GOOGLE_CREDENTIALS is" not in log
    assert token not in log
    (key,) = cloud.live_keys("translator")
    state = runner.pulumi("stack", "export")
    assert key["id"] in state
    assert key["secret"] not in state
    assert key["secret"] in runner.pulumi("stack", "output", "--show-secrets", "--json")


def test_a_clean_clone_sets_itself_up(tmp_path: Path, cloud: LocalCloud) -> None:
    """With requirements that need no registry: what is held is that the script installs them, and only once."""
    runner = Runner(tmp_path, cloud)
    wheel = tmp_path / "asked_for-1.0-py3-none-any.whl"
    locked = f"asked_for @ {wheel.as_uri()} --hash=sha256:{a_wheel(wheel)}\n"
    runner.commit({"requirements.txt": "asked-for\n", "requirements.lock": locked})
    code, log = runner.run("up", "prod", PIPELINE_VENV="")
    assert code == 1
    assert "installed requirements.lock into .venv" in log
    assert virtual_environment.is_ready(runner.clone, "runtime")
    assert list(runner.clone.glob(".venv/lib/python*/site-packages/asked_for.py"))
    began = time.monotonic()
    assert "installed" not in runner.run("up", "prod", PIPELINE_VENV="")[1]
    assert time.monotonic() - began < 60
    assert git(runner.clone, "status", "--porcelain") == ""


def test_a_clone_is_all_that_a_runner_needs(tmp_path: Path) -> None:
    clone(tmp_path / "clone")
    assert (tmp_path / "clone/pipelines/__main__.py").exists()
    assert not (tmp_path / "clone/.venv").exists()


def test_events_name_the_owner_of_before_while_a_key_changes_hands_and_goes(runner: Runner, cloud: LocalCloud) -> None:
    """Told by the engine before the key's own step: in the run that declares it, renames its owner or takes it out."""
    file, out = runner.directory / "events.jsonl", runner.directory / "out"

    def events(owner: str, *keys: str) -> list[tuple[str, str | None]]:
        file.unlink(missing_ok=True)
        declared = [{"name": key, "uses": ["translate"]} for key in keys]
        runner.declare({"api-keys:accounts": [{"name": "translator", "owner": owner, "keys": declared}]})
        code, log = runner.run("up", PIPELINE_EVENTS=str(file))
        assert code == 0, log
        assert runner.run("send", str(file), PIPELINE_EVENTS_COMMAND=f"cat > {out}")[0] == 0
        return [
            (it["type"].rpartition(".")[2], it["data"]["owner"]) for it in map(json.loads, out.read_text().splitlines())
        ]

    assert events("support", "default", "other") == [("issued", "support"), ("issued", "support")]
    cloud.advance("31d")
    assert events("language", "default", "other") == [("rotated", "language"), ("rotated", "language")]
    # The current key and the previous one.
    assert events("language", "default") == [("revoked", "language"), ("revoked", "language")]


def test_a_policy_that_is_broken_is_said_with_its_key_and_nothing_is_made(runner: Runner, cloud: LocalCloud) -> None:
    long_lived = {"owner": "shop", "lifetime": "180d", "rotateEvery": "30d", "overlap": "7d"}
    runner.declare({**CONFIG, "api-keys:defaults": long_lived})
    pack = {"PULUMI_OPTION_POLICY_PACK": str(policy_pack())}
    code, log = runner.run("up", **pack)
    assert code == 1
    assert "translator/default: policy maximum-lifetime: lifetime 180d is longer than 90d" in log
    assert cloud.live_keys() == []
