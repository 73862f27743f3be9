"""A key's inputs and state come back from the state file as they went in, and each state follows from the one before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys.api_key_state import (
    INPUTS,
    NO_EXPIRY,
    ROTATED,
    cloud_time,
    first_state,
    inputs_of,
    lifetime_text,
    properties_of,
    rotated_state,
    settled_state,
    state_of,
)
from provider.yandex_keys.rotation import Inputs, Lockbox, PreviousKey, State, Status, Verify
from provider.yandex_keys.schedule import first_point

from .examples import CURRENT, DAY, DUE, HOUR, ISSUED, SECOND, TAG, URN, at, in_overlap, standing, wanted
from .model import bag_of

NOW = at("2026-12-24 03:00:05")
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2105, 12, 31)).map(
    lambda time: time.replace(microsecond=0, tzinfo=UTC)
)
LENGTHS = st.integers(1, 36_500 * 86_400).map(lambda seconds: seconds * SECOND)
TEXTS = st.text(max_size=20)
LOCKBOXES = st.none() | st.builds(Lockbox, st.text(min_size=1, max_size=20), TEXTS, TEXTS)
INPUTS_OF_ANY_KIND = st.builds(
    Inputs,
    service_account_id=TEXTS,
    scopes=st.frozensets(TEXTS, max_size=3),
    description=TEXTS,
    lifetime=LENGTHS,
    rotate_every=LENGTHS,
    overlap=LENGTHS,
    reissue=st.none() | TEXTS,
    compromised=st.frozensets(TEXTS, max_size=3),
    when_still_used=st.sampled_from(["extend", "retire"]),
    lockbox=LOCKBOXES,
    expose_secret=st.booleans(),
    verify=st.none() | st.builds(Verify, TEXTS, TEXTS, st.integers(100, 599), LENGTHS),
)
PREVIOUS_KEYS = st.builds(
    PreviousKey,
    key_id=TEXTS,
    issued_at=TIMES,
    expires_at=TIMES,
    rotated_at=TIMES,
    lifetime_ends_at=TIMES,
    lockbox=LOCKBOXES,
    lockbox_version_id=st.none() | TEXTS.filter(bool),
    extended_at=st.none() | TIMES,
    enforced=st.booleans(),
)


@st.composite
def states(draw: st.DrawFn) -> State:
    """Any state that the last run of any inputs may have left."""
    applied = draw(INPUTS_OF_ANY_KIND)
    return State(
        key_id=draw(TEXTS),
        status=draw(st.sampled_from(Status)),
        issued_at=draw(TIMES),
        expires_at=draw(TIMES),
        next_rotation_at=draw(TIMES),
        generation=draw(st.integers(1, 1_000_000)),
        tag=draw(TEXTS),
        applied=applied,
        lifetime=applied.lifetime,
        lockbox_version_id=draw(st.none() | TEXTS.filter(bool)),
        masked_secret=draw(TEXTS),
        previous=tuple(draw(st.lists(PREVIOUS_KEYS, max_size=3))),
    )


def issued(at_time: datetime = NOW, **changes: Any) -> dict[str, Any]:
    """The cloud's new key."""
    created, expires = at_time.isoformat(), (at_time + 90 * DAY).isoformat()
    key = {"id": "ajenew", "created_at": created, "expires_at": expires, "masked_secret": "****ghijkl"}
    return {**key, **changes}


def rotated(state: State | None = None, now: datetime = NOW, overlap: timedelta = 7 * DAY, **inputs: Any) -> State:
    return rotated_state(wanted(**inputs), state or standing(), issued(now), TAG, URN, now, overlap)


@given(INPUTS_OF_ANY_KIND)
def test_inputs_come_back_from_their_bag(inputs: Inputs) -> None:
    assert inputs_of(bag_of(inputs)) == inputs


@given(states())
def test_a_state_comes_back_from_the_state_file(state: State) -> None:
    properties = properties_of(bag_of(state.applied), state, "secret")
    assert state_of(properties) == state
    assert None not in properties.values()
    assert (
        state_of(properties_of({name: properties[name] for name in INPUTS if name in properties}, state, None)) == state
    )


