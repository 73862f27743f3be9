"""What happens to keys is written down for programs: one CloudEvents line each, and no secret."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.cloud_events import Kind
from pipelines.run import DONE, FAILED, LOCKED
from tests.pipelines.engine_words import COMPONENT, SECRET, owned, rotation, said, step, urn
from tests.pipelines.test_run import Job, answer, locked

README = Path(__file__).parents[2] / "pipelines" / "README.md"
OLD = {"keyId": "ajeold", "expiresAt": "2027-01-01T00:00:00Z"}
NEW = {"keyId": "ajenew", "expiresAt": "2027-03-24T03:00:00Z"}


def previous(key_id: str, ends: str = "2026-12-30T00:00:00Z") -> dict[str, Any]:
    return {"keyId": key_id, "expiresAt": ends}


def changed(
    operation: str, before: dict[str, Any] | None, after: dict[str, Any], parent: str = "", **inputs: Any
) -> str:
    """The end of a step of the key `translator/default`."""
    return step(
        "resOutputsEvent",
        operation,
        "translator/default",
        before=before,
        outputs=after,
        inputs=inputs,
        parent=parent,
    )


def events_of(
    tmp_path: Path, *lines: str, code: int = 0, expected: int = DONE, **settings: str
) -> list[dict[str, Any]]:
    """What a run writes whose engine prints these lines."""
    file = tmp_path / "out" / "events.jsonl"
    job = Job(tmp_path, answer(*lines, code=code), PIPELINE_EVENTS=str(file), **settings)
    assert job.up(["prod"]) == expected
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def told(events: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """Each event's kind, and the key that it is of."""
    return [(it["type"].rpartition(".")[2], it["data"]["keyId"]) for it in events]


def test_a_rotation_is_one_event_of_the_specified_form(tmp_path: Path) -> None:
    (event,) = events_of(
        tmp_path,
        said("info", "rotates: due since 2026-12-24", "translator/default"),
        changed("update", OLD, {**NEW, "previous": [previous("ajeold")]}),
        GITHUB_ACTIONS="true",
        GITHUB_SERVER_URL="https://github.com",
        GITHUB_REPOSITORY="us/keys",
        GITHUB_RUN_ID="9",
        GITHUB_SHA="4f1c0de",
    )
    assert re.fullmatch(r"[0-9a-f]{32}", event.pop("id"))
    assert event == {
        "specversion": "1.0",
        "source": "pulumi-yandex-keys/stacks/prod",
        "type": "yandex-keys.key.rotated",
        "time": "2026-12-24T12:00:00Z",
        "datacontenttype": "application/json",
        "subject": "translator/default",
        "data": {
            "stack": "prod",
            "account": "translator",
            "key": "default",
            "owner": None,
            "keyId": "ajenew",
            "previousKeyId": "ajeold",
            "expiresAt": "2027-03-24T03:00:00Z",
            "why": "rotates: due since 2026-12-24",
            "jobUrl": "https://github.com/us/keys/actions/runs/9",
            "commit": "4f1c0de",
        },
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (changed("create", None, NEW), [("issued", "ajenew")]),
        (changed("update", {**OLD, "previous": [previous("ajeolder")]}, OLD), [("retired", "ajeolder")]),
        (
            changed(
                "update",
                {**OLD, "previous": [previous("ajeolder")]},
                {**OLD, "previous": [previous("ajeolder", "2027-01-06T00:00:00Z")]},
            ),
            [("extended", "ajeolder")],
        ),
        (changed("update", OLD, NEW, compromised=["ajeold"]), [("rotated", "ajenew"), ("revoked", "ajeold")]),
        (
            changed("update", {**OLD, "previous": [previous("ajeolder")]}, OLD, compromised=["ajeolder"]),
            [("revoked", "ajeolder")],
        ),
        (
            changed("delete", {**OLD, "previous": [previous("ajeolder")]}, {}),
            [("revoked", "ajeold"), ("revoked", "ajeolder")],
        ),
        (changed("update", OLD, {**OLD, "expiresAt": "2027-02-01T00:00:00Z"}), []),
        (step("resOutputsEvent", "create", "a-secret", SECRET), []),
    ],
    ids=["first", "retired", "extended", "compromised", "previous-compromised", "deleted", "in-place", "no-key"],
)
def test_each_thing_that_happens_to_a_key_is_told(
    tmp_path: Path, line: str, expected: list[tuple[str, str | None]]
) -> None:
    assert told(events_of(tmp_path, line)) == expected


