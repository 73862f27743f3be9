"""A key's inputs and state come back from the state file as they went in, and each state follows from the one before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys.answers import ApiKeyAnswer
from provider.yandex_keys.api_key.inputs import INPUTS
from provider.yandex_keys.api_key.key import Inputs, ListedKey, Listing, Lockbox, PreviousKey, State, Status, Verify
from provider.yandex_keys.api_key.rotation import next_rotation
from provider.yandex_keys.api_key.schedule import first_point
from provider.yandex_keys.api_key.state import (
    NO_EXPIRY,
    ROTATED,
    finished_state,
    first_state,
    inputs_of,
    lifetime_text,
    listing_of,
    properties_of,
    rotated_state,
    state_of,
)
from provider.yandex_keys.marks import marked
from provider.yandex_keys.times import cloud_time

from .examples import (
    CURRENT,
    DAY,
    DUE,
    HOUR,
    INSTANCE,
    ISSUED,
    OTHER_INSTANCE,
    PREVIOUS,
    SECOND,
    URN,
    at,
    in_overlap,
    listed_key,
    listing,
    mark,
    standing,
    wanted,
)
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
        instance=draw(TEXTS),
        applied=applied,
        lifetime=applied.lifetime,
        lockbox_version_id=draw(st.none() | TEXTS.filter(bool)),
        masked_secret=draw(TEXTS),
        previous=tuple(draw(st.lists(PREVIOUS_KEYS, max_size=3))),
    )


def issued(at_time: datetime = NOW, **changes: Any) -> ApiKeyAnswer:
    """The cloud's new key."""
    created, expires = at_time.isoformat(), (at_time + 90 * DAY).isoformat()
    key: Any = {"id": "ajenew", "created_at": created, "expires_at": expires, "masked_secret": "****ghijkl"}
    return cast(ApiKeyAnswer, {**key, **changes})


def rotated(
    state: State | None = None,
    now: datetime = NOW,
    overlap: timedelta = 7 * DAY,
    *,
    ours: datetime | None = None,
    listed: Listing | None = None,
    **inputs: Any,
) -> State:
    """The state after a rotation at `now` by the cloud's clock, `ours` by our own; the cloud lists the current key as the state has it."""
    was = state or standing()
    if listed is None:
        listed = listing(as_listed(was))
    return rotated_state(
        wanted(**inputs), was, issued(now), INSTANCE, URN, ours or now, overlap, listed, "e6qnewversion"
    )


def as_listed(state: State, **changes: Any) -> ListedKey:
    """The state's current key as the cloud lists it."""
    known = listed_key(state.key_id, issued_at=state.issued_at, expires_at=state.expires_at)
    return replace(known, **changes)


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
    for name in ("status", "instance", "maskedSecret", "previous"):
        del properties[name]
    state = state_of(properties)
    assert (state.status, state.instance, state.masked_secret, state.previous) == (Status.CURRENT, "", "", ())


def test_what_a_rotation_changes_is_in_the_state_file() -> None:
    assert set(ROTATED) <= set(properties_of(bag_of(wanted()), standing(), None))


def test_a_key_whose_expiry_was_taken_away_has_no_lifetime() -> None:
    properties = {**properties_of(bag_of(wanted()), standing(), None), "lifetime": NO_EXPIRY}
    assert state_of(properties).lifetime is None


def first_issued(**changes: Any) -> ApiKeyAnswer:
    """The cloud's first key, which ends after one overlap."""
    return issued(expires_at=(NOW + 7 * DAY).isoformat(), **changes)


def test_the_first_state_is_that_of_the_issued_key_which_ends_after_one_overlap() -> None:
    inputs = wanted()
    state = first_state(inputs, first_issued(), INSTANCE, URN, NOW, "e6qversion")
    assert state == State(
        key_id="ajenew",
        status=Status.CURRENT,
        issued_at=NOW,
        expires_at=NOW + 7 * DAY,
        next_rotation_at=first_point(NOW, 30 * DAY, URN),
        generation=1,
        instance=INSTANCE,
        applied=inputs,
        lifetime=7 * DAY,
        lockbox_version_id="e6qversion",
        masked_secret="****ghijkl",
    )


def test_a_first_key_that_the_cloud_dates_earlier_than_our_clock_is_not_due_at_once() -> None:
    """Our clock is 40 days ahead: by it the first point has passed."""
    state = first_state(wanted(), issued(ISSUED), INSTANCE, URN, ISSUED + 40 * DAY, None)
    assert state.next_rotation_at == first_point(ISSUED, 30 * DAY, URN) + 30 * DAY


def test_a_key_that_the_cloud_dates_later_than_our_clock_is_not_due_at_once() -> None:
    state = first_state(wanted(rotate_every=SECOND), issued(NOW + HOUR), INSTANCE, URN, NOW, None)
    assert NOW + HOUR < state.next_rotation_at <= NOW + HOUR + SECOND


