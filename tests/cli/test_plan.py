"""`yckeys plan`: what will happen, decided by the code that acts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provider.yandex_keys.version import VERSION
from tests.cli.conftest import Yckeys

Golden = Callable[[str, str], None]


def test_days_are_shown_in_order_with_what_happens_and_why(yckeys: Yckeys, golden: Golden) -> None:
    ended = yckeys("plan", "--days", "30")
    assert (ended.code, ended.errors) == (0, "")
    golden("plan.txt", ended.out)


@pytest.mark.parametrize(
    "command", [["plan"], ["audit"], ["audit", "--cloud"], ["explain", "prod/translator/default"]], ids=" ".join
)
def test_words_go_on_beneath_themselves_where_a_terminal_is_narrow(yckeys: Yckeys, command: list[str]) -> None:
    wide, narrow = yckeys(*command).out, yckeys(*command, columns=60).out
    assert max(map(len, wide.splitlines())) > 80
    assert max(map(len, narrow.splitlines())) <= 60
    assert narrow.split() == wide.split()
    heads = [line for line in narrow.splitlines() if line[:4].strip()]
    assert len(heads) == len([line for line in wide.splitlines() if line.strip()])


def test_json_has_the_documented_shape(yckeys: Yckeys, golden: Golden) -> None:
    golden("plan.json", yckeys("plan", "--json").out)


def test_a_calendar_file_has_one_event_each(yckeys: Yckeys, golden: Golden, tmp_path: Path) -> None:
    file = tmp_path / "keys.ics"
    events = json.loads(yckeys("plan", "--json", "--ics", str(file)).out)["events"]
    text = file.read_bytes().decode()
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = text.replace("\r\n ", "").split("\r\n")
    assert (lines[0], lines[-2], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR", "")
    uids = [line for line in lines if line.startswith("UID:")]
    assert len(uids) == len(set(uids)) == lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == len(events)
    golden("plan.ics", text.replace("\r\n", "\n").replace(f"yckeys {VERSION}", "yckeys VERSION"))


def test_a_calendar_that_can_t_be_written_is_said(yckeys: Yckeys, tmp_path: Path) -> None:
    ended = yckeys("plan", "--ics", str(tmp_path / "none" / "keys.ics"))
    assert ended.code == 3
    assert "can't be written" in ended.errors


def test_each_rotation_is_followed_by_one_end_of_the_key_before(yckeys: Yckeys) -> None:
    events = json.loads(yckeys("plan", "--days", "400", "--json").out)["events"]
    for rotation in (event for event in events if event["kind"] == "rotates"):
        ends = [
            event
            for event in events
            if event["kind"] == "ends"
            and (event["stack"], event["account"], event["key"], event["generation"])
            == (rotation["stack"], rotation["account"], rotation["key"], rotation["generation"])
        ]
        assert len(ends) == 1 or rotation["endsAt"] > events[-1]["at"], rotation
        assert all(end["at"] == rotation["endsAt"] for end in ends)


@pytest.mark.parametrize("stack", ["prod", "staging"])
def test_rotations_are_as_often_as_the_key_says(yckeys: Yckeys, stack: str) -> None:
    events = json.loads(yckeys("plan", "--days", "365", "--stack", stack, "--json").out)["events"]
    counts: dict[str, int] = {}
    for event in events:
        if event["kind"] == "rotates":
            counts[event["key"]] = counts.get(event["key"], 0) + 1
    for key, count in counts.items():
        assert count in ((26, 27) if key == "nightly" else (12, 13)), key


def test_the_plan_needs_no_cloud(yckeys: Yckeys) -> None:
    yckeys("plan")
    assert not yckeys.cloud.calls


def test_what_happens_to_the_keys_of_one_owner_can_be_asked_for(yckeys: Yckeys) -> None:
    events = json.loads(yckeys("plan", "--json", "--owner", "data-team").out)["events"]
    assert {(event["account"], event["key"], event["owner"]) for event in events} == {
        ("translator", "nightly", "data-team")
    }
