"""The local stack's parts, below the engine and the emulator."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from setup import json_file
from setup.engine.provision import Engine
from tests.pipelines.http_stub import Answer as HttpAnswer
from tests.pipelines.http_stub import serving
from tools.local_stack import consumer, local_cloud, receipts
from tools.local_stack.api_keys import ApiKey, Resource, api_keys
from tools.local_stack.client import Answer
from tools.local_stack.commands import called, outcome
from tools.local_stack.local_cloud import LocalCloud, LocalCloudFailed
from tools.local_stack.places import Places
from tools.local_stack.receipts import Receipt
from tools.local_stack.shell_environment import export_lines, local_variables, process_environment
from tools.local_stack.stack import Stack, why_it_ended

RECEIPT: Receipt = {
    "keyId": "aje1",
    "maskedSecret": "****abcdef",
    "expiresAt": "2027-02-22T08:13:00Z",
    "nextRotationAt": "2026-12-23T04:34:04Z",
    "lockboxSecretId": "e6q1",
    "secretEntry": "api_key",
}
KEY: ApiKey = {
    "keyId": "aje1",
    "maskedSecret": "****abcdef",
    "serviceAccountId": "aje9",
    "scopes": ["yc.ai.translate.execute", "yc.ai.vision.execute"],
    "lockbox": {"secretId": "e6q1", "secretEntry": "api_key", "keyIdEntry": "api_key_id"},
}
SERVICES = {
    "text-generation": frozenset({"yc.ai.languageModels.execute"}),
    "translate": frozenset({"yc.ai.translate.execute", "yc.ai.foundationModels.execute"}),
    "vision": frozenset({"yc.ai.vision.execute"}),
}


def test_a_run_without_changes_says_so_in_words() -> None:
    assert outcome({"same": 30}, 0) == "Nothing to change: all 30 resources are as declared; 0 API calls."


def test_a_run_with_changes_counts_them() -> None:
    assert outcome({"same": 28, "update": 1, "create": 2}, 1) == (
        "Changed: 2 create, 1 update; 28 as they were; 1 API call."
    )


def test_receipts_are_a_table_of_keys_with_their_dates_and_where_their_secrets_are() -> None:
    output: Receipt = {"keyId": "aje2", "maskedSecret": "****ghijkl", "nextRotationAt": "2026-12-23T04:34:04Z"}
    assert receipts.table({"web/b": output, "web/a": RECEIPT}) == (
        "key    ends              next rotation     secret\n"
        "-----  ----------------  ----------------  ----------------------\n"
        "web/a  2027-02-22 08:13  2026-12-23 04:34  ****abcdef in Lockbox\n"
        "aje1                                       e6q1\n"
        "                                           entry api_key\n"
        "web/b  never             2026-12-23 04:34  ****ghijkl in a secret\n"
        "aje2                                       output of the stack"
    )


def test_receipts_of_the_cloud_s_own_lengths_are_a_table_of_80_columns() -> None:
    receipt: Receipt = {**RECEIPT, "keyId": "aje" + "1" * 17, "lockboxSecretId": "e6q" + "1" * 17}
    lines = receipts.table({"translator-of-tickets/default": receipt}, 80).splitlines()
    assert max(map(len, lines)) == 80
    assert lines[1].split() == ["key", "ends", "rotation", "secret"]
    assert lines[-2].split()[0::3] == [receipt["keyId"], receipt["lockboxSecretId"]]


@pytest.mark.parametrize("width", [30, 80, 200])
@pytest.mark.parametrize("name", ["web/a", f"{'a' * 63}/{'b' * 63}"])
def test_the_table_of_receipts_is_no_wider_than_the_terminal(width: int, name: str) -> None:
    receipt: Receipt = {
        **RECEIPT,
        "keyId": "aje" + "1" * 17,
        "lockboxSecretId": "e6q" + "1" * 17,
        "secretEntry": "e" * 256,
    }
    shown = receipts.table({name: receipt}, width)
    assert max(len(line) for line in shown.splitlines()) <= width
    packed = "".join(shown.split())
    assert all(
        str(part) in packed for part in (name, receipt["keyId"], receipt["lockboxSecretId"], receipt["secretEntry"])
    )


def test_the_call_is_made_with_a_key_in_lockbox_to_a_service_that_its_scopes_open() -> None:
    keys: dict[str, ApiKey] = {
        "a/output": {**KEY, "lockbox": None},
        "b/mail": {**KEY, "scopes": ["yc.postbox.send"]},
        "c/x": KEY,
    }
    assert consumer.candidates(keys, SERVICES) == [("c/x", "translate"), ("c/x", "vision")]
    assert consumer.candidates(keys, {}) == []


def test_the_keys_of_a_stack_are_read_from_its_state() -> None:
    urn = "urn:pulumi:local::api-keys::yandex-keys:index:ServiceAccountKeys$yandex-keys:index:ApiKey::web/a"
    stale: Resource = {
        "urn": urn,
        "type": "yandex-keys:index:ApiKey",
        "outputs": {**KEY, "keyId": "aje0"},
        "delete": True,
    }
    held: Resource = {"urn": urn, "type": "yandex-keys:index:ApiKey", "outputs": KEY}
    other: Resource = {"urn": urn.replace("ApiKey", "LockboxSecret"), "type": "yandex-keys:index:LockboxSecret"}
    assert api_keys({"resources": [held, stale, other]}) == {"web/a": KEY}
    assert api_keys({}) == {}


class _Cloud:
    @staticmethod
    def services_by_header() -> dict[str, frozenset[str]]:
        return SERVICES


def _call(usable: tuple[str, str]) -> Any:
    def call(cloud: object, key: ApiKey, service: str) -> Answer:
        if (key["keyId"], service) != usable:
            raise consumer.MayNot("not its reader, or without the role")
        return Answer(f"http://here/{service}", 200, "fine")

    return call


def test_the_call_is_made_with_a_key_that_its_account_may_read_and_use(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: dict[str, ApiKey] = {"a/x": KEY, "b/x": {**KEY, "keyId": "aje2"}}
    cloud: Any = _Cloud()
    monkeypatch.setattr(consumer, "call", _call(("aje2", "vision")))
    assert called(cloud, keys) == (
        "As a consumer of b/x, with the account's own token:\n"
        "  read   api_key of Lockbox secret e6q1\n  call   http://here/vision\n  answer 200 fine"
    )
    monkeypatch.setattr(consumer, "call", _call(("none", "")))
    assert called(cloud, keys).startswith("No call is shown: no account may read a key of its own")


def test_variables_are_quoted_for_a_shell_and_foreign_settings_emptied() -> None:
    shell = {"YC_TOKEN": "t", "PULUMI_ACCESS_TOKEN": "p", "PULUMI_STACK": "prod", "HOME": "/me"}
    lines = export_lines(shell, {"PATH": "/my programs:/bin"})
    assert lines == ["export PULUMI_STACK=local", "export YC_TOKEN=''", "export PATH='/my programs:/bin'"]


def test_a_process_on_the_local_stack_sees_none_of_the_users_own_clouds() -> None:
    base = {"YC_TOKEN": "t", "PULUMI_STACK": "prod", "YANDEX_KEYS_AS_OF": "then", "HOME": "/me"}
    assert process_environment(base, {"PULUMI_HOME": "/h"}) == {"HOME": "/me", "PULUMI_HOME": "/h"}


def test_env_again_in_the_same_shell_leaves_path_as_it_is(tmp_path: Path) -> None:
    engine = Engine(tmp_path / ".local" / "engine" / "bin" / "pulumi", "built")
    once = local_variables(Places(tmp_path), engine, None, "/usr/bin:/bin")
    assert once["PATH"] == f"{tmp_path}/.local/engine/bin:{tmp_path}/.venv/bin:/usr/bin:/bin"
    assert local_variables(Places(tmp_path), engine, None, once["PATH"]) == once
    assert not any(name.startswith("YC_") for name in once)


def test_a_shell_without_a_local_cloud_is_led_to_nobody_and_not_to_the_real_one(tmp_path: Path) -> None:
    assert local_cloud.where_it_was(Places(tmp_path)) == {"YC_ENDPOINT": "127.0.0.1:1"}


def test_what_is_written_privately_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ready.json"
    json_file.write(path, {"a": 1})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["ready.json"]


def test_a_local_cloud_that_cannot_start_says_why(tmp_path: Path) -> None:
    package = tmp_path / "emulator"
    package.mkdir()
    (package / "__main__.py").write_text("raise SystemExit('no room for another cloud')\n")
    with pytest.raises(LocalCloudFailed, match="no room for another cloud"):
        local_cloud.provide(Places(tmp_path))
    assert not Places(tmp_path).process.exists()


def test_the_local_cloud_is_asked_past_the_user_s_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with serving(lambda _: HttpAnswer({"now": "2026-12-24T10:00:00Z"})) as stub:
        assert LocalCloud("", "", stub.url, "", "", "").now() == "2026-12-24T10:00:00Z"


class RecordedPulumi:
    """Stands for the engine: takes down how it was called, and answers each call with the same JSON."""

    def __init__(self, directory: Path, answer: str) -> None:
        self._calls = directory / "calls"
        engine = directory / "pulumi"
        engine.write_text(f"#!/bin/sh\necho \"$@\" >> {self._calls}\necho '{answer}'\n")
        engine.chmod(0o755)
        self.stack = Stack(Engine(engine, "path"), Places(directory), dict(os.environ))

    def commands(self) -> list[str]:
        """The first words of the calls, in order."""
        return [line.split()[1] for line in self._calls.read_text().splitlines()]


@pytest.mark.parametrize("number", [1, 2**22 + 1], ids=["another program's", "nobody's"])
def test_the_lock_of_a_pulumi_that_is_no_more_is_cleared(tmp_path: Path, number: int) -> None:
    pulumi = RecordedPulumi(tmp_path, "{}")
    json_file.write(Places(tmp_path).stack_locks / "1.json", {"pid": number})
    pulumi.stack.heal()
    assert pulumi.commands() == ["cancel", "stack"]


def test_the_lock_of_a_pulumi_at_work_is_left_alone(tmp_path: Path) -> None:
    pulumi = RecordedPulumi(tmp_path, "{}")
    at_work = tmp_path / "pulumi-at-work"
    shutil.copy(shutil.which("cat") or "", at_work)
    with subprocess.Popen([at_work], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as working:
        assert working.stdin is not None
        assert working.stdout is not None
        # Only once it has answered is it sure to be known by its own name.
        working.stdin.write(b"here?\n")
        assert working.stdout.readline() == b"here?\n"
        json_file.write(Places(tmp_path).stack_locks / "1.json", {"pid": working.pid})
        pulumi.stack.heal()
    assert pulumi.commands() == ["stack"]


def test_an_engine_that_ctrl_c_has_ended_is_told_as_interrupted_and_with_what_to_do() -> None:
    with subprocess.Popen(["sleep", "60"]) as interrupted:
        interrupted.send_signal(signal.SIGINT)
    assert why_it_ended("up", interrupted.returncode) == (
        "`pulumi up` was interrupted: run this again, and it goes on from there"
    )
    assert why_it_ended("up", 255) == "`pulumi up` failed with exit code 255: its output is above"


def test_operations_that_a_killed_pulumi_had_begun_are_cleared(tmp_path: Path) -> None:
    pulumi = RecordedPulumi(tmp_path, '{"deployment": {"pending_operations": [{}]}}')
    pulumi.stack.heal()
    assert pulumi.commands() == ["stack", "refresh"]
