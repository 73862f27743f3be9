"""`yckeys` as its users start it: a process of its own, the real engine's states, a cloud over the network."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from cli.checkpoint_files import FileBackend
from cli.engine import Engine
from cli.project import find_project
from setup.engine.places import REPOSITORY
from tests.cli.conftest import Ended
from tests.cli.scene import World, world
from tests.reliability.leak_search import found_in


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The scene's world; its tests only read it."""
    with world(tmp_path_factory.mktemp("world")) as made:
        yield made


def run(told: World, *arguments: str, stdin: str = "", **environment: str) -> Ended:
    """`yckeys` in the project's folder."""
    settings = {**told.environment(), "PYTHONPATH": str(REPOSITORY), **environment}
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=told.stack.directory,
        env=settings,
        check=False,
        input=stdin,
        capture_output=True,
        text=True,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def test_states_are_read_from_files_as_the_engine_exports_them(told: World) -> None:
    files = FileBackend.of(told.environment()["PULUMI_BACKEND_URL"], "api-keys")
    assert files is not None
    assert files.stack_names() == ["prod", "staging"]
    assert all(file.name.endswith((".json.zst", ".json.zst.bak")) for file in files.folder.iterdir())
    for stack in files.stack_names():
        exported = json.loads(told.stack.run("stack", "export", "--stack", stack).partition("\n\n")[0])
        assert files.deployment(stack) == exported["deployment"]


def test_the_last_runs_are_read_from_files_as_the_engine_tells_them(told: World) -> None:
    project = find_project(told.stack.directory)
    by_files = Engine(project, told.environment()).last_successful_runs(["prod", "staging"])
    by_engine = {
        stack: max(datetime.fromisoformat(it["endTime"]) for it in json.loads(listed))
        for stack in by_files
        if (listed := told.stack.run("stack", "history", "--json", "--stack", stack).strip())
    }
    assert by_files == by_engine


def test_the_engine_is_asked_where_files_can_t_be_read(told: World, tmp_path: Path) -> None:
    by_files = run(told, "inventory", "--json")
    folder = told.stack.directory / "state" / ".pulumi"
    # A name that we don't know, as a state compressed in another way would have: nothing is guessed.
    stranger = folder / "stacks" / "api-keys" / "something.json.lz4"
    stranger.write_bytes(b"")
    try:
        by_engine = run(told, "inventory", "--json", YANDEX_KEYS_AS_OF=json.loads(by_files.out)["at"])
    finally:
        stranger.unlink()
    assert (by_engine.code, by_engine.errors) == (0, "")
    assert json.loads(by_engine.out) == json.loads(by_files.out)


def test_an_unknown_stack_is_wrong_use_and_the_known_ones_are_named(told: World) -> None:
    ended = run(told, "inventory", "--stack", "prd")
    assert (ended.code, ended.out) == (2, "")
    assert ended.errors == (
        "yckeys: --stack prd: the backend has no such stack of project api-keys; it has prod, staging\n"
    )


def test_a_cloud_that_refuses_could_not_be_looked_into(told: World) -> None:
    ended = run(told, "inventory", "--cloud", YC_SERVICE_ACCOUNT_KEY_FILE="", YC_TOKEN="t1.nobody.wrongwrongwrongwrong")
    assert (ended.code, ended.out) == (3, "")
    assert "UNAUTHENTICATED" in ended.errors