@given(states())
def test_a_secret_is_in_the_state_file_only_where_it_is_exposed(state: State) -> None:
    properties = properties_of(bag_of(state.applied), state, "the secret itself")
    assert properties.get("secret") == ("the secret itself" if state.applied.expose_secret else None)
    assert ("the secret itself" in repr(properties)) == state.applied.expose_secret


def test_what_need_not_be_given_is_what_most_want() -> None:
    least = Inputs("ajeaccount", frozenset({"yc.postbox.send"}), "", 90 * DAY, 30 * DAY, 7 * DAY)
    assert (least.reissue, least.compromised, least.when_still_used) == (None, frozenset(), "extend")
    assert (least.lockbox, least.expose_secret, least.verify) == (None, False, None)
    assert Lockbox("e6q") == Lockbox("e6q", "api_key", "api_key_id")
    assert Verify("https://example.com") == Verify("https://example.com", "GET", 200, 60 * SECOND)


def test_inputs_that_are_not_given_have_their_defaults() -> None:
    least = {"serviceAccountId": "aje", "scopes": ["a"], "lifetime": "90d", "rotateEvery": "30d", "overlap": "7d"}
    inputs = inputs_of({**least, "lockbox": {"secretId": "e6q"}, "verify": {"url": "https://example.com"}})
    assert (inputs.description, inputs.reissue, inputs.compromised) == ("", None, frozenset())
    assert (inputs.when_still_used, inputs.expose_secret) == ("extend", False)
    assert inputs.lockbox == Lockbox("e6q", "api_key", "api_key_id")
    assert inputs.verify == Verify("https://example.com", "GET", 200, 60 * SECOND)
    bare = inputs_of(least)
    assert (bare.lockbox, bare.verify) == (None, None)


def test_a_state_of_an_older_program_has_what_it_lacks_filled_in() -> None:
    properties = properties_of(bag_of(wanted()), standing(), None)
    for name in ("status", "tag", "maskedSecret", "previous"):
        del properties[name]
    state = state_of(properties)
    assert (state.status, state.tag, state.masked_secret, state.previous) == (Status.CURRENT, "", "", ())


def test_what_a_rotation_changes_is_in_the_state_file() -> None:
    assert set(ROTATED) <= set(properties_of(bag_of(wanted()), standing(), None))


def test_a_key_whose_expiry_was_taken_away_has_no_lifetime() -> None:
    properties = {**properties_of(bag_of(wanted()), standing(), None), "lifetime": NO_EXPIRY}
    assert state_of(properties).lifetime is None


def test_the_first_state_is_that_of_the_issued_key() -> None:
    inputs = wanted()
    state = first_state(inputs, issued(), TAG, URN, NOW)
    assert state == State(
        key_id="ajenew",
        status=Status.CURRENT,
        issued_at=NOW,
        expires_at=NOW + 90 * DAY,
        next_rotation_at=first_point(NOW, 30 * DAY, URN),
        generation=1,
        tag=TAG,
        applied=inputs,
        lifetime=90 * DAY,
        masked_secret="****ghijkl",
    )


def test_a_key_adopted_from_a_run_that_died_is_due_at_the_next_point_of_its_own_grid() -> None:
    state = first_state(wanted(), issued(ISSUED), TAG, URN, ISSUED + 40 * DAY)
    assert state.next_rotation_at == first_point(ISSUED, 30 * DAY, URN) + 30 * DAY


def test_a_key_that_the_cloud_dates_later_than_our_clock_is_not_due_at_once() -> None:
    state = first_state(wanted(rotate_every=SECOND), issued(NOW + HOUR), TAG, URN, NOW)
    assert NOW + HOUR < state.next_rotation_at <= NOW + HOUR + SECOND


