"""What to do with a key, and why: one pure function, through which every change of an `ApiKey` goes.

`decide` is total: it answers for every combination of inputs, state and time, and raises nothing. Preview and update call it alike, so they agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from .durations import format_duration
from .schedule import DAY, first_point, later


class Status(StrEnum):
    """What is known of the current key.

    CURRENT: issued and delivered. MISSING: gone, behind our back. ADOPTED: imported, its secret was never ours. UNDELIVERED: alive, but Lockbox no
    longer gives it to consumers.
    """

    CURRENT = "current"
    MISSING = "missing"
    ADOPTED = "adopted"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True)
class Lockbox:
    """Where in Lockbox a secret goes: entry `secret_entry` holds it, entry `key_id_entry` the key's id."""

    secret_id: str
    secret_entry: str = "api_key"
    key_id_entry: str = "api_key_id"


@dataclass(frozen=True)
class Verify:
    """A harmless call that must succeed with a new key before it counts; `timeout` bounds all its tries."""

    url: str
    method: str = "GET"
    expect_status: int = 200
    timeout: timedelta = timedelta(seconds=60)


@dataclass(frozen=True)
class Inputs:
    """What the user wants of a key; see the package's schema for each input."""

    service_account_id: str
    scopes: frozenset[str]
    description: str
    lifetime: timedelta
    rotate_every: timedelta
    overlap: timedelta
    reissue: str | None = None
    compromised: frozenset[str] = frozenset()
    when_still_used: Literal["extend", "retire"] = "extend"
    lockbox: Lockbox | None = None
    expose_secret: bool = False
    verify: Verify | None = None


@dataclass(frozen=True)
class PreviousKey:
    """A key in its overlap.

    expires_at: when the cloud ends it; lifetime_ends_at: the latest that an extension may push that to; extended_at: the last extension, if any;
    enforced: False where the cloud has not been told of `expires_at` yet.
    """

    key_id: str
    issued_at: datetime
    expires_at: datetime
    rotated_at: datetime
    lifetime_ends_at: datetime
    lockbox: Lockbox | None = None
    lockbox_version_id: str | None = None
    extended_at: datetime | None = None
    enforced: bool = True


@dataclass(frozen=True)
class State:
    """What the last run left. `applied` is what was wanted of it then, as far as the cloud still agrees; `lifetime` None: another expiry was set."""

    key_id: str
    status: Status
    issued_at: datetime
    expires_at: datetime
    next_rotation_at: datetime
    generation: int
    tag: str
    applied: Inputs
    lifetime: timedelta | None
    lockbox_version_id: str | None = None
    masked_secret: str = ""
    previous: tuple[PreviousKey, ...] = ()
    usage: Mapping[str, datetime | None] = field(default_factory=dict)
    """When previous keys were last used, for those that were asked about: see `Decision.wants_usage`."""


class Verb(StrEnum):
    """What is done, in the order in which it is done where several are due.

    What ends or saves previous keys comes first: it frees quota and keeps its promise even where a rotation then fails.
    """

    REVOKE = "revoke"
    RETIRE = "retire"
    ENFORCE = "enforce"
    EXTEND = "extend"
    CHANGE = "change"
    ISSUE = "issue"
    ROTATE = "rotate"


@dataclass(frozen=True)
class Action:
    """One thing to do: `key_id` is whom it concerns, `until` its new expiry (ENFORCE, EXTEND), `overlap` what the old key keeps (ROTATE)."""

    verb: Verb
    reason: str
    key_id: str = ""
    until: datetime | None = None
    overlap: timedelta | None = None


@dataclass(frozen=True)
class Decision:
    """What to do, in order; what a human must know; and whose last use must be looked up before this is final."""

    actions: tuple[Action, ...] = ()
    warnings: tuple[str, ...] = ()
    wants_usage: frozenset[str] = frozenset()

    def action(self, verb: Verb) -> Action | None:
        """The action with that verb, if there is one."""
        return next((action for action in self.actions if action.verb is verb), None)


def decide(inputs: Inputs, state: State | None, now: datetime, tag: str = "", urn: str = "") -> Decision:
    """What to do with the key at `now` (UTC). `tag` is what should mark it, `urn` whose grid it rotates on."""
    if state is None:
        return Decision((Action(Verb.ISSUE, "first key"),))
    actions: list[Action] = []
    warnings: list[str] = []
    wants: set[str] = set()
    for previous in state.previous:
        end = _end_of(previous, inputs, now)
        if end is not None:
            actions.append(end)
            continue
        if not previous.enforced:
            reason = (
                f"key {previous.key_id} keeps working until {_shown(previous.expires_at)}, and the cloud must be told"
            )
            actions.append(Action(Verb.ENFORCE, reason, previous.key_id, previous.expires_at))
        elif _near_its_end(previous, now):
            if previous.key_id not in state.usage:
                wants.add(previous.key_id)
            else:
                _still_used(previous, state.usage[previous.key_id], inputs, actions, warnings)
    rotation = _rotation(inputs, state, now, urn)
    if rotation is not None:
        actions.append(rotation)
    else:
        actions.extend(_change(inputs, state, tag))
    order = list(Verb)
    return Decision(
        tuple(sorted(actions, key=lambda action: order.index(action.verb))), tuple(warnings), frozenset(wants)
    )