@pytest.mark.parametrize("ahead", [84 * DAY, 365 * DAY, 100_000 * DAY], ids=str)
def test_a_first_key_is_due_in_its_own_lifetime_however_far_ahead_our_clock_is(ahead: timedelta) -> None:
    state = first_state(wanted(), issued(NOW), INSTANCE, URN, NOW + ahead, None)
    assert state.next_rotation_at == NOW + 83 * DAY


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
    assert (after.next_rotation_at, after.instance, after.masked_secret) == (DUE + 30 * DAY, INSTANCE, "****ghijkl")
    assert after.lockbox_version_id == "e6qnewversion"


def test_the_old_key_keeps_the_place_that_it_was_delivered_to() -> None:
    after = rotated(lockbox=Lockbox("e6qother"))
    assert after.previous[0].lockbox == Lockbox("e6qsecret")
    assert after.applied.lockbox == Lockbox("e6qother")


def test_an_overlap_never_outlives_the_old_key() -> None:
    late = ISSUED + 88 * DAY
    assert rotated(now=late).previous[0].expires_at == ISSUED + 90 * DAY


def test_an_end_that_the_cloud_has_already_need_not_be_told_to_it() -> None:
    assert rotated(now=ISSUED + 88 * DAY).previous[0].enforced
    assert not rotated(now=ISSUED + 82 * DAY).previous[0].enforced


def test_an_expiry_that_somebody_extended_by_hand_is_shortened_again_by_a_late_rotation() -> None:
    extended = listing(as_listed(standing(), expires_at=ISSUED + 400 * DAY))
    previous = rotated(now=ISSUED + 88 * DAY, listed=extended).previous[0]
    assert (previous.expires_at, previous.enforced) == (ISSUED + 90 * DAY, False)


def test_an_expiry_that_somebody_shortened_by_hand_is_not_pushed_out_by_an_overlap() -> None:
    shortened = listing(as_listed(standing(), expires_at=NOW + DAY))
    previous = rotated(listed=shortened).previous[0]
    assert (previous.expires_at, previous.enforced) == (NOW + DAY, True)


def test_the_end_of_a_key_that_no_listing_has_is_told_to_the_cloud() -> None:
    previous = rotated(now=ISSUED + 88 * DAY, listed={}).previous[0]
    assert (previous.expires_at, previous.enforced) == (ISSUED + 90 * DAY, False)


def test_a_key_that_had_ended_before_its_rotation_has_no_end_to_wait_for() -> None:
    ended = ISSUED + 91 * DAY
    assert not rotated(now=ended).previous[0].enforced
    assert not rotated(now=ISSUED + 90 * DAY).previous[0].enforced


@pytest.mark.parametrize("ours", [-365 * DAY, -HOUR, timedelta(0), 20 * SECOND, 365 * DAY], ids=str)
def test_an_overlap_is_counted_from_the_clouds_time_whatever_our_clock_says(ours: timedelta) -> None:
    previous = rotated(ours=NOW + ours).previous[0]
    assert (previous.rotated_at, previous.expires_at) == (NOW, NOW + 7 * DAY)


@pytest.mark.parametrize("ours", [-HOUR, timedelta(0), HOUR], ids=str)
def test_without_an_overlap_the_old_key_ends_when_the_cloud_issues_the_new_one(ours: timedelta) -> None:
    previous = rotated(overlap=timedelta(0), ours=NOW + ours).previous[0]
    assert (previous.expires_at, previous.enforced) == (NOW, False)


@pytest.mark.parametrize("seconds", [1, 20, 299])
def test_a_machine_whose_clock_is_a_little_ahead_does_not_rotate_again(seconds: int) -> None:
    """It comes a little before the point by the cloud's clock, and past it by its own."""
    after = rotated(now=DUE - seconds * SECOND, ours=DUE)
    assert after.next_rotation_at == DUE + 30 * DAY


@pytest.mark.parametrize("seconds", [1, 20, 86_400])
def test_a_machine_whose_clock_is_behind_does_not_rotate_again(seconds: int) -> None:
    """It rotates at the user's wish: before the point by its own clock, past it by the cloud's."""
    after = rotated(now=DUE + SECOND, ours=DUE - seconds * SECOND, reissue="1")
    assert after.next_rotation_at == DUE + 30 * DAY


@pytest.mark.parametrize("ahead", [84 * DAY, 365 * DAY, 100_000 * DAY], ids=str)
def test_a_rotated_key_is_due_in_its_own_lifetime_however_far_ahead_our_clock_is(ahead: timedelta) -> None:
    assert rotated(ours=NOW + ahead).next_rotation_at == NOW + 83 * DAY