def test_a_replacement_issues_one_key_and_ends_the_other(tmp_path: Path) -> None:
    events = events_of(
        tmp_path,
        changed("create-replacement", OLD, NEW),
        step("resOutputsEvent", "delete-replaced", "translator/default", before=OLD, gone=True),
    )
    assert told(events) == [("issued", "ajenew"), ("revoked", "ajeold")]


def test_warnings_and_failures_of_keys_are_told_and_the_rest_is_not(tmp_path: Path) -> None:
    events = events_of(
        tmp_path,
        said("warning", "key ajeold is still used", "translator/default"),
        said("warning", "of no key"),
        said("error", "no permission", "webshop/orders"),
        step("resOpFailedEvent", "update", "webshop/orders", before=OLD),
        code=1,
        expected=FAILED,
    )
    kinds = [(it["type"].rpartition(".")[2], it["subject"], it["data"]["why"]) for it in events]
    assert sorted(kinds) == [
        ("failed", "webshop/orders", "no permission"),
        ("warned", "translator/default", "key ajeold is still used"),
    ]


def test_a_stack_that_fails_as_a_whole_is_told_without_a_subject(tmp_path: Path) -> None:
    (event,) = events_of(tmp_path, said("error", "the passphrase is wrong"), code=1, expected=FAILED)
    assert event["type"] == "yandex-keys.key.failed"
    assert "subject" not in event
    assert (event["data"]["stack"], event["data"]["account"], event["data"]["why"]) == (
        "prod",
        None,
        "the passphrase is wrong",
    )


