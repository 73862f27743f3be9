"""What to do with a key, and why: one pure function, through which every change of an `ApiKey` goes.

`decide` is total: it answers for every combination of inputs, state and time, and raises nothing. Preview and update
call it alike, so they agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ..durations import format_duration, in_words
from ..rotation_calendar import as_written
from ..times import to_minute
from .consequences import gains_and_loses, of_a_new_key, output_that_goes
from .key import Inputs, ListedKey, Listing, PreviousKey, State, Status
from .schedule import first_point, respread, time_after


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


_GRAVEST_FIRST: Final = (
    Verb.REVOKE,
    Verb.ISSUE,
    Verb.ROTATE,
    Verb.CHANGE,
    Verb.EXTEND,
    Verb.ENFORCE,
    Verb.RETIRE,
)
"""What is done, in the order in which it is said: what consumers have now goes before what becomes of previous keys."""


@dataclass(frozen=True)
class Action:
    """One thing to do: `key_id` is whom it concerns, `until` its new expiry (ENFORCE, EXTEND, CHANGE), `overlap` what
    the old key keeps (ROTATE).

    reason: its headline; at_once: what makes consumers fail in this very run, which is said before it; also: what else
    changes with it, the gravest first.
    """

    verb: Verb
    reason: str
    key_id: str = ""
    until: datetime | None = None
    overlap: timedelta | None = None
    at_once: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def headlines(self) -> tuple[str, ...]:
        """What is said of it: one headline for each thing that changes, the gravest first."""
        return (*self.at_once, self.reason, *self.also)


@dataclass(frozen=True)
class Decision:
    """What to do, in order; what a human must know; whether the account's keys must be listed before this is final; and
    what a key that is due waits for, in words, where it does.

    at_once: what consumers lose in this very run though nothing is done to the key.
    """

    actions: tuple[Action, ...] = ()
    warnings: tuple[str, ...] = ()
    wants_listing: bool = False
    waits: str = ""
    at_once: tuple[str, ...] = ()

    @property
    def headlines(self) -> tuple[str, ...]:
        """All that is said of what changes, the gravest first."""
        said = sorted(self.actions, key=lambda action: _GRAVEST_FIRST.index(action.verb))
        return (*self.at_once, *(words for action in said for words in action.headlines))

    def action(self, verb: Verb) -> Action | None:
        """The action with that verb, if there is one."""
        return next((action for action in self.actions if action.verb is verb), None)


@dataclass(frozen=True)
class StillUsed:
    """What a consumer that is stuck on a previous key leads to: what a human must know, and its extension, where it
    gets one."""

    warning: str
    extension: tuple[Action, ...] = ()


def decide(
    inputs: Inputs,
    state: State | None,
    now: datetime,
    urn: str = "",
    listed: Listing | None = None,
    owner: str = "",
) -> Decision:
    """What to do with the key at `now` (UTC).

    `urn` is whose grid it rotates on, `owner` what marks the keys that were made for it; `listed` is given where an
    earlier answer wanted it.
    """
    if state is None:
        return Decision((Action(Verb.ISSUE, "first key"),))
    actions: list[Action] = []
    warnings: list[str] = []
    wants_listing = False
    for previous in state.previous:
        end = _end_of(previous, inputs, now)
        if end is not None:
            actions.append(end)
            continue
        if not previous.enforced:
            ends = to_minute(previous.expires_at)
            reason = f"key {previous.key_id} keeps working until {ends}, and the cloud must be told"
            actions.append(Action(Verb.ENFORCE, reason, previous.key_id, previous.expires_at))
        elif now >= _watched_from(previous, inputs):
            if listed is None:
                wants_listing = True
            else:
                use = still_used(previous, listed, inputs)
                if use is not None:
                    actions.extend(use.extension)
                    warnings.append(use.warning)
    leaked = newly_compromised(inputs, state)
    left_over_leaked = None
    if leaked and listed is None:
        wants_listing = True
    elif listed is not None:
        left_over_leaked = _compromised_elsewhere(leaked, inputs, state, listed, owner, actions, warnings)
    rotation = _rotation(inputs, state, now, urn, left_over_leaked)
    waits, at_once = "", tuple[str, ...]()
    if rotation is not None:
        actions.append(rotation)
        warnings.extend(_against_the_calendar(inputs, state, now, urn))
    else:
        actions.extend(_change(inputs, state))
        due = next_rotation(inputs, state, urn)
        waits = f"due since {to_minute(due)}, waits for {inputs.calendar.waits_for(now)}" if due <= now else ""
        at_once = output_that_goes(inputs, state)
    return Decision(_in_order(actions, state, listed), tuple(warnings), wants_listing, waits, at_once)


def _in_order(actions: Iterable[Action], state: State, listed: Listing | None) -> tuple[Action, ...]:
    """As they are carried out: verb by verb, and of compromised keys the one that was issued first."""
    verbs = list(Verb)
    issued = {key_id: key.issued_at for key_id, key in (listed or {}).items()}
    issued |= {previous.key_id: previous.issued_at for previous in state.previous}

    def place(action: Action) -> tuple[int, tuple[datetime, str] | tuple[()]]:
        age = (issued[action.key_id], action.key_id) if action.verb is Verb.REVOKE else ()
        return verbs.index(action.verb), age

    return tuple(sorted(actions, key=place))


def next_rotation(inputs: Inputs, state: State, urn: str) -> datetime:
    """When the current key is due: on the grid that the state carries, or on a new one where the period or the spread
    was changed. The calendar may put the rotation off: see `planned_rotation`.

    Never so late that the key would end within its overlap, whatever moved the grid: a clock of ours that was ahead, a
    reissue.
    """
    due = state.next_rotation_at
    if inputs.rotate_every != state.applied.rotate_every:
        due = first_point(state.issued_at, inputs.rotate_every, urn, inputs.spread)
    else:
        due = respread(due, inputs.rotate_every, urn, state.applied.spread, inputs.spread)
    return min(due, latest_rotation(state.issued_at, inputs))


def latest_rotation(issued_at: datetime, inputs: Inputs) -> datetime:
    """The last moment that leaves a key issued at `issued_at` a whole overlap; its issue where its lifetime has no room
    for one."""
    if inputs.lifetime <= inputs.overlap:
        return issued_at
    return time_after(issued_at, inputs.lifetime - inputs.overlap)


def planned_rotation(inputs: Inputs, state: State, urn: str) -> datetime:
    """When the current key rotates, if a run comes then: as it is due, or as the calendar next allows it."""
    return as_allowed(inputs, state.issued_at, next_rotation(inputs, state, urn))


def as_allowed(inputs: Inputs, issued_at: datetime, moment: datetime) -> datetime:
    """The first time from `moment` on at which a scheduled rotation of a key that was issued at `issued_at` may happen.

    It is `moment` itself where the calendar would put it off so far that the key expires: it must keep its whole
    overlap, and before that the longest interval of runs for which an overlap is watched, half of one, so that the run
    that waits isn't the last one in time.
    """
    allowed = inputs.calendar.next_allowed(moment)
    return allowed if time_after(allowed, inputs.overlap / 2) <= latest_rotation(issued_at, inputs) else moment


def _against_the_calendar(inputs: Inputs, state: State, now: datetime, urn: str) -> Iterator[str]:
    """What a human must know of a rotation at a time that the calendar leaves out."""
    if inputs.calendar.next_allowed(now) == now:
        return
    waited_for = f"the calendar would have it wait for {inputs.calendar.waits_for(now)}"
    waits_for_nothing = state.key_id in inputs.compromised or _why_at_once(inputs, state, now) is not None
    if waits_for_nothing or next_rotation(inputs, state, urn) > now:
        yield f"key {state.key_id} is rotated at once, although {waited_for}: only what is due by schedule waits"
        return
    kept = format_duration(inputs.overlap)
    # By a lifetime that was made shorter it ends sooner than the cloud has been told, maybe before now.
    ends = min(state.expires_at, time_after(state.issued_at, inputs.lifetime))
    yield (
        f"key {state.key_id} is rotated now, although {waited_for}: it ends {to_minute(ends)}, so a "
        f"rotation then might leave it less than its overlap of {kept}; make lifetime longer, or the wait shorter"
    )


def left_overs(state: State, listed: Listing, now: datetime, inputs: Inputs) -> tuple[PreviousKey, ...]:
    """The keys of our instance that the state doesn't know, as previous keys from `now` on: what rotations that died
    have left, and what is newer than a restored state. Consumers may hold them, so each keeps the shorter of its own
    end and one overlap.
    """
    return tuple(as_previous(key, now, inputs) for key in unknown_of_ours(state, listed))


def unknown_of_ours(state: State, listed: Listing) -> list[ListedKey]:
    """The keys of our instance that the state doesn't know, in the order of their issue.

    A key whose whole mark another one carries too is a copy of its description, made by hand: one call of Create makes
    one key, and what is copied was there before.
    """
    if not state.instance:
        return []
    accounted_for = {listed[key_id].mark for key_id in state.key_ids if key_id in listed}
    found = []
    for key in sorted(listed.values(), key=lambda key: (key.issued_at, key.key_id)):
        if key.key_id in state.key_ids or key.mark is None or key.mark.instance != state.instance:
            continue
        if key.mark in accounted_for or key.mark.attempt in state.attempts:
            continue
        accounted_for.add(key.mark)
        found.append(key)
    return found


def keys_of_other_instances(listed: Listing, owner: str, instance: str, claimed: Set[str]) -> tuple[ListedKey, ...]:
    """The keys that were made for this resource but by another instance of it, and that no resource of this run lists
    (`claimed`): never changed."""
    return tuple(
        key
        for key in listed.values()
        if key.mark is not None
        and key.mark.owner == owner
        and key.mark.instance != instance
        and key.key_id not in claimed
    )


def warning_of(key: ListedKey, now: datetime) -> str:
    """What a human must know of a key of another instance."""
    ends = "works no longer" if key.expires_at <= now else f"works until {to_minute(key.expires_at)}"
    return (
        f"key {key.key_id} was issued for this resource as well, on {to_minute(key.issued_at)}, but not by what the "
        "state holds: by a run that died, by another copy of the state, or by what is being replaced right now. "
        f"It isn't touched and {ends}; to end it at once, list it under compromised"
    )


def short_overlap(overlap: timedelta, run_every: timedelta) -> str | None:
    """What a human must know where the overlap holds fewer than two runs; None where it doesn't."""
    if overlap >= 2 * run_every:
        return None
    return (
        f"overlap {format_duration(overlap)} holds fewer than two runs (runEvery is {format_duration(run_every)}): "
        "no run may see a consumer that is stuck on the previous key before it ends; "
        f"make overlap {format_duration(2 * run_every)} or longer, or run more often and say so in yandex-keys:runEvery"
    )


