"""An API key's inputs and state as property bags and as `rotation`'s types, both ways, and how a state follows from the
one before (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..answers import ApiKeyAnswer
from ..durations import format_duration, parse_duration
from ..marks import mark_of
from ..properties import Properties
from ..rotation_calendar import Calendar, freeze_of, window_of
from ..times import cloud_time, format_time, parse_time
from .key import Inputs, ListedKey, Listing, Lockbox, PreviousKey, State, Status, Verify
from .rotation import as_allowed, latest_rotation, left_overs, next_rotation, unknown_of_ours
from .schedule import SPREAD, first_point, next_point, point_after, time_after

# What a rotation changes; what a preview of one can't know.
ROTATED: Final[tuple[str, ...]] = (
    "keyId",
    "maskedSecret",
    "issuedAt",
    "expiresAt",
    "nextRotationAt",
    "dueAt",
    "generation",
    "previous",
    "status",
    "attempts",
)
_REMEMBERED_ATTEMPTS: Final = 24
"""Of how many keys: more than live at any time, and two years of monthly rotations."""
NO_EXPIRY: Final = "never"
"""The lifetime in the state of a key whose expiry was removed behind our back."""


def inputs_of(properties: Properties) -> Inputs:
    """`properties`, checked before, as Inputs."""
    verify = properties.get("verify")
    return Inputs(
        service_account_id=properties["serviceAccountId"],
        scopes=frozenset(properties["scopes"]),
        description=properties.get("description", ""),
        lifetime=_duration(properties["lifetime"]) or timedelta(0),
        rotate_every=parse_duration(properties["rotateEvery"]),
        overlap=parse_duration(properties["overlap"]),
        reissue=properties.get("reissue"),
        compromised=frozenset(properties.get("compromised", ())),
        when_still_used=properties.get("whenStillUsed", "extend"),
        lockbox=_lockbox(properties.get("lockbox")),
        expose_secret=properties.get("exposeSecret", False),
        verify=None
        if not verify
        else Verify(
            verify["url"],
            verify.get("method", "GET"),
            int(verify.get("expectStatus", 200)),
            parse_duration(verify.get("timeout", "60s")),
        ),
        # A state of before there was such an input was spread by what is its default now.
        spread=int(properties.get("spread", SPREAD)),
        calendar=calendar_of(properties),
    )


def calendar_of(properties: Properties) -> Calendar:
    """The windows and freezes of `properties`, checked before."""
    windows = tuple(
        window_of(
            frozenset(item["days"]) if item.get("days") else None, item["from"], item["to"], item.get("timezone", "UTC")
        )
        for item in properties.get("windows", ())
    )
    freezes = (freeze_of(item["from"], item["until"], item.get("why", "")) for item in properties.get("freezes", ()))
    return Calendar(windows, tuple(freezes))


def state_of(properties: Properties) -> State:
    """The state that `properties`, written by `properties_of`, hold."""
    return State(
        key_id=properties["keyId"],
        status=Status(properties.get("status", Status.CURRENT)),
        issued_at=parse_time(properties["issuedAt"]),
        expires_at=parse_time(properties["expiresAt"]),
        # A state of before there was a calendar has one time for both.
        next_rotation_at=parse_time(properties["dueAt" if "dueAt" in properties else "nextRotationAt"]),
        generation=int(properties["generation"]),
        instance=properties.get("instance", ""),
        applied=inputs_of(properties),
        lifetime=_duration(properties["lifetime"]),
        lockbox_version_id=properties.get("lockboxVersionId") or None,
        masked_secret=properties.get("maskedSecret", ""),
        previous=tuple(_previous_of(item) for item in properties.get("previous", ())),
        attempts=tuple(properties.get("attempts", ())),
    )


def properties_of(inputs: Properties, state: State, secret: str | None) -> Properties:
    """What the state file holds: every input, and the outputs. `secret` only where it is exposed."""
    outputs = {
        "keyId": state.key_id,
        "status": str(state.status),
        "maskedSecret": state.masked_secret,
        "issuedAt": format_time(state.issued_at),
        "expiresAt": format_time(state.expires_at),
        **schedule_outputs(inputs_of(inputs), state.issued_at, state.next_rotation_at),
        "generation": state.generation,
        "instance": state.instance,
        "attempts": list(state.attempts),
        # Empty rather than left out: in a preview the SDK takes an output that is missing for one that is not known
        # yet.
        "lockboxVersionId": state.lockbox_version_id or "",
        "previous": [_previous_properties(previous) for previous in state.previous],
        "secret": secret if inputs.get("exposeSecret") else None,
    }
    return {name: value for name, value in {**inputs, **outputs}.items() if value is not None}


def schedule_outputs(inputs: Inputs, issued_at: datetime, due: datetime) -> dict[str, str]:
    """When a key that is `due` by its grid rotates, and that: the calendar may put a rotation off, and moves no
    grid."""
    return {"nextRotationAt": format_time(as_allowed(inputs, issued_at, due)), "dueAt": format_time(due)}


def first_state(
    inputs: Inputs, issued: ApiKeyAnswer, instance: str, urn: str, now: datetime, version_id: str | None
) -> State:
    """The state after the first issue at `now`. `issued` is the cloud's key, which ends after one overlap until it gets
    its lifetime."""
    state = _new_key(inputs, issued, instance, version_id)
    first = first_point(state.issued_at, inputs.rotate_every, urn, inputs.spread)
    due = point_after(first, inputs.rotate_every, max(now, state.issued_at))
    return replace(
        state,
        next_rotation_at=min(due, latest_rotation(state.issued_at, inputs)),
        lifetime=state.expires_at - state.issued_at,
    )


def rotated_state(
    inputs: Inputs,
    state: State,
    issued: ApiKeyAnswer,
    instance: str,
    urn: str,
    now: datetime,
    overlap: timedelta,
    listed: Listing,
    version_id: str | None,
) -> State:
    """The state after a rotation: the old key is previous, and what rotations that died had left is; their ends are
    wanted, and enforced where the cloud has them already.

    The overlap is counted from the cloud's own time, when it issued the new key; `now` is ours. What is due next is
    later than both. `listed` are the account's keys as they were before.
    """
    new = _new_key(inputs, issued, instance, version_id)
    rotated_at = new.issued_at
    current = listed.get(state.key_id)
    had = min(state.expires_at, current.expires_at) if current else state.expires_at
    ends = min(had, time_after(rotated_at, overlap))
    old = PreviousKey(
        key_id=state.key_id,
        issued_at=state.issued_at,
        expires_at=ends,
        rotated_at=rotated_at,
        lifetime_ends_at=state.expires_at,
        lockbox=state.applied.lockbox,
        lockbox_version_id=state.lockbox_version_id,
        # What is over already has no end to wait for.
        enforced=ends > rotated_at and current is not None and current.expires_at == ends,
    )
    left = left_overs(state, listed, rotated_at, inputs)
    theirs = [key.mark.attempt for key in unknown_of_ours(state, listed) if key.mark]
    due = next_point(next_rotation(inputs, state, urn), inputs.rotate_every, max(now, rotated_at))
    return replace(
        new,
        next_rotation_at=min(due, latest_rotation(rotated_at, inputs)),
        generation=state.generation + 1,
        previous=(*state.previous, old, *left),
        attempts=(*new.attempts, *theirs, *state.attempts)[:_REMEMBERED_ATTEMPTS],
    )


def finished_state(inputs: Inputs, state: State, urn: str) -> State:
    """The state after a run in which all was done: `inputs` are what holds now, their grid of rotations included."""
    return replace(state, applied=inputs, next_rotation_at=next_rotation(inputs, state, urn))


def lifetime_text(issued_at: datetime, expires_at: str | None) -> str:
    """The lifetime that an expiry amounts to, as the state file holds it: at least a second, for a key may have been
    made to end before its issue."""
    if not expires_at:
        return NO_EXPIRY
    return format_duration(max(cloud_time(expires_at) - issued_at, timedelta(seconds=1)))


def listing_of(keys: Iterable[ApiKeyAnswer]) -> Listing:
    """The account's keys, as the API lists them."""
    return {
        key["id"]: ListedKey(
            key_id=key["id"],
            issued_at=cloud_time(key.get("created_at")),
            expires_at=cloud_time(key.get("expires_at")),
            last_used_at=cloud_time(key["last_used_at"]) if key.get("last_used_at") else None,
            mark=mark_of(key),
        )
        for key in keys
    }