def test_a_reissue_an_hour_before_a_grid_point_rotates_once() -> None:
    after = rotated(now=DUE - HOUR, reissue="1")
    assert after.next_rotation_at == DUE + 30 * DAY
    assert rotated(now=DUE - 8 * DAY, reissue="1").next_rotation_at == DUE


def test_what_a_rotation_that_died_left_is_previous_beside_the_old_key() -> None:
    older = in_overlap()
    left = listed_key("ajeleft", issued_at=NOW - DAY, expires_at=NOW + 89 * DAY)
    state = standing(previous=(older,))
    after = rotated(state, listed=listing(left, as_listed(state)))
    assert [item.key_id for item in after.previous] == [PREVIOUS, CURRENT, "ajeleft"]
    assert after.previous[2] == PreviousKey(
        key_id="ajeleft",
        issued_at=NOW - DAY,
        expires_at=NOW + 7 * DAY,
        rotated_at=NOW,
        lifetime_ends_at=NOW + 89 * DAY,
        lockbox=Lockbox("e6qsecret"),
        enforced=False,
    )


def test_a_rotation_without_overlap_leaves_its_overlap_to_what_another_one_left() -> None:
    """The current key is compromised; what a run that died delivered is not."""
    left = listed_key("ajeleft", issued_at=NOW - DAY, expires_at=NOW + 89 * DAY)
    after = rotated(overlap=timedelta(0), listed=listing(left), compromised=frozenset({CURRENT}))
    assert [(item.key_id, item.expires_at) for item in after.previous] == [
        (CURRENT, NOW),
        ("ajeleft", NOW + 7 * DAY),
    ]


def test_a_state_has_seen_what_happened_last() -> None:
    assert standing().seen_until == ISSUED
    rotated_once = in_overlap(rotated_at=ISSUED + DAY)
    assert standing(previous=(rotated_once,)).seen_until == ISSUED + DAY
    extended = in_overlap(key_id="ajeextended", extended_at=ISSUED + 3 * DAY)
    assert standing(previous=(extended, rotated_once)).seen_until == ISSUED + 3 * DAY
    assert standing(previous=(in_overlap(rotated_at=ISSUED - DAY),)).seen_until == ISSUED


def test_a_state_accounts_for_its_current_key_and_its_previous_ones() -> None:
    assert standing(previous=(in_overlap(), in_overlap(key_id="ajeolder"))).key_ids == {
        CURRENT,
        PREVIOUS,
        "ajeolder",
    }


def test_the_clouds_keys_come_with_their_marks_and_times() -> None:
    ours: ApiKeyAnswer = {
        "id": "ajeours",
        "created_at": "2026-11-23T03:00:05.5Z",
        "expires_at": "2027-02-21T03:00:05Z",
        "last_used_at": "2026-11-24T00:00:00Z",
        "description": marked("Translates", mark("attempt9", OTHER_INSTANCE)),
    }
    by_hand: ApiKeyAnswer = {"id": "ajehand", "created_at": "2026-11-23T03:00:05Z", "description": "by hand"}
    assert listing_of([ours, by_hand]) == {
        "ajeours": ListedKey(
            "ajeours",
            ISSUED,
            ISSUED + 90 * DAY,
            at("2026-11-24 00:00"),
            mark("attempt9", OTHER_INSTANCE),
        ),
        "ajehand": ListedKey("ajehand", ISSUED, at("2105-01-01 00:00")),
    }


def test_a_rotation_with_a_new_period_starts_its_grid_at_the_old_key() -> None:
    after = rotated(rotate_every=7 * DAY, now=ISSUED + 10 * DAY)
    assert after.next_rotation_at == first_point(ISSUED, 7 * DAY, URN) + 7 * DAY


def test_after_a_run_the_wanted_inputs_hold_with_their_grid() -> None:
    weekly = wanted(rotate_every=7 * DAY)
    after = finished_state(weekly, standing(), URN)
    assert after == replace(standing(), applied=weekly, next_rotation_at=first_point(ISSUED, 7 * DAY, URN))
    assert finished_state(weekly, after, URN) == after
    assert finished_state(wanted(overlap=DAY), standing(), URN).next_rotation_at == DUE


def test_a_key_is_due_while_a_whole_overlap_of_it_is_left_whatever_moved_the_grid() -> None:
    """A state that an older version wrote, or a shorter lifetime: the due time is brought forward, and stays there."""
    late = standing(next_rotation_at=ISSUED + 300 * DAY)
    assert next_rotation(wanted(), late, URN) == ISSUED + 83 * DAY
    assert finished_state(wanted(), late, URN).next_rotation_at == ISSUED + 83 * DAY
    assert next_rotation(wanted(lifetime=40 * DAY, overlap=15 * DAY), standing(), URN) == ISSUED + 25 * DAY


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
