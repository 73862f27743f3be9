"""What an engine run said is read from its events."""

from __future__ import annotations

import json

from pipelines.events import Events
from tests.pipelines.engine_words import SECRET, rotation, said, step


def fed(*lines: str) -> Events:
    events = Events()
    for line in lines:
        events.feed(line)
    return events


def test_a_rotation_is_one_resource_with_its_reason_and_its_new_key() -> None:
    (resource,) = fed(*rotation("translator/default")).touched()
    assert (resource.name, resource.operation, resource.is_key) == ("translator/default", "update", True)
    assert resource.lines == ["rotates: due since 2026-12-24 03:00 UTC, key ajeold is 31 days old"]
    assert resource.changed == ("keyId", "expiresAt")
    assert resource.outputs["keyId"] == "ajenew"


def test_only_what_is_finished_is_told_as_it_comes() -> None:
    events = Events()
    told = [events.feed(line) for line in rotation("translator/default")]
    assert [resource.name for resource in told if resource] == ["translator/default"]


def test_what_stays_as_it_is_and_what_only_groups_is_left_out() -> None:
    events = fed(
        step("resOutputsEvent", "same", "translator/default"),
        step("resOutputsEvent", "create", "translator", "yandex-keys:index:ServiceAccountKeys", custom=False),
        step("resOutputsEvent", "update", "yandex", "pulumi:providers:yandex"),
        json.dumps({"summaryEvent": {"resourceChanges": {"same": 12}}}),
    )
    assert events.touched() == []
    assert events.unchanged == 12


def test_the_steps_of_a_replacement_are_one_replacement() -> None:
    steps = [step("resOutputsEvent", operation, "a", SECRET) for operation in ("create-replacement", "delete-replaced")]
    (resource,) = fed(step("resourcePreEvent", "replace", "a", SECRET), *steps).touched()
    assert resource.operation == "replace"


def test_a_warning_of_a_key_that_stays_is_kept() -> None:
    events = fed(said("warning", "key ajeold is still used", "a"), step("resOutputsEvent", "same", "a"))
    assert events.all_warnings() == ["a: key ajeold is still used"]


def test_the_same_warning_twice_is_one() -> None:
    assert len(fed(said("warning", "once", "a"), said("warning", "once", "a")).all_warnings()) == 1


def test_what_a_killed_run_left_is_no_warning_for_people() -> None:
    events = fed(
        said("warning", "Attempting to deploy or update resources with 3 pending operations from previous deployment.")
    )
    assert events.pending
    assert events.all_warnings() == []


def test_what_a_program_prints_is_neither_a_decision_nor_a_problem() -> None:
    events = fed(said("info", "declaring"), said("info#err", "a library's warning"), "not JSON at all", "12", "")
    assert events.touched() == []
    assert events.noise == ["declaring", "a library's warning", "not JSON at all", "12"]


def test_errors_name_their_resource() -> None:
    events = fed(
        said("error", "no permission", "a"),
        step("resOpFailedEvent", "update", "a"),
        said("error", "update failed"),
    )
    assert events.all_errors() == ["update failed", "a: no permission"]