def test_the_cloud_is_asked_by_account_and_not_by_key(told: World) -> None:
    told.cloud.forget_calls()
    keys = json.loads(run(told, "inventory", "--cloud", "--json").out)["keys"]
    accounts = len(told.cloud.state()["serviceAccounts"])
    assert len(keys) > accounts
    assert told.cloud.calls() == {
        "FolderService/List": 1,
        "ServiceAccountService/List": 1,
        "ApiKeyService/List": accounts,
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["inventory", "--cloud"],
        ["inventory", "--cloud", "--json"],
        ["inventory", "--cloud", "--csv"],
        ["audit", "--cloud"],
        ["audit", "--cloud", "--access", "--json"],
        ["audit", "--cloud", "--sarif", "/dev/stdout"],
        ["explain", "translator/nightly", "--cloud"],
        ["explain", "translator/nightly", "--cloud", "--json"],
        ["check", "--cloud"],
        ["adopt", "--stack", "prod"],
        ["metrics", "--cloud"],
        ["plan", "--days", "60"],
        ["plan", "--days", "60", "--json"],
    ],
    ids=" ".join,
)
def test_no_secret_is_ever_shown(told: World, arguments: list[str]) -> None:
    ended = run(told, *arguments)
    assert ended.code in (0, 1), ended.errors
    assert ended.out
    assert found_in(f"{ended.out}{ended.errors}".encode(), told.secrets()) == []


def test_the_life_of_a_key_has_its_stack_s_runs_and_what_the_cloud_did(told: World) -> None:
    ended = run(told, "explain", "prod/translator/default", "--cloud", "--json")
    assert ended.code == 0, ended.errors
    answer = json.loads(ended.out)
    lived = [item["what"] for item in answer["life"]]
    assert answer["historyUnread"] is None
    assert sum(what.startswith("`pulumi up` succeeded") for what in lived) == 2
    assert any("became a previous key" in what for what in lived)
    assert any(what.startswith("the cloud, on key") for what in lived)
    assert [key["state"] for key in answer["keys"]] == ["current", "previous"]


def test_a_file_that_the_cloud_can_take_is_fine(told: World) -> None:
    ended = run(told, "check", "--cloud", "--json")
    assert ended.code == 0, ended.errors
    answer = json.loads(ended.out)
    # The deployer's roles are on the cloud, which can't be seen on the folder.
    assert {problem["severity"] for problem in answer["problems"]} <= {"note"}


def test_a_leaked_secret_is_known_and_repeated_nowhere(told: World) -> None:
    keys = told.cloud.live_keys("webshop")
    before = told.stack.file.read_text()
    found = set()
    for key in keys:
        ended = run(told, "leaked", "--stdin", "--dry-run", "--json", stdin=f"{key['secret']}\n")
        assert ended.code == 0, ended.errors
        assert found_in(f"{ended.out}{ended.errors}".encode(), told.secrets()) == []
        found |= {leak["keyId"] for leak in json.loads(ended.out)["leaks"]}
    assert found == {key["id"] for key in keys}
    assert told.stack.file.read_text() == before


def test_quotas_are_read_of_the_cloud_itself(told: World) -> None:
    there = told.cloud.state()
    quotas = {it["quota"]: it for it in json.loads(run(told, "audit", "--cloud", "--json").out)["quotas"]}
    assert {(it["cloudId"], it["unread"]) for it in quotas.values()} == {(told.cloud.ready["cloudId"], None)}
    of_keys, of_accounts = quotas["iam.apiKeys.count"], quotas["iam.serviceAccounts.count"]
    assert (quotas["lockbox.secrets.count"]["limit"], quotas["lockbox.secrets.count"]["used"]) == (
        10_000,
        len(there["secrets"]),
    )
    assert (of_keys["limit"], of_keys["used"]) == (1000, len(there["apiKeys"]))
    assert (of_accounts["limit"], of_accounts["used"]) == (100, len(there["serviceAccounts"]))


def test_a_quota_that_the_cloud_does_not_tell_is_no_reason_to_stop(told: World) -> None:
    told.cloud.fault("QuotaLimitService/Get", code="PERMISSION_DENIED", times=3)
    try:
        audited = json.loads(run(told, "audit", "--cloud", "--json").out)
    finally:
        told.cloud.clear_faults()
    assert {it["unread"] for it in audited["quotas"]} == {
        "PERMISSION_DENIED, which quota-manager.viewer on the cloud may"
    }
    assert {it["limit"] for it in audited["quotas"]} == {1000, 100, 10_000}