def _new_key(inputs: Inputs, issued: ApiKeyAnswer, instance: str, version_id: str | None) -> State:
    issued_at = cloud_time(issued["created_at"])
    return State(
        key_id=issued["id"],
        status=Status.CURRENT,
        issued_at=issued_at,
        expires_at=cloud_time(issued.get("expires_at")),
        next_rotation_at=issued_at,
        generation=1,
        instance=instance,
        applied=inputs,
        lifetime=inputs.lifetime,
        lockbox_version_id=version_id,
        masked_secret=issued.get("masked_secret", ""),
        attempts=(mark.attempt,) if (mark := mark_of(issued)) else (),
    )


def _duration(text: str) -> timedelta | None:
    return None if text == NO_EXPIRY else parse_duration(text)


def _lockbox(value: Properties | None) -> Lockbox | None:
    if not value:
        return None
    return Lockbox(value["secretId"], value.get("secretEntry", "api_key"), value.get("keyIdEntry", "api_key_id"))


def _previous_of(item: Properties) -> PreviousKey:
    return PreviousKey(
        key_id=item["keyId"],
        issued_at=parse_time(item["issuedAt"]),
        expires_at=parse_time(item["expiresAt"]),
        rotated_at=parse_time(item["rotatedAt"]),
        lifetime_ends_at=parse_time(item["lifetimeEndsAt"]),
        lockbox=_lockbox(item.get("lockbox")),
        lockbox_version_id=item.get("lockboxVersionId"),
        extended_at=parse_time(item["extendedAt"]) if "extendedAt" in item else None,
        enforced=item.get("enforced", True),
    )


def _previous_properties(previous: PreviousKey) -> Properties:
    lockbox = previous.lockbox
    values = {
        "keyId": previous.key_id,
        "issuedAt": format_time(previous.issued_at),
        "expiresAt": format_time(previous.expires_at),
        "rotatedAt": format_time(previous.rotated_at),
        "lifetimeEndsAt": format_time(previous.lifetime_ends_at),
        "lockbox": lockbox
        and {"secretId": lockbox.secret_id, "secretEntry": lockbox.secret_entry, "keyIdEntry": lockbox.key_id_entry},
        "lockboxVersionId": previous.lockbox_version_id,
        "extendedAt": format_time(previous.extended_at) if previous.extended_at else None,
        "enforced": None if previous.enforced else False,
    }
    return {name: value for name, value in values.items() if value is not None}