def test_a_rotation_makes_the_current_key_previous_for_its_overlap() -> None:
    older = in_overlap()
    after = rotated(standing(previous=(older,), generation=4))
    assert after.previous == (
        older,
        PreviousKey(
            key_id=CURRENT,
            issued_at=ISSUED,
            expires_at=NOW + 7 * DAY,
            rotated_at=NOW,
            lifetime_ends_at=ISSUED + 90 * DAY,
            lockbox=Lockbox("e6qsecret"),
            lockbox_version_id="e6qversion",
            enforced=False,
        ),
    )
    assert (after.key_id, after.issued_at, after.expires_at) == ("ajenew", NOW, NOW + 90 * DAY)
    assert (after.generation, after.status, after.lifetime) == (5, Status.CURRENT, 90 * DAY)
    assert (after.next_rotation_at, after.tag, after.masked_secret) == (DUE + 30 * DAY, TAG, "****ghijkl")


def test_the_old_key_keeps_the_place_that_it_was_delivered_to() -> None:
    after = rotated(lockbox=Lockbox("e6qother"))
    assert after.previous[0].lockbox == Lockbox("e6qsecret")
    assert after.applied.lockbox == Lockbox("e6qother")


def test_an_overlap_never_outlives_the_old_key() -> None:
    late = ISSUED + 88 * DAY
    assert rotated(now=late).previous[0].expires_at == ISSUED + 90 * DAY


def test_without_an_overlap_the_old_key_ends_now_even_if_the_cloud_dates_it_later() -> None:
    assert rotated(overlap=timedelta(0)).previous[0].expires_at == NOW
    early = ISSUED - HOUR
    assert rotated(now=early, overlap=timedelta(0)).previous[0].expires_at == early


def test_an_overlap_never_ends_before_the_old_key_was_issued() -> None:
    assert rotated(now=ISSUED - DAY, overlap=HOUR).previous[0].expires_at == ISSUED


def test_a_rotation_with_a_new_period_starts_its_grid_at_the_old_key() -> None:
    after = rotated(rotate_every=7 * DAY, now=ISSUED + 10 * DAY)
    assert after.next_rotation_at == first_point(ISSUED, 7 * DAY, URN) + 7 * DAY


def test_after_a_run_the_wanted_inputs_hold_with_their_grid() -> None:
    weekly = wanted(rotate_every=7 * DAY)
    after = settled_state(weekly, standing(), URN)
    assert after == replace(standing(), applied=weekly, next_rotation_at=first_point(ISSUED, 7 * DAY, URN))
    assert settled_state(weekly, after, URN) == after
    assert settled_state(wanted(overlap=DAY), standing(), URN).next_rotation_at == DUE


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-12-24T03:00:05Z", NOW),
        ("2026-12-24T03:00:05.999999Z", NOW),
        ("2026-12-24T03:00:05.123456789Z", NOW),
        ("2026-12-24T06:00:05+03:00", NOW),
        ("", at("2105-01-01 00:00")),
        (None, at("2105-01-01 00:00")),
    ],
)
def test_times_of_the_cloud_are_in_utc_and_whole_seconds(text: str | None, time: datetime) -> None:
    assert cloud_time(text) == time
    assert cloud_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("expires_at", "text"),
    [
        ("2027-02-21T03:00:05Z", "90d"),
        ("2026-11-23T04:00:05Z", "1h"),
        (None, NO_EXPIRY),
        ("2026-11-23T03:00:05Z", "1s"),
        ("1970-01-01T00:00:00Z", "1s"),
    ],
)
def test_an_expiry_that_somebody_set_is_told_as_a_lifetime(expires_at: str | None, text: str) -> None:
    assert lifetime_text(ISSUED, expires_at) == text


@given(TIMES.filter(lambda time: time.year >= 2018), st.none() | TIMES)
def test_a_key_that_somebody_dated_anyhow_leaves_a_state_that_can_be_read(
    issued_at: datetime, expires_at: datetime | None
) -> None:
    text = lifetime_text(issued_at, expires_at.isoformat() if expires_at else None)
    properties = {**properties_of(bag_of(wanted()), standing(), None), "lifetime": text}
    lifetime = state_of(properties).lifetime
    assert lifetime is None or lifetime >= SECOND


def test_a_status_is_written_as_older_states_have_it() -> None:
    assert [status.value for status in Status] == ["current", "missing", "adopted", "undelivered"]