def next_rotation(inputs: Inputs, state: State, urn: str) -> datetime:
    """When the current key is due: on the grid that the state carries, or on a new one where the period was changed."""
    if inputs.rotate_every == state.applied.rotate_every:
        return state.next_rotation_at
    return first_point(state.issued_at, inputs.rotate_every, urn)


def _end_of(previous: PreviousKey, inputs: Inputs, now: datetime) -> Action | None:
    if previous.key_id in inputs.compromised:
        return Action(Verb.REVOKE, f"key {previous.key_id} is compromised: it is deleted at once", previous.key_id)
    if previous.expires_at <= now:
        return Action(
            Verb.RETIRE,
            f"retires key {previous.key_id}: its overlap ended {_shown(previous.expires_at)}",
            previous.key_id,
        )
    return None


def _near_its_end(previous: PreviousKey, now: datetime) -> bool:
    """True in the last quarter of its overlap, or of its extension."""
    began = previous.extended_at or previous.rotated_at
    return now >= previous.expires_at - (previous.expires_at - began) / 4


def _still_used(
    previous: PreviousKey, last_used: datetime | None, inputs: Inputs, actions: list[Action], warnings: list[str]
) -> None:
    began = previous.extended_at or previous.rotated_at
    if last_used is None or last_used <= began:
        return
    used = f"key {previous.key_id} is still used (last on {_shown(last_used)})"
    # Its own expiry may be none (it was imported), or later than the lifetime that the user wants by now.
    ends_for_good = min(previous.lifetime_ends_at, later(previous.issued_at, inputs.lifetime))
    until = min(later(previous.expires_at, inputs.overlap), ends_for_good)
    if inputs.when_still_used == "extend" and until > previous.expires_at:
        actions.append(Action(Verb.EXTEND, f"{used}: it is extended until {_shown(until)}", previous.key_id, until))
        warnings.append(
            f"{used}; it now works until {_shown(until)} and ends for good on {_shown(ends_for_good)}: "
            "move its consumer to the current key"
        )
    else:
        warnings.append(
            f"{used}; it ends on {_shown(previous.expires_at)} and its consumer will be cut: move it to the current key"
        )


def _rotation(inputs: Inputs, state: State, now: datetime, urn: str) -> Action | None:
    if state.key_id in inputs.compromised and state.status is not Status.MISSING:
        reason = f"key {state.key_id} is compromised: a new key replaces it, and it is deleted at once"
        return Action(Verb.ROTATE, reason, state.key_id, overlap=timedelta(0))
    why = _why_rotate(inputs, state, now, urn)
    if why is None:
        return None
    if state.status is Status.MISSING:
        return Action(Verb.ROTATE, f"rotates: {why}", state.key_id, overlap=timedelta(0))
    ends = min(state.expires_at, later(now, inputs.overlap))
    working = f"it keeps working until {_shown(ends)}" if ends > now else "it works no longer"
    age = _age(now - state.issued_at)
    return Action(
        Verb.ROTATE, f"rotates: {why}, key {state.key_id} is {age} old; {working}", state.key_id, overlap=inputs.overlap
    )


def _why_rotate(inputs: Inputs, state: State, now: datetime, urn: str) -> str | None:
    applied = state.applied
    due = next_rotation(inputs, state, urn)
    reasons = (
        (state.status is Status.MISSING, f"key {state.key_id} is gone, and not by us"),
        (state.status is Status.ADOPTED, "adopted by import, so its secret was never ours"),
        (state.status is Status.UNDELIVERED, "Lockbox no longer holds it"),
        (due <= now, f"due since {_shown(due)}"),
        (state.expires_at <= now, f"expired {_shown(state.expires_at)}"),
        (later(state.issued_at, inputs.lifetime) <= now, f"a lifetime of {format_duration(inputs.lifetime)} is over"),
        (
            inputs.reissue != applied.reissue,
            "reissue was removed" if inputs.reissue is None else f"reissue is now {inputs.reissue!r}",
        ),
        (inputs.lockbox != applied.lockbox, "delivered elsewhere from now on, and a secret can't be read again"),
        (inputs.expose_secret and not applied.expose_secret, "an output from now on, and a secret can't be read again"),
    )
    return next((words for holds, words in reasons if holds), None)


def _change(inputs: Inputs, state: State, tag: str) -> list[Action]:
    applied = state.applied
    changed = [
        words
        for words, differs in (
            ("scopes", inputs.scopes != applied.scopes),
            ("description", inputs.description != applied.description or tag != state.tag),
            ("lifetime", inputs.lifetime != state.lifetime),
        )
        if differs
    ]
    if not changed:
        return []
    until = later(state.issued_at, inputs.lifetime) if "lifetime" in changed else None
    return [
        Action(
            Verb.CHANGE,
            f"changes {', '.join(changed)} of key {state.key_id} in place; its secret stays",
            state.key_id,
            until,
        )
    ]


def _shown(time: datetime) -> str:
    """`time` for people: to the minute, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M UTC")


def _age(age: timedelta) -> str:
    """`age` for people, in its largest unit."""
    for unit, length in (("day", DAY), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        count = age // length
        if count > 0:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"
