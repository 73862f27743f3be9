"""What operations of the real engine do to live keys: at every moment Lockbox (or the output) gives one that works, and nothing else is harmed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.colleague import call
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

ACCOUNT: dict[str, Any] = {
    "name": "translator",
    "readers": ["self"],
    "keys": [
        {"name": "default", "uses": ["translate"]},
        {"name": "batch", "uses": ["translate"], "deliver": "output"},
    ],
}


class Watched:
    """A stack with a key in Lockbox and one as an output, and the consumers of both."""

    def __init__(self, stack: Stack, cloud: LocalCloud) -> None:
        self.stack, self.cloud = stack, cloud
        stack.bring_up([ACCOUNT])

    def urn(self, key: str) -> str:
        return next(
            str(item["urn"])
            for item in self.stack.resources()
            if item["type"].endswith(":ApiKey") and item["urn"].endswith(f"::translator/{key}")
        )

    def keys(self) -> dict[str, dict[str, Any]]:
        """The live keys of all accounts, by id."""
        return {key["id"]: key for key in self.cloud.state()["apiKeys"]}

    def given(self) -> tuple[str, str]:
        """The ids of the keys that Lockbox and the output give; both are accepted."""
        secret_id = self.stack.receipt("translator/default")["lockboxSecretId"]
        secret = next(item for item in self.cloud.state()["secrets"] if item["id"] == secret_id)
        entries = next(version["entries"] for version in secret["versions"] if version["current"])
        output = self.stack.outputs(secrets=True)["secrets"]["translator/batch"]
        for value in (entries["api_key"], output):
            answer = requests.get(
                f"{self.cloud.ready['http']}/services/translate/",
                headers={"Authorization": f"Api-Key {value}"},
                timeout=9,
            )
            assert answer.status_code == 200, answer.text
        ids = {key["secret"]: key_id for key_id, key in self.keys().items()}
        return ids[entries["api_key"]], ids[output]

    def settled(self) -> None:
        """A further `up` changes nothing."""
        self.cloud.forget_calls()
        assert "unchanged" in self.stack.up()
        assert not {
            name
            for name in self.cloud.calls()
            if not name.startswith(("ApiEndpoint", "IamToken", "ApiKeyService/List"))
        }


@pytest.fixture
def watched(stack: Stack, cloud: LocalCloud) -> Watched:
    return Watched(stack, cloud)


def test_target_replace_and_taint_leave_working_keys_and_end_the_old_ones(watched: Watched) -> None:
    before = watched.given()
    watched.stack.up(
        "--target-replace", watched.urn("default"), "--target-replace", watched.urn("batch"), "--target-dependents"
    )
    replaced = watched.given()
    assert set(watched.keys()) == set(replaced)
    assert not set(before) & set(replaced)
    watched.stack.run("state", "taint", watched.urn("default"))
    watched.stack.up()
    tainted = watched.given()
    assert set(watched.keys()) == set(tainted)
    assert (tainted[0] != replaced[0], tainted[1]) == (True, replaced[1])
    watched.settled()


def test_state_delete_forgets_a_key_that_lives_on_and_is_named(watched: Watched) -> None:
    before = watched.given()
    known = watched.keys()
    watched.stack.run("state", "delete", "--yes", watched.urn("batch"))
    printed = watched.stack.up()
    assert f"key {before[1]} was issued for this resource as well" in printed
    assert {key_id: watched.keys()[key_id]["expiresAt"] for key_id in before} == {
        key_id: known[key_id]["expiresAt"] for key_id in before
    }
    assert watched.given()[1] not in before
    watched.settled()


def test_a_state_from_before_a_rotation_makes_the_newer_keys_previous(watched: Watched, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    watched.stack.run("stack", "export", "--file", str(kept))
    watched.cloud.advance("31d")
    watched.stack.up()
    newer = watched.given()
    watched.stack.run("stack", "import", "--file", str(kept))
    watched.stack.up()
    now = datetime.fromisoformat(watched.cloud.now())
    assert not set(newer) & set(watched.given())
    for key_id in newer:
        left = datetime.fromisoformat(watched.keys()[key_id]["expiresAt"]) - now
        assert timedelta(days=6) < left <= timedelta(days=7, minutes=1)
    watched.settled()


def test_a_renamed_stack_keeps_its_keys_and_rotates_them(watched: Watched) -> None:
    before = watched.given()
    file = watched.stack.file.read_text()
    watched.stack.run("stack", "rename", "renamed")
    watched.stack.name = "renamed"
    if not watched.stack.file.exists():
        watched.stack.file.write_text(file)
    watched.settled()
    assert watched.given() == before
    watched.cloud.advance("31d")
    watched.stack.up()
    assert set(before) <= set(watched.keys())
    assert not set(before) & set(watched.given())


def test_a_rotation_that_died_and_a_rename_leave_no_key_for_ever(watched: Watched, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    watched.stack.run("stack", "export", "--file", str(kept))
    watched.cloud.advance("31d")
    watched.stack.up()
    died = watched.given()[0]
    watched.stack.run("stack", "import", "--file", str(kept))  # as if the run had been killed before its note
    renamed = {**ACCOUNT["keys"][0], "name": "main", "renamedFrom": "default", "secret": "translator-default"}
    watched.stack.write([{**ACCOUNT, "keys": [renamed, ACCOUNT["keys"][1]]}])
    watched.stack.up()
    now = datetime.fromisoformat(watched.cloud.now())
    assert datetime.fromisoformat(watched.keys()[died]["expiresAt"]) <= now + timedelta(days=7, minutes=1)


def test_the_state_in_another_backend_goes_on_with_the_same_keys(
    watched: Watched, tmp_path: Path, cloud: LocalCloud
) -> None:
    exported = json.loads(watched.stack.run("stack", "export"))
    file = tmp_path / "moved.json"
    file.write_text(json.dumps(exported))
    before = watched.given()
    moved = Stack(tmp_path / "moved", cloud, python=watched.stack.python)
    moved.write([ACCOUNT])
    moved.run("stack", "import", "--file", str(file), "--force", check=False)
    there = Watched.__new__(Watched)
    there.stack, there.cloud = moved, cloud
    there.settled()
    assert there.given() == before


def test_a_hand_made_key_and_entry_survive_the_rotation_and_the_removal_of_ours(
    watched: Watched, cloud: LocalCloud
) -> None:
    receipt = watched.stack.receipt("translator/default")
    mine = watched.keys()[receipt["keyId"]]
    copied = call(
        cloud,
        "ApiKeyService/Create",
        service_account_id=watched.stack.outputs()["serviceAccounts"]["translator"],
        description=mine["description"],
        scopes=["yc.ai.translate.execute"],
    )["api_key"]["id"]
    entries = [{"key": "password", "text_value": "theirs"}]
    call(cloud, "SecretService/AddVersion", secret_id=receipt["lockboxSecretId"], payload_entries=entries)
    before = watched.keys()[copied]
    for days in ("31d", "31d"):
        cloud.advance(days)
        watched.stack.up()
        watched.given()
    watched.stack.write([{**ACCOUNT, "keys": [ACCOUNT["keys"][1]], "secrets": ["translator-default"]}])
    watched.stack.up()
    assert watched.keys()[copied] == before
    secret = next(item for item in cloud.state()["secrets"] if item["id"] == receipt["lockboxSecretId"])
    assert next(version["entries"] for version in secret["versions"] if version["current"])["password"] == "theirs"
