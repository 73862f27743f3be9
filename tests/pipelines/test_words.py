"""The lines of the log and the headlines of a comment."""

from __future__ import annotations

from pipelines.words import happening, headline, log_line, rotates
from tests.pipelines.engine_words import SECRET, rotation, said, step
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