def as_previous(key: ListedKey, now: datetime, inputs: Inputs) -> PreviousKey:
    """A key that the state doesn't know, as a previous one from `now` on: it keeps the shorter of its own end and one
    overlap, and none where it is compromised."""
    overlap = timedelta(0) if key.key_id in inputs.compromised else inputs.overlap
    ends = min(key.expires_at, time_after(now, overlap))
    return PreviousKey(
        key_id=key.key_id,
        issued_at=key.issued_at,
        expires_at=ends,
        rotated_at=now,
        lifetime_ends_at=key.expires_at,
        lockbox=inputs.lockbox,
        # What is over already has no end to wait for.
        enforced=key.expires_at == ends > now,
    )


def newly_compromised(inputs: Inputs, state: State) -> frozenset[str]:
    """The listed ids that were not listed before and that the state doesn't know: whose they are only the cloud can
    tell."""
    return inputs.compromised - state.applied.compromised - state.key_ids


def _compromised_elsewhere(
    leaked: frozenset[str],
    inputs: Inputs,
    state: State,
    listed: Listing,
    owner: str,
    actions: list[Action],
    warnings: list[str],
) -> str | None:
    """Ends the keys of other instances that are listed, warns of ids that are nobody's; answers the oldest key of our
    own instance, if one is listed.

    Such a key may be what Lockbox gives, so it goes with a rotation.
    """
    of_ours = [key.key_id for key in unknown_of_ours(state, listed)]
    for key_id in sorted(leaked):
        key = listed.get(key_id)
        if key is None:
            account = inputs.service_account_id
            warnings.append(
                f"compromised lists {key_id}, but account {account} has no such key: nothing is deleted; "
                "check the id, or see whether it is gone already"
            )
        elif key_id in of_ours:
            continue
        elif key.mark is not None and key.mark.owner == owner and key.mark.instance != state.instance:
            reason = (
                f"key {key_id}, which another instance of this resource issued, is compromised: it is deleted at once"
            )
            actions.append(Action(Verb.REVOKE, reason, key_id))
        else:
            warnings.append(
                f"compromised lists {key_id}, which this resource didn't issue: it isn't touched; "
                f"delete it where it is declared, or with `yc iam api-key delete {key_id}`"
            )
    return next((key_id for key_id in of_ours if key_id in leaked), None)


