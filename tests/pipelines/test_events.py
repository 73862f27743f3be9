"""What an engine run said is read from its events."""

from __future__ import annotations

import json

from pipelines.events import Events
from tests.pipelines.engine_words import KEY, SECRET, judged, refreshed, rotation, said, step


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


def test_the_lines_of_one_message_are_read_as_lines_in_their_order() -> None:
    events = fed(
        said("info", "moves away from the output\nrotates: due since 2026-12-24 03:00 UTC", "translator/default")
    )
    (resource,) = events.resources.values()
    assert resource.lines == ["moves away from the output", "rotates: due since 2026-12-24 03:00 UTC"]


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
    assert events.all_errors() == ["a: no permission"]
    assert fed(said("error", "update failed")).all_errors() == ["update failed"]


def test_what_is_said_of_many_resources_is_told_once_with_their_names() -> None:
    text = "failed with UNAUTHENTICATED: the token has expired"
    same = [said("error", f"{text} (request id {name * 4})", name) for name in ("a", "b", "c", "d", "e")]
    assert fed(*same).all_errors() == [f"a, b, c and 2 more: {text} (request id aaaa)"]
    both = [said("warning", text, name, token) for name, token in (("b", KEY), ("a", KEY), ("a", SECRET))]
    assert fed(*both).all_warnings() == [f"a, b: {text}"]


def test_what_the_engine_repeats_of_a_resource_is_told_once() -> None:
    events = fed(said("error", "preview failed: no permission"), said("error", "no permission", "a"))
    assert events.all_errors() == ["a: no permission"]


def test_what_a_refresh_finds_is_told_in_the_providers_words_or_by_what_differs() -> None:
    events = fed(
        *refreshed(
            "a", {"keyId": "aje1", "status": "current"}, {"keyId": "aje1", "status": "missing"}, "key aje1 is gone"
        ),
        *refreshed("b", {"labels": {}, "name": "b"}, {"labels": {"team": "us"}, "name": "b"}, token=SECRET),
        *refreshed("c", {"name": "c"}, None, token=SECRET),
        *refreshed("d", {"keyId": "aje4"}, {"keyId": "aje4"}),
    )
    assert [(each.name, each.drift) for each in events.drifted()] == [
        ("a", ["key aje1 is gone"]),
        ("b", ["labels changed, and not by us"]),
        ("c", ["is gone, and not by us"]),
    ]
    assert events.all_warnings() == []


def test_what_is_warned_of_in_a_refresh_and_is_no_change_by_others_is_a_warning() -> None:
    key = {"keyId": "aje1"}
    unchanged = fed(*refreshed("a", key, key, "still used"), said("warning", "still used", "a"))
    changed = fed(*refreshed("a", key, {"keyId": "aje2"}, "still used", "is gone"), said("warning", "still used", "a"))
    assert (unchanged.drifted(), unchanged.all_warnings()) == ([], ["a: still used"])
    assert ([each.drift for each in changed.drifted()], changed.all_warnings()) == ([["is gone"]], ["a: still used"])


def test_a_warning_after_the_refresh_is_none_of_its_findings() -> None:
    events = fed(*refreshed("a", {"keyId": "aje1"}, {"keyId": "aje1"}), said("warning", "still used", "a"))
    assert events.drifted() == []
    assert events.all_warnings() == ["a: still used"]


def test_what_breaks_a_policy_is_the_key_s_error() -> None:
    events = fed(judged("mandatory", "lifetime 180d is longer than 90d", "translator/default"))
    assert events.all_errors() == ["translator/default: policy maximum-lifetime: lifetime 180d is longer than 90d"]
    assert events.all_warnings() == []


def test_what_a_policy_advises_is_a_warning() -> None:
    events = fed(judged("advisory", "lifetime 180d is longer than 90d", "translator/default"))
    assert events.all_warnings() == ["translator/default: policy maximum-lifetime: lifetime 180d is longer than 90d"]
    assert events.all_errors() == []


def test_what_a_policy_says_of_the_stack_is_nobody_s_own() -> None:
    assert fed(judged("mandatory", "no")).all_errors() == ["policy maximum-lifetime: no"]
