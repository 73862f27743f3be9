"""The lines of the log and the headlines of a comment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.words import drift_lines, happening, headline, log_line, rotates, unsaid_lines
from tests.pipelines.engine_words import KEY, SECRET, refreshed, rotation, said, step
from tests.pipelines.test_events import fed

TIME = "2026-12-25T03:17:00Z"


def test_a_rotation_is_one_readable_line() -> None:
    (resource,) = fed(*rotation("translator/default")).touched()
    assert log_line(TIME, "prod", resource) == (
        "2026-12-25T03:17:00Z prod translator/default: rotates: due since 2026-12-24 03:00 UTC, key ajeold is 31 days old; "
        "new key ajenew, good until 2027-03-24T03:00:00Z"
    )


def test_a_line_stays_one_line_whatever_the_provider_says() -> None:
    (resource,) = fed(*rotation("a", "rotates: one\ntwo\r\nthree")).touched()
    assert log_line(TIME, "prod", resource).count("\n") == 0


def test_a_compromised_key_counts_as_rotated() -> None:
    (resource,) = fed(
        *rotation("a", "key ajeold is compromised: a new key replaces it, and it is deleted at once")
    ).touched()
    assert rotates(resource)


def test_other_resources_are_named_with_their_kind() -> None:
    (resource,) = fed(step("resOutputsEvent", "create", "a", SECRET)).touched()
    assert log_line(TIME, "prod", resource) == f"{TIME} prod a: LockboxSecret created"


def test_a_change_without_the_providers_words_names_its_properties() -> None:
    (resource,) = fed(step("resOutputsEvent", "update", "a", SECRET, detailedDiff={"labels": {}})).touched()
    assert happening(resource) == "is changed in place: labels"


def test_the_headline_counts_what_happens() -> None:
    events = fed(
        *rotation("a"),
        *rotation("b"),
        said("info", "issues: first key", "c"),
        step("resourcePreEvent", "create", "c"),
        said("info", "retires key ajeold: its overlap ended 2026-12-24 03:00 UTC", "d"),
        step("resourcePreEvent", "update", "d"),
        step("resourcePreEvent", "create", "c", SECRET),
        said("warning", "key ajeold is still used", "a"),
    )
    assert (
        headline(events) == "2 keys rotate, 1 new key, 1 previous key is retired, 1 other resource changes, 1 warning"
    )


def test_the_headline_of_a_quiet_day() -> None:
    assert headline(fed(step("resOutputsEvent", "same", "a"))) == "nothing to do"


SINCE = datetime(2026, 12, 24, 3, 16, tzinfo=UTC)
ROTATED: dict[str, Any] = {
    "keyId": "ajenew",
    "issuedAt": "2026-12-24T03:17:02Z",
    "expiresAt": "2027-03-24T03:17:02Z",
    "generation": 2,
    "previous": [
        {"keyId": "ajeold", "rotatedAt": "2026-12-24T03:17:00Z", "expiresAt": "2026-12-31T03:17:00Z"},
        {"keyId": "ajeolder", "rotatedAt": "2026-12-20T03:17:00Z", "expiresAt": "2026-12-27T03:17:00Z"},
    ],
}


def unsaid(operation: str, outputs: dict[str, Any], *lines: str) -> list[str]:
    return unsaid_lines(TIME, "prod", fed(*lines, step("resOutputsEvent", operation, "a", KEY, outputs=outputs)), SINCE)


@pytest.mark.parametrize("operation", ["same", "update"])
def test_what_a_killed_run_could_not_say_is_told_by_the_next(operation: str) -> None:
    assert unsaid(operation, ROTATED) == [
        "2026-12-25T03:17:00Z prod a: the run that was killed had rotated key ajeold; it keeps working until 2026-12-31T03:17:00Z; "
        "new key ajenew, good until 2027-03-24T03:17:02Z"
    ]


def test_a_first_key_and_one_that_was_replaced_at_once_are_told_too() -> None:
    (first,) = unsaid("same", {**ROTATED, "generation": 1, "previous": []})
    assert "had issued the first key; new key ajenew" in first
    (replaced,) = unsaid("same", {**ROTATED, "previous": []})
    assert "had rotated it; new key ajenew" in replaced


def test_what_was_done_before_or_is_told_anyway_is_not_told_again() -> None:
    assert unsaid("same", {**ROTATED, "issuedAt": "2026-12-20T03:17:00Z"}) == []
    assert unsaid("update", ROTATED, said("info", "rotates: due since yesterday", "a")) == []


def test_what_others_have_changed_is_told_with_what_became_of_it() -> None:
    key, gone = {"keyId": "ajeold", "status": "current"}, {"keyId": "ajeold", "status": "missing"}
    events = fed(
        *refreshed("a", key, gone, "key ajeold is gone"),
        *rotation("a", "rotates: key ajeold is gone"),
        *refreshed("b", key, gone, "key ajeold is gone"),
        step("resourcePreEvent", "update", "b"),
        *refreshed("c", {"previous": [1]}, {"previous": []}),
    )
    assert drift_lines(events) == [
        "a: key ajeold is gone (this run has put it right; new key ajenew, good until 2027-03-24T03:00:00Z)",
        "b: key ajeold is gone (this run could not put it right)",
        "c: previous changed, and not by us",
    ]
    assert headline(events) == "1 key rotates, 1 key changes in place, 3 changes by others"