def _end_of(previous: PreviousKey, inputs: Inputs, now: datetime) -> Action | None:
    if previous.key_id in inputs.compromised:
        return Action(Verb.REVOKE, f"key {previous.key_id} is compromised: it is deleted at once", previous.key_id)
    if previous.expires_at <= now:
        return Action(
            Verb.RETIRE,
            f"retires key {previous.key_id}: its overlap ended {to_minute(previous.expires_at)}",
            previous.key_id,
        )
    return None


def _watched_from(previous: PreviousKey, inputs: Inputs) -> datetime:
    """From when on a use tells of a consumer that is stuck: one that reads again in its own time has done so within a
    quarter of the overlap."""
    return time_after(previous.extended_at or previous.rotated_at, inputs.overlap / 4)


def still_used(previous: PreviousKey, listed: Listing, inputs: Inputs) -> StillUsed | None:
    """What is done about a consumer that is stuck on that key, by the account's keys as `listed`; None where none
    is."""
    key = listed.get(previous.key_id)
    last_used = key.last_used_at if key else None
    if last_used is None or last_used <= _watched_from(previous, inputs):
        return None
    used = f"key {previous.key_id} is still used (last on {to_minute(last_used)})"
    # Its own expiry may be none (it was imported), or later than the lifetime that the user wants by now.
    ends_for_good = min(previous.lifetime_ends_at, time_after(previous.issued_at, inputs.lifetime))
    until = min(time_after(previous.expires_at, inputs.overlap), ends_for_good)
    if inputs.when_still_used == "extend" and until > previous.expires_at:
        extension = Action(Verb.EXTEND, f"{used}: it is extended until {to_minute(until)}", previous.key_id, until)
        return StillUsed(
            f"{used}; it now works until {to_minute(until)} and ends for good on {to_minute(ends_for_good)}: "
            "move its consumer to the current key",
            (extension,),
        )
    return StillUsed(
        f"{used}; it ends on {to_minute(previous.expires_at)} and its consumer will be cut: move it to the current key"
    )