def test_a_stack_that_is_in_use_is_told(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    job = Job(tmp_path, locked(timedelta(minutes=1)), PIPELINE_LOCK_WAIT="0s", PIPELINE_EVENTS=str(file))
    assert job.up(["prod"]) == LOCKED
    assert "its lock is held by anna@laptop" in json.loads(file.read_text())["data"]["why"]


def test_only_the_kinds_that_are_asked_for_are_written(tmp_path: Path) -> None:
    lines = (*rotation("translator/default"), said("warning", "still used", "translator/default"))
    assert [it["type"] for it in events_of(tmp_path, *lines, PIPELINE_EVENT_KINDS="warned")] == [
        "yandex-keys.key.warned"
    ]


def test_nothing_is_written_where_nothing_happens_or_no_file_is_named(tmp_path: Path) -> None:
    assert events_of(tmp_path) == []
    job = Job(tmp_path, answer(*rotation("translator/default")))
    assert job.up(["prod"]) == DONE
    assert not (tmp_path / "out").exists()


def test_lines_are_added_and_the_same_thing_has_the_same_id(tmp_path: Path) -> None:
    events_of(tmp_path, *rotation("translator/default"))
    first, again = events_of(tmp_path, *rotation("translator/default"))
    assert first == again
    other = events_of(tmp_path, *rotation("translator/nightly"))[-1]
    assert other["id"] != first["id"]


def test_a_secret_in_what_is_said_is_masked(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    line = said("warning", "the service says AQVNabcdefgh12345678ABCDEFGH", "translator/default")
    job = Job(tmp_path, answer(line), PIPELINE_EVENTS=str(file))
    job.pipeline.console.hide("AQVNabcdefgh12345678ABCDEFGH")
    assert job.up(["prod"]) == DONE
    assert json.loads(file.read_text())["data"]["why"] == "the service says ***"


def test_a_file_that_can_t_be_written_fails_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    job = Job(tmp_path, answer(*rotation("translator/default")), PIPELINE_EVENTS=str(tmp_path / "file" / "events"))
    assert job.up(["prod"]) == DONE
    assert "warning: prod: no events: PIPELINE_EVENTS, " in job.log.getvalue()


ROTATED = {**NEW, "previous": [previous("ajeold")]}
TRANSLATOR = urn("translator", COMPONENT)


def owner_of(tmp_path: Path, *lines: str) -> list[str | None]:
    return [event["data"]["owner"] for event in events_of(tmp_path, *lines)]


def test_an_event_names_the_owner_that_the_stack_file_gives_its_key(tmp_path: Path) -> None:
    rotated = changed("update", OLD, ROTATED, parent=TRANSLATOR)
    assert owner_of(tmp_path, owned("translator", default="support", other="shop"), rotated) == ["support"]


def test_a_key_that_goes_has_the_owner_of_before(tmp_path: Path) -> None:
    goes = changed("delete", OLD, {}, parent=TRANSLATOR)
    assert owner_of(tmp_path, owned("translator", "update", was={"default": "support"}, other="shop"), goes) == [
        "support"
    ]


def gone_account(**owners: str) -> list[str]:
    """An account that goes whole: the engine deletes its keys first, and tells of their component, with the inputs of before, after them."""
    return [
        changed("delete", OLD, {}, parent=TRANSLATOR),
        owned("translator", "delete", was=owners),
        step("resOutputsEvent", "delete", "alone/key", before=NEW),
    ]


def test_a_key_that_goes_with_its_whole_account_has_the_owner_of_before(tmp_path: Path) -> None:
    events = events_of(tmp_path, *gone_account(default="support"))
    assert {event["subject"]: (event["data"]["owner"], event["data"]["keyId"]) for event in events} == {
        "translator/default": ("support", "ajeold"),
        "alone/key": (None, "ajenew"),
    }


def test_a_key_that_goes_with_another_owner_s_account_is_left_out(tmp_path: Path) -> None:
    for owner, expected in (("support", ["alone/key", "translator/default"]), ("shop", ["alone/key"])):
        folder = tmp_path / owner
        folder.mkdir()
        kept = events_of(folder, *gone_account(default=owner), PIPELINE_EVENT_OWNERS="support")
        assert sorted(event["subject"] for event in kept) == expected


def test_a_key_whose_account_stays_half_removed_is_told_without_an_owner(tmp_path: Path) -> None:
    lines = [changed("delete", OLD, {}, parent=TRANSLATOR), said("error", "no permission")]
    events = events_of(tmp_path, *lines, code=1, expected=FAILED)
    assert [(event["subject"], event["data"]["owner"]) for event in events if "subject" in event] == [
        ("translator/default", None)
    ]


def test_a_key_that_nobody_answers_for_has_no_owner(tmp_path: Path) -> None:
    rotated = changed("update", OLD, ROTATED, parent=TRANSLATOR)
    assert owner_of(tmp_path, owned("translator"), rotated) == [None]


def test_events_of_other_owners_keys_are_left_out_and_those_of_nobody_stay(tmp_path: Path) -> None:
    lines = [
        owned("translator", default="support", other="shop"),
        changed("update", OLD, ROTATED, parent=TRANSLATOR),
        step("resOutputsEvent", "create", "translator/other", outputs=NEW, parent=TRANSLATOR),
        step("resOutputsEvent", "create", "alone/key", outputs=NEW),
    ]
    kept = events_of(tmp_path, *lines, PIPELINE_EVENT_OWNERS="support, language")
    assert [(event["subject"], event["data"]["owner"]) for event in kept] == [
        ("translator/default", "support"),
        ("alone/key", None),
    ]


def test_every_kind_and_field_is_on_the_page(tmp_path: Path) -> None:
    section = README.read_text(encoding="utf-8").partition("\n## Events for programs\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(Kind)
    (shown,) = re.findall(r"```json\n(.*?)\n```", section, re.DOTALL)
    (event,) = events_of(tmp_path, changed("update", OLD, NEW), PIPELINE_EVENT_KINDS="rotated")
    assert json.loads(shown).keys() == event.keys()
    assert json.loads(shown)["data"].keys() == event["data"].keys()
