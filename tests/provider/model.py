"""A cloud that is nothing but its keys, and runs on it: what `decide` says is carried out as the provider does, and every key's life is kept.

The state goes through the state file's property bags between runs, as it does in Pulumi.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from provider.yandex_keys.api_key_state import (
    INPUTS,
    first_state,
    inputs_of,
    lifetime_text,
    properties_of,
    rotated_state,
    settled_state,
    state_of,
)
from provider.yandex_keys.durations import format_duration
from provider.yandex_keys.rotation import Action, Decision, Inputs, PreviousKey, State, Status, Verb, decide
from provider.yandex_keys.settings import format_time
from provider.yandex_keys.tags import first_tag

from .examples import URN


@dataclass(frozen=True)
class Key:
    """A key as the cloud has it, and what was promised of it: `lifetime_ends_at` by the lifetime in force, `overlap_ends_at` at its rotation.

    spoiled: a hand that isn't ours, or a leak, took the promise away.
    """

    key_id: str
    issued_at: datetime
    expires_at: datetime
    scopes: frozenset[str]
    description: str
    lifetime_ends_at: datetime
    overlap_ends_at: datetime | None = None
    last_used_at: datetime | None = None
    deleted_at: datetime | None = None
    spoiled: bool = False

    @property
    def died_at(self) -> datetime:
        """When it stops working, as things stand."""
        return min(self.expires_at, self.deleted_at) if self.deleted_at else self.expires_at


@dataclass(frozen=True)
class Run:
    """One `pulumi up`: what it was given, what it decided, what it left; `keys` are the cloud's after it. `complete`: nothing failed."""

    now: datetime
    inputs: Inputs
    before: State | None
    decision: Decision
    after: State
    complete: bool
    known: Mapping[str, Key]
    keys: Mapping[str, Key]

    def previewed(self, ahead: timedelta) -> Decision:
        """What a preview would have said that much before the run."""
        return decided(self.inputs, self.before, self.now - ahead, self.known)

    def repeated(self) -> Decision:
        """What a second run at the same time does."""
        return decided(self.inputs, self.after, self.now, self.keys)


def decided(inputs: Inputs, state: State | None, now: datetime, keys: Mapping[str, Key], urn: str = URN) -> Decision:
    """What a run at `now` would do, with the last use looked up where that is asked for."""
    tag = first_tag(urn, ())
    decision = decide(inputs, state, now, tag, urn)
    if state is None or not decision.wants_usage:
        return decision
    usage = {key_id: keys[key_id].last_used_at for key_id in decision.wants_usage}
    return decide(inputs, replace(state, usage=usage), now, tag, urn)