def _rotation(
    inputs: Inputs, state: State, now: datetime, urn: str, left_over_leaked: str | None = None
) -> Action | None:
    if state.key_id in inputs.compromised and state.status is not Status.MISSING:
        reason = f"key {state.key_id} is compromised: a new key replaces it, and it is deleted at once"
        return _replacement(inputs, state, reason, now, timedelta(0))
    why = _why_rotate(inputs, state, now, urn)
    if why is None and left_over_leaked:
        why = f"key {left_over_leaked}, which a run that died had issued, is compromised, and consumers may have it"
    if why is None:
        return None
    if state.status is Status.MISSING:
        return _replacement(inputs, state, f"rotates: {why}", now, timedelta(0))
    ends = min(state.expires_at, time_after(now, inputs.overlap))
    working = f"it keeps working until {to_minute(ends)}" if ends > now else "it works no longer"
    age = in_words(now - state.issued_at) or "less than a minute"
    reason = f"rotates: {why}, key {state.key_id} is {age} old; {working}"
    return _replacement(inputs, state, reason, ends, inputs.overlap)


def _why_rotate(inputs: Inputs, state: State, now: datetime, urn: str) -> str | None:
    due = next_rotation(inputs, state, urn)
    if state.status is Status.CURRENT and due <= now == as_allowed(inputs, state.issued_at, now):
        return f"due since {to_minute(due)}"
    return _why_at_once(inputs, state, now)


def _why_at_once(inputs: Inputs, state: State, now: datetime) -> str | None:
    """Why the key rotates whatever its schedule and the calendar say; None where it doesn't."""
    applied = state.applied
    reasons = (
        (state.status is Status.MISSING, f"key {state.key_id} is gone, and not by us"),
        (state.status is Status.ADOPTED, "adopted by import, so its secret was never ours"),
        (state.status is Status.UNDELIVERED, "Lockbox gives consumers something else"),
        (state.expires_at <= now, f"expired {to_minute(state.expires_at)}"),
        (inputs.reissue not in (None, applied.reissue), f"reissue is now {as_written(inputs.reissue or '')!r}"),
        (inputs.lockbox != applied.lockbox, "delivered elsewhere from now on, and a secret can't be read again"),
        (inputs.expose_secret and not applied.expose_secret, "an output from now on, and a secret can't be read again"),
    )
    return next((words for holds, words in reasons if holds), None)


def _change(inputs: Inputs, state: State) -> list[Action]:
    """The one action that changes the key in place, with a headline for each thing that changes."""
    applied, until, shorter = state.applied, None, False
    in_place = f"of key {state.key_id} in place:"
    headlines = []
    if inputs.scopes != applied.scopes:
        at_once = gains_and_loses(inputs.scopes, applied.scopes, " at once")
        headlines.append(f"changes scopes {in_place} {at_once}; its secret stays")
    if inputs.lifetime != state.lifetime:
        until = time_after(state.issued_at, inputs.lifetime)
        shorter = until < state.expires_at
        ends = f"now ends {to_minute(until)}"
        if until != state.expires_at:
            ends += f", not {to_minute(state.expires_at)}"
        headlines.append(f"changes lifetime {in_place} {ends}; its secret stays")
    if shorter and inputs.scopes >= applied.scopes:
        headlines.reverse()
    if inputs.description != applied.description:
        words = "has a new description" if inputs.description else "loses its description"
        headlines.append(f"changes description {in_place} {words}; its secret stays")
    if not headlines:
        return []
    return [Action(Verb.CHANGE, headlines[0], state.key_id, until, also=tuple(headlines[1:]))]


def _replacement(inputs: Inputs, state: State, reason: str, ends: datetime, overlap: timedelta) -> Action:
    """The rotation, where the current key works until `ends`, with what else the new one changes for consumers."""
    at_once, also = of_a_new_key(inputs, state, ends, overlap)
    return Action(Verb.ROTATE, reason, state.key_id, overlap=overlap, at_once=at_once, also=also)
