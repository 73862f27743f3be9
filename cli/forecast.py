"""What will happen to keys, from the same `decide` that acts, at later times, its states simulated on (pure).

Runs are taken to come every `run_every` from now on, and in a window that none of them would meet as it opens, to do all that they decide, and
consumers to read the new key in time: nobody still uses a previous key when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cli.borrowed import (
    Action,
    ApiKeyAnswer,
    PreviousKey,
    State,
    Verb,
    as_allowed,
    decide,
    finished_state,
    format_time,
    next_rotation,
    rotated_state,
    time_after,
)
from cli.deployed import DeployedKey
from cli.looked_up_calendar import looked_up

_NEVER_REACHED: Final = 100_000
"""Steps of one key: a bound that no key comes near (15 minutes for a year are 35,000), so that nothing runs for ever."""


class EventKind(StrEnum):
    """What happens. The words are part of the contract (docs/yckeys.md).

    ROTATES: a new key takes over. ENDS: the cloud refuses a previous key from then on. CHANGES: the key changes in place. DELETES: a key that has
    ended, or is compromised, is deleted.
    """

    ROTATES = "rotates"
    ENDS = "ends"
    CHANGES = "changes"
    DELETES = "deletes"


@dataclass(frozen=True)
class Event:
    """One thing that will happen. key_id is empty for a key that isn't issued yet; `generation` says which one it is.

    due_at: since when it is due; `at` is the run that does it. ends_at: how long the key of before works on (ROTATES).
    """

    at: datetime
    kind: EventKind
    key: DeployedKey
    words: str
    key_id: str
    generation: int
    due_at: datetime
    ends_at: datetime | None = None

    @property
    def said(self) -> str:
        """The words, for where the kind stands before them."""
        return self.words.removeprefix("rotates: ").removeprefix("retires ")

    def as_json(self) -> dict[str, object]:
        """The documented shape, version 1."""
        return {
            "at": format_time(self.at),
            "dueAt": format_time(self.due_at),
            "kind": str(self.kind),
            "stack": self.key.stack,
            "account": self.key.account_name,
            "key": self.key.name,
            "owner": self.key.owner or None,
            "keyId": self.key_id or None,
            "generation": self.generation,
            "endsAt": format_time(self.ends_at) if self.ends_at else None,
            "why": self.words,
        }


def forecast(
    keys: Iterable[DeployedKey], now: datetime, until: datetime, run_every: Mapping[str, timedelta]
) -> list[Event]:
    """What happens to `keys` from `now` to `until`, in the order of time. `run_every` is by stack."""
    every = list(keys)
    events = [
        event
        for key, simulated in zip(every, looked_up(every), strict=True)
        for event in of_key(key, now, until, run_every[key.stack], simulated)
    ]
    return sorted(events, key=_place)


_ORDER: Final = (EventKind.ENDS, EventKind.DELETES, EventKind.CHANGES, EventKind.ROTATES)
"""Of events of one moment and one key."""


def _place(event: Event) -> tuple[datetime, str, str, int, int]:
    return event.at, event.key.stack, event.key.path, _ORDER.index(event.kind), event.generation


def of_key(
    key: DeployedKey, now: datetime, until: datetime, run_every: timedelta, simulated: DeployedKey | None = None
) -> Iterator[Event]:
    """What happens to one key, in no order. `simulated`: the same one, where its calendar is another that answers alike."""
    lived = simulated or key
    state, at = key.state, now
    # Ids of keys that only the simulation knows, and the generation of each key.
    generations = {state.key_id: state.generation}
    for number, previous in enumerate(reversed(state.previous), start=1):
        generations[previous.key_id] = max(state.generation - number, 1)
        if now < previous.expires_at <= until:
            yield _end(key, previous.key_id, previous.expires_at, generations)
    for _ in range(_NEVER_REACHED):
        if at > until:
            return
        decision = decide(lived.inputs, state, at, key.urn, None, key.owner_mark)
        for action in decision.actions:
            before = state
            state = _after(action, lived, state, at)
            if action.verb is Verb.ROTATE:
                generations[state.key_id] = state.generation
                ended = next((it for it in state.previous if it.key_id == before.key_id), None)
                ends = ended.expires_at if ended else at
                yield Event(
                    at,
                    EventKind.ROTATES,
                    key,
                    _real(action.reason),
                    _shown_id(before.key_id),
                    before.generation,
                    min(at, max(now, next_rotation(key.inputs, before, key.urn))),
                    ends,
                )
                if at < ends <= until:
                    yield _end(key, before.key_id, ends, generations)
            elif action.verb in (Verb.RETIRE, Verb.REVOKE):
                generation = generations.get(action.key_id, 1)
                yield Event(at, EventKind.DELETES, key, _real(action.reason), _shown_id(action.key_id), generation, at)
            elif action.verb is Verb.CHANGE:
                words = "; ".join(action.headlines)
                yield Event(at, EventKind.CHANGES, key, words, _shown_id(action.key_id), state.generation, at)
        at = _next_run(lived, state, at, now, run_every)


_SIMULATED: Final = "generation "
"""What the id of a key begins with that only the simulation knows."""


def _shown_id(key_id: str) -> str:
    return "" if key_id.startswith(_SIMULATED) else key_id


def _real(reason: str) -> str:
    return reason.replace(f"key {_SIMULATED}", f"the key of {_SIMULATED}")


def _end(key: DeployedKey, key_id: str, at: datetime, generations: Mapping[str, int]) -> Event:
    shown = f"key {key_id}" if _shown_id(key_id) else f"the key of {key_id}"
    words = f"{shown} works no longer: its overlap ends"
    return Event(at, EventKind.ENDS, key, words, _shown_id(key_id), generations.get(key_id, 1), at)


def _after(action: Action, key: DeployedKey, state: State, at: datetime) -> State:
    """The state after `action` was carried out at `at`."""
    if action.verb is Verb.ROTATE:
        issued: ApiKeyAnswer = {
            "id": f"{_SIMULATED}{state.generation + 1}",
            "created_at": format_time(at),
            "expires_at": format_time(time_after(at, key.inputs.lifetime)),
        }
        overlap = action.overlap if action.overlap is not None else key.inputs.overlap
        new = rotated_state(key.inputs, state, issued, state.instance, key.urn, at, overlap, {}, None)
        gone = {state.key_id} if not overlap else set()
        told = tuple(_enforced(it) for it in new.previous if it.key_id not in gone)
        return finished_state(key.inputs, replace(new, previous=told), key.urn)
    if action.verb in (Verb.RETIRE, Verb.REVOKE):
        return replace(state, previous=tuple(it for it in state.previous if it.key_id != action.key_id))
    if action.verb is Verb.CHANGE:
        expires_at = action.until or state.expires_at
        return finished_state(key.inputs, replace(state, expires_at=expires_at, lifetime=key.inputs.lifetime), key.urn)
    told = tuple(replace(it, enforced=True) if it.key_id == action.key_id else it for it in state.previous)
    return replace(state, previous=told)


def _enforced(previous: PreviousKey) -> PreviousKey:
    return previous if previous.enforced else replace(previous, enforced=True)


def _next_run(key: DeployedKey, state: State, at: datetime, start: datetime, run_every: timedelta) -> datetime:
    """The first run after `at` that finds something to do. A window that no run would meet is met as it opens."""

    def run_from(due: datetime) -> datetime:
        return time_after(start, max(-((start - due) // run_every), (at - start) // run_every + 1) * run_every)

    due = next_rotation(key.inputs, state, key.urn)
    rotates = as_allowed(key.inputs, state.issued_at, max(due, at))
    run = run_from(rotates)
    if rotates > at and as_allowed(key.inputs, state.issued_at, max(due, run)) > run:
        run = rotates
    return min(run, run_from(min([state.expires_at, *(item.expires_at for item in state.previous)])))