class Model:
    """The keys of one resource through its runs; `state` is what the state file holds."""

    def __init__(self, urn: str = URN) -> None:
        self.urn = urn
        self.tag = first_tag(urn, ())
        self.keys: dict[str, Key] = {}
        self.runs: list[Run] = []
        self.in_use: set[str] = set()
        self.properties: dict[str, Any] | None = None
        self._state: State | None = None

    @property
    def state(self) -> State:
        """The state after the last run or refresh; there is one once a run was made."""
        assert self._state is not None
        return self._state

    @property
    def current(self) -> Key:
        """The current key as the cloud has it."""
        return self.keys[self.state.key_id]

    def run(self, inputs: Inputs, now: datetime, failing: frozenset[Verb] = frozenset()) -> Run:
        """One `pulumi up` at `now`; actions in `failing` fail, ENFORCE there also right after a rotation."""
        before, known = self._state, self._snapshot()
        decision = decided(inputs, before, now, known, self.urn)
        done = set()
        for action in decision.actions:
            if action.verb not in failing:
                self._carry_out(action, inputs, now, failing)
                done.add(action.verb)
        complete = not failing & {action.verb for action in decision.actions}
        complete = complete and not (Verb.ROTATE in done and Verb.ENFORCE in failing)
        if self._state is not None:
            self._save(inputs, complete, done)
            self.runs.append(Run(now, inputs, before, decision, self.state, complete, known, self._snapshot()))
        return self.runs[-1]

    def use(self, key_id: str, now: datetime) -> None:
        """A consumer calls with the key; one that is dead is refused."""
        key = self.keys[key_id]
        if now < key.died_at and (key.last_used_at is None or key.last_used_at < now):
            self._set(key_id, last_used_at=now)

    def lose(self, key_id: str, now: datetime) -> None:
        """Somebody deletes the key by hand, and a refresh sees it."""
        self._set(key_id, deleted_at=self.keys[key_id].deleted_at or now, spoiled=True)
        if key_id == self.state.key_id:
            self._amend(status=str(Status.MISSING))
            return
        ended = [
            replace(item, expires_at=min(item.expires_at, now)) if item.key_id == key_id else item
            for item in self.state.previous
        ]
        self._resume(replace(self.state, previous=tuple(ended)))

    def redate(self, expires_at: datetime | None) -> None:
        """Somebody changes the current key's expiry by hand, or takes it away, and a refresh sees it."""
        text = format_time(expires_at) if expires_at else None
        ends = expires_at or datetime.fromisoformat("2105-01-01T00:00:00Z")
        self._set(self.state.key_id, expires_at=ends, spoiled=True)
        self._amend(expiresAt=format_time(ends), lifetime=lifetime_text(self.current.issued_at, text))

    def rescope(self, scopes: frozenset[str]) -> None:
        """Somebody changes the current key's scopes by hand, and a refresh sees it."""
        self._set(self.state.key_id, scopes=scopes)
        self._amend(scopes=sorted(scopes))

    def mark(self, status: Status) -> None:
        """A refresh or an import finds the current key in `status`."""
        self._amend(status=str(status))

    def _snapshot(self) -> dict[str, Key]:
        return dict(self.keys)

    def _set(self, key_id: str, **changes: Any) -> None:
        self.keys[key_id] = replace(self.keys[key_id], **changes)

    def _amend(self, **changes: Any) -> None:
        assert self.properties is not None
        self.properties = {**self.properties, **changes}
        self._state = state_of(self.properties)

    def _resume(self, state: State) -> None:
        assert self.properties is not None
        given = {name: self.properties[name] for name in INPUTS if name in self.properties}
        self.properties = properties_of(given, state, None)
        self._state = state_of(self.properties)

    def _save(self, inputs: Inputs, complete: bool, done: set[Verb]) -> None:
        wanted = bag_of(inputs)
        if complete:
            self._state = settled_state(inputs, self.state, self.urn)
        elif not done & {Verb.ROTATE, Verb.ISSUE}:
            assert self.properties is not None
            had = {name: self.properties[name] for name in INPUTS if name in self.properties}
            in_place = {name: wanted[name] for name in ("scopes", "description", "lifetime")}
            wanted = {**had, **in_place} if Verb.CHANGE in done else had
        self.properties = properties_of(wanted, self.state, "secret")
        self._state = state_of(self.properties)

    def _carry_out(self, action: Action, inputs: Inputs, now: datetime, failing: frozenset[Verb]) -> None:
        if action.verb == Verb.ISSUE:
            self._state = first_state(inputs, self._issue(inputs, now), self.tag, self.urn, now)
        elif action.verb == Verb.ROTATE:
            self._rotate(inputs, action.overlap or timedelta(0), now, failing)
        elif action.verb == Verb.CHANGE:
            key = self.keys[action.key_id]
            assert not key.deleted_at, "the cloud refuses to change what is gone"
            ends = action.until or self.state.expires_at
            promised = key.issued_at + inputs.lifetime
            self._set(action.key_id, scopes=inputs.scopes, description=inputs.description)
            self._set(action.key_id, expires_at=ends, lifetime_ends_at=promised)
            self._state = replace(self.state, expires_at=ends, lifetime=inputs.lifetime)
        elif action.verb in (Verb.REVOKE, Verb.RETIRE):
            key = self.keys[action.key_id]
            self._set(action.key_id, spoiled=key.spoiled or action.verb == Verb.REVOKE)
            self._retire(self._previous(action.key_id), now)
        elif action.verb == Verb.ENFORCE:
            self._enforce(self._previous(action.key_id))
        else:
            assert action.until is not None
            self._set(action.key_id, expires_at=action.until)
            self._put(replace(self._previous(action.key_id), expires_at=action.until, extended_at=now))

    def _issue(self, inputs: Inputs, now: datetime) -> dict[str, Any]:
        key_id = f"aje{len(self.keys):04}"
        ends = now + inputs.lifetime
        self.keys[key_id] = Key(key_id, now, ends, inputs.scopes, inputs.description, ends)
        return {"id": key_id, "created_at": format_time(now), "expires_at": format_time(ends)}

    def _rotate(self, inputs: Inputs, overlap: timedelta, now: datetime, failing: frozenset[Verb]) -> None:
        old = self.current
        spoiled = old.spoiled or old.key_id in inputs.compromised
        self._set(old.key_id, overlap_ends_at=min(old.expires_at, now + inputs.overlap), spoiled=spoiled)
        issued = self._issue(inputs, now)
        self._state = rotated_state(inputs, self.state, issued, self.tag, self.urn, now, overlap)
        for previous in self.state.previous:
            if previous.enforced or Verb.ENFORCE in failing:
                continue
            if previous.expires_at <= now:
                self._retire(previous, now)
            else:
                self._enforce(previous)

    def _enforce(self, previous: PreviousKey) -> None:
        self._set(previous.key_id, expires_at=previous.expires_at)
        self._put(replace(previous, enforced=True))

    def _retire(self, previous: PreviousKey, now: datetime) -> None:
        self._set(previous.key_id, deleted_at=self.keys[previous.key_id].deleted_at or now)
        kept = tuple(item for item in self.state.previous if item.key_id != previous.key_id)
        self._state = replace(self.state, previous=kept)

    def _previous(self, key_id: str) -> PreviousKey:
        return next(item for item in self.state.previous if item.key_id == key_id)

    def _put(self, changed: PreviousKey) -> None:
        previous = tuple(changed if item.key_id == changed.key_id else item for item in self.state.previous)
        self._state = replace(self.state, previous=previous)


def bag_of(inputs: Inputs) -> dict[str, Any]:
    """`inputs` as the engine hands them over, after the provider's check."""
    lockbox, verify = inputs.lockbox, inputs.verify
    values = {
        "serviceAccountId": inputs.service_account_id,
        "scopes": sorted(inputs.scopes),
        "description": inputs.description,
        "lifetime": format_duration(inputs.lifetime),
        "rotateEvery": format_duration(inputs.rotate_every),
        "overlap": format_duration(inputs.overlap),
        "reissue": inputs.reissue,
        "compromised": sorted(inputs.compromised),
        "whenStillUsed": inputs.when_still_used,
        "lockbox": lockbox
        and {"secretId": lockbox.secret_id, "secretEntry": lockbox.secret_entry, "keyIdEntry": lockbox.key_id_entry},
        "exposeSecret": inputs.expose_secret,
        "verify": verify
        and {
            "url": verify.url,
            "method": verify.method,
            "expectStatus": verify.expect_status,
            "timeout": format_duration(verify.timeout),
        },
    }
    bag = {name: value for name, value in values.items() if value is not None}
    assert inputs_of(bag) == inputs, "the model's own bags lose something"
    return bag
