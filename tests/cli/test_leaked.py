"""`yckeys leaked`: from what somebody has of a leak to the change of the stack file that ends it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Yckeys
from tests.cli.scene import small_world
from tests.cli.test_through_the_engine import run

EVENT: dict[str, Any] = {
    "event_type": "yandex.cloud.audit.iam.DetectLeakedCredential",
    "event_time": "2030-04-06T08:00:00Z",
    "details": {"url": "https://github.com/nobody/nothing/blob/main/.env"},
}


def ids(yckeys: Yckeys) -> dict[str, str]:
    """The ids of keys of the recorded stacks, by `key/state`."""
    keys = json.loads(yckeys("inventory", "--json").out)["keys"]
    return {f"{key['account']}/{key['key']}/{key['state']}": key["keyId"] for key in keys}


def leaked(yckeys: Yckeys, *arguments: str, code: int = 0, stdin: str | None = None) -> list[dict[str, Any]]:
    """What `leaked --json` says."""
    ended = yckeys("leaked", "--json", *arguments, stdin=stdin)
    assert ended.code == code, ended.errors
    return list(json.loads(ended.out)["leaks"])


def stack_file(yckeys: Yckeys, stack: str = "prod") -> str:
    return (yckeys.folder / "stacks" / f"Pulumi.{stack}.yaml").read_text()


@pytest.mark.parametrize("no_id", ["ajeleaked; rm -rf /", "Aje", "prod/translator/default", "a" * 51])
def test_what_is_no_key_s_id_is_told_and_no_command_is_made_of_it(yckeys: Yckeys, no_id: str) -> None:
    ended = yckeys("leaked", no_id)
    assert (ended.code, ended.out) == (2, "")
    assert "is no key's id" in ended.errors


def test_json_has_the_documented_shape(own_copy: Yckeys, golden: Callable[[str, str], None]) -> None:
    known = ids(own_copy)
    golden("leaked.json", own_copy("leaked", known["translator/nightly/current"], "--json").out)


@pytest.mark.parametrize("part", ["current", "previous"])
def test_an_id_is_listed_under_its_key(own_copy: Yckeys, part: str) -> None:
    key_id = ids(own_copy)[f"translator/default/{part}"]
    (found,) = leaked(own_copy, key_id)
    assert (found["stack"], found["account"], found["key"], found["part"]) == ("prod", "translator", "default", part)
    assert f"compromised: [{key_id}]" in stack_file(own_copy).splitlines()[found["line"] - 1]
    assert own_copy("check").code == 0
    (again,) = leaked(own_copy, key_id)
    assert (found["changed"], again["changed"]) == (True, False)


def test_people_are_told_what_comes_next(own_copy: Yckeys) -> None:
    key_id = ids(own_copy)["webshop/mailer/current"]
    ended = own_copy("leaked", key_id)
    assert f"key {key_id} is prod/webshop/mailer, its current key" in ended.out
    assert "It works until `pulumi up` has run with this" in ended.out


def test_a_dry_run_changes_nothing(own_copy: Yckeys) -> None:
    before = stack_file(own_copy)
    ended = own_copy("leaked", ids(own_copy)["translator/default/current"], "--dry-run")
    assert "would be listed under compromised" in ended.out
    assert stack_file(own_copy) == before


@pytest.mark.parametrize("form", ["one", "array", "lines", "wrapped", "camel"])
def test_events_of_audit_trails_are_read_in_every_form(own_copy: Yckeys, form: str) -> None:
    known = ids(own_copy)
    wanted = [known["translator/default/previous"], known["translator-staging/default/current"]]
    events: list[Any] = [
        {
            **EVENT,
            "details": {**EVENT["details"], "yandex_cloud_iam_api_key": {"key_id": key_id, "iam_api_key_part": "x"}},
        }
        for key_id in wanted
    ]
    other = {
        "event_type": "yandex.cloud.audit.iam.CreateApiKey",
        "details": {"api_key_id": known["webshop/mailer/current"]},
    }
    if form == "camel":
        events = [
            {"eventType": EVENT["event_type"], "details": {"url": "x", "yandexCloudIamApiKey": {"keyId": key_id}}}
            for key_id in wanted
        ]
    texts = {
        "one": json.dumps(events[0]),
        "array": json.dumps([*events, other, *events]),
        "lines": "\n".join(json.dumps(event) for event in [other, *events]) + "\n",
        "wrapped": json.dumps([{"json_payload": event} for event in events]),
        "camel": json.dumps(events),
    }
    file = own_copy.folder / "trail.json"
    file.write_text(texts[form])
    found = leaked(own_copy, "--events", str(file))
    assert [it["keyId"] for it in found] == (wanted[:1] if form == "one" else wanted)
    assert wanted[0] in stack_file(own_copy)


def test_a_leaked_version_counts_for_each_key_that_was_in_it(own_copy: Yckeys) -> None:
    """A version keeps what the other key of its secret had delivered before."""
    keys = [it for it in json.loads(own_copy("inventory", "--json").out)["keys"] if it["account"] == "webshop"]
    current = {it["key"]: it for it in keys if it["state"] == "current"}
    last = max(
        (it for it in keys if it["delivered"]), key=lambda it: (it["issuedAt"], it["delivered"]["lockboxVersionId"])
    )
    details = {
        "yandex_cloud_lockbox_secret": {"secret_id": last["delivered"]["lockboxSecretId"], "version_id": "unknown"}
    }
    file = own_copy.folder / "trail.json"
    file.write_text(json.dumps({**EVENT, "details": details}))
    assert {it["keyId"] for it in leaked(own_copy, "--events", str(file), "--dry-run")} == {it["keyId"] for it in keys}
    details["yandex_cloud_lockbox_secret"]["version_id"] = current["orders"]["delivered"]["lockboxVersionId"]
    file.write_text(json.dumps({**EVENT, "details": details}))
    found = {it["keyId"] for it in leaked(own_copy, "--events", str(file), "--dry-run")}
    assert current["orders"]["keyId"] in found
    assert len(found) == 2


def test_a_secret_is_known_by_its_last_letters_and_written_nowhere(own_copy: Yckeys) -> None:
    key = next(
        it
        for it in json.loads(own_copy("inventory", "--json").out)["keys"]
        if it["key"] == "mailer" and it["maskedSecret"]
    )
    secret = "AQVNxxxxxxxxxxxxxxxxxxxx" + key["maskedSecret"].removeprefix("****")
    ended = own_copy("leaked", "--stdin", stdin=f"{secret}\n")
    assert ended.code == 0, ended.errors
    assert f"key {key['keyId']} is prod/webshop/mailer" in ended.out
    assert not own_copy.cloud.calls
    written = [file.read_text() for file in own_copy.folder.rglob("*") if file.is_file()]
    assert secret not in "".join([ended.out, ended.errors, *written])


def test_the_secret_of_a_previous_key_is_looked_for_in_the_cloud(own_copy: Yckeys) -> None:
    previous = ids(own_copy)["translator/default/previous"]
    listed = [
        key
        for name, answer in own_copy.cloud.answers.items()
        if name.startswith("ApiKeyService/List {")
        for key in answer
    ]
    tail = next(key["masked_secret"] for key in listed if key["id"] == previous).removeprefix("****")
    (found,) = leaked(own_copy, "--stdin", stdin="AQVNxxxxxxxxxxxxxxxxxxxx" + tail)
    assert (found["keyId"], found["part"]) == (previous, "previous")


def test_a_key_that_no_stack_declares_is_for_somebody_s_hands(own_copy: Yckeys) -> None:
    before = stack_file(own_copy)
    (found,) = leaked(own_copy, "ajenobody00000000000", code=1)
    assert "run `yc iam api-key delete ajenobody00000000000`" in found["byHand"]
    assert stack_file(own_copy) == before


def test_a_commit_is_made_on_a_branch_of_its_own(own_copy: Yckeys) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=own_copy.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "--quiet", "--initial-branch", "main")
    git("config", "user.name", "Test")
    git("config", "user.email", "test@example.com")
    git("add", ".")
    git("commit", "--quiet", "--message", "begins")
    (own_copy.folder / "aside.txt").write_text("not committed")
    key_id = ids(own_copy)["translator/default/current"]
    assert f"Branch leaked-{key_id} has it." in own_copy("leaked", key_id, "--commit").out
    assert git("branch", "--show-current") == f"leaked-{key_id}"
    assert git("diff", "--name-only", "main", "HEAD") == "stacks/Pulumi.prod.yaml"
    assert git("log", "-1", "--format=%s") == f"Keys that leaked are compromised: {key_id}"


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "words"),
    [
        ([], None, 2, "give one of KEY_ID, --events FILE and --stdin"),
        (["aje1", "--stdin"], "x", 2, "give one of"),
        (["AQVNabcdefgh12345678ABCDEFGH"], None, 2, "that is a secret, and no id"),
        (["--stdin"], "two words of it all\n", 2, "give the secret and nothing else"),
        (["--stdin"], "short", 2, "give the secret and nothing else"),
        (["--events", "none.json"], None, 3, "No such file"),
        (["--events", "Pulumi.yaml"], None, 3, "neither JSON nor lines of JSON"),
    ],
)
def test_wrong_use_says_what_is_right(
    own_copy: Yckeys, arguments: list[str], stdin: str | None, code: int, words: str
) -> None:
    ended = own_copy("leaked", *arguments, stdin=stdin)
    assert (ended.code, ended.out) == (code, "")
    assert words in ended.errors
    assert "AQVNabcdefgh" not in ended.errors


def test_the_next_up_replaces_a_leaked_key_and_deletes_it(tmp_path: Path) -> None:
    with small_world(tmp_path) as told:
        (before,) = told.cloud.live_keys("translator-staging")
        ended = run(told, "leaked", "--stdin", stdin=f"{before['secret']}\n")
        assert ended.code == 0, ended.errors
        assert told.cloud.use("translate", before["secret"]) == 200
        told.stack.up()
        (after,) = told.cloud.live_keys("translator-staging")
        assert after["id"] != before["id"]
        assert told.cloud.use("translate", before["secret"]) == 401
        assert told.cloud.use("translate", after["secret"]) == 200
