"""A cloud that is nothing but its keys, and runs on it: what `decide` says is carried out as the provider does, and every key's life is kept.

Times are the cloud's; the machine that runs may have another one (`Model.ahead`). The state goes through the state file's property bags between
runs, as it does in Pulumi; runs may be killed, lists may lack keys, and an older state may be restored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from provider.yandex_keys.answers import ApiKeyAnswer
from provider.yandex_keys.api_key.inputs import INPUTS
from provider.yandex_keys.api_key.key import Inputs, ListedKey, Listing, PreviousKey, State, Status
from provider.yandex_keys.api_key.rotation import Action, Decision, Verb, decide
from provider.yandex_keys.api_key.state import (
    finished_state,
    first_state,
    inputs_of,
    lifetime_text,
    properties_of,
    rotated_state,
    state_of,
)
from provider.yandex_keys.durations import format_duration
from provider.yandex_keys.marks import Mark
from provider.yandex_keys.rotation_calendar import DAYS, Window
from provider.yandex_keys.times import format_time

from .examples import DAY, OWNER, URN

TOLERANCE: Final = timedelta(minutes=5)
"""How far an expiry that was counted from our clock may be off before the provider counts it from the cloud's."""
_NEVER: Final = datetime(2105, 1, 1, tzinfo=UTC)
Foreign = Literal["by hand", "another owner's", "another instance's", "a copy"]
Killed = Literal["issued", "delivered"]


class Refused(Exception):
    """The cloud refuses to change a key that is gone."""


@dataclass(frozen=True)
class Key:
    """A key as the cloud has it, and what was promised of it: `lifetime_ends_at` by the lifetime in force, `overlap_ends_at` at its rotation.

    spoiled: a hand that isn't ours, or a leak, took the promise away. foreign: made by anybody but this resource, and how.
    """

    key_id: str
    issued_at: datetime
    expires_at: datetime
    scopes: frozenset[str]
    description: str
    lifetime_ends_at: datetime
    mark: Mark | None = None
    overlap_ends_at: datetime | None = None
    last_used_at: datetime | None = None
    deleted_at: datetime | None = None
    spoiled: bool = False
    foreign: Foreign | None = None

    @property
    def died_at(self) -> datetime:
        """When it stops working, as things stand."""
        return min(self.expires_at, self.deleted_at) if self.deleted_at else self.expires_at

    def listed(self) -> ListedKey:
        """It, as the API lists it."""
        return ListedKey(self.key_id, self.issued_at, self.expires_at, self.last_used_at, self.mark)


@dataclass(frozen=True)
class Run:
    """One `pulumi up`: what it was given, what it decided, what it left; `keys` are the cloud's after it. `complete`: nothing failed.

    now: the cloud's time; ours: the machine's. hidden: the keys that lists lacked. delivered: what consumers were given last.
    doubtful: the keys of which the state may say other things than the cloud: it was restored, or the run that changed them was killed.
    """

    now: datetime
    ours: datetime
    inputs: Inputs
    before: State | None
    decision: Decision
    after: State
    complete: bool
    known: Mapping[str, Key]
    keys: Mapping[str, Key]
    hidden: frozenset[str]
    delivered: str
    doubtful: frozenset[str]

    @property
    def rotated(self) -> bool:
        """Whether a new key was issued and the state knows it."""
        return self.before is not None and self.after.generation != self.before.generation

    @property
    def ahead(self) -> timedelta:
        """How far the machine's clock is ahead."""
        return self.ours - self.now

    @property
    def settles(self) -> bool:
        """Whether the machine's clock leaves a key that was just issued time to be current at all."""
        return self.ahead < self.inputs.lifetime - self.inputs.overlap

    @property
    def in_time(self) -> bool:
        """Whether the machine's clock is so little behind that a due rotation comes while the key lives."""
        return -2 * self.ahead <= self.inputs.overlap

    def previewed(self, earlier: timedelta) -> Decision:
        """What a preview would have said that much before the run."""
        return decided(self.inputs, self.before, self.ours - earlier, self.known, self.hidden)[0]

    def repeated(self) -> Decision:
        """What a second run at the same time does."""
        return decided(self.inputs, self.after, self.ours, self.keys, self.hidden)[0]


def listing(
    inputs: Inputs, state: State, keys: Mapping[str, Key], hidden: frozenset[str] = frozenset()
) -> dict[str, ListedKey]:
    """What a run knows of the account's keys: what the list has, and what it asked for by id because the list lacks it."""
    asked = state.key_ids | (inputs.compromised - state.applied.compromised)
    return {
        key_id: key.listed()
        for key_id, key in keys.items()
        if key.deleted_at is None and (key_id not in hidden or key_id in asked)
    }


def decided(
    inputs: Inputs,
    state: State | None,
    ours: datetime,
    keys: Mapping[str, Key],
    hidden: frozenset[str] = frozenset(),
    urn: str = URN,
    to_carry_out: bool = False,
) -> tuple[Decision, Listing | None]:
    """What a run at `ours` would do, and the account's keys where they were listed: where that is asked for, and before a rotation."""
    decision = decide(inputs, state, ours, urn, None, OWNER)
    if state is None or not (decision.wants_listing or (to_carry_out and decision.action(Verb.ROTATE))):
        return decision, None
    listed = listing(inputs, state, keys, hidden)
    return decide(inputs, state, ours, urn, listed, OWNER), listed


class Model:
    """The keys of one resource through its runs; `state` is what the state file holds.

    ahead: how far the clock of the machine that runs is ahead of the cloud's. left: our keys that the state doesn't know.
    """

    def __init__(self, urn: str = URN, ahead: timedelta = timedelta(0)) -> None:
        self.urn = urn
        self.ahead = ahead
        self.instance = ""
        self.keys: dict[str, Key] = {}
        self.runs: list[Run] = []
        self.saved: list[dict[str, Any]] = []
        self.in_use: set[str] = set()
        self.left: set[str] = set()
        self.doubtful: set[str] = set()
        self.delivered = ""
        self.properties: dict[str, Any] | None = None
        self._state: State | None = None
        self._listed: Listing = {}
        self._rotated = False

    @property
    def state(self) -> State:
        """The state after the last run or refresh; there is one once a run was made."""
        assert self._state is not None
        return self._state

    @property
    def current(self) -> Key:
        """The current key as the cloud has it."""
        return self.keys[self.state.key_id]

    def run(
        self,
        inputs: Inputs,
        now: datetime,
        failing: frozenset[Verb] = frozenset(),
        killed: Killed | None = None,
        hidden: frozenset[str] = frozenset(),
    ) -> Run:
        """One `pulumi up` at `now`; actions in `failing` fail: ENFORCE also right after a rotation, ISSUE where a first key gets its lifetime.

        killed: where it issues a key it gets no further than that, or than the delivery, and the engine saves nothing.
        """
        before, saved, known = self._state, self.properties, self._snapshot()
        decision, listed = decided(inputs, before, now + self.ahead, known, hidden, self.urn, to_carry_out=True)
        killed = killed if decision.action(Verb.ROTATE) or decision.action(Verb.ISSUE) else None
        self._listed, self._rotated = listed or listing(inputs, before, known, hidden) if before else {}, False
        done, failed = set(), set()
        for action in decision.actions:
            if action.verb in failing - {Verb.ISSUE}:
                failed.add(action.verb)
                continue
            if killed and action.verb in (Verb.ROTATE, Verb.ISSUE):
                self._killed(inputs, now, action, killed)
                break
            try:
                self._carry_out(action, inputs, now, failing)
                done.add(action.verb)
            except Refused:
                failed.add(action.verb)
        if killed:
            self.doubtful |= {action.key_id for action in decision.actions} & (before.key_ids if before else set())
            self._state, self.properties = before, saved
            self._leave()
        failed |= failing & {Verb.ENFORCE} if self._rotated else set()
        failed |= failing & {Verb.ISSUE} & done
        if self._state is None:
            return self.run(inputs, now, failing, None, hidden)
        if not killed:
            self._save(inputs, done, failed)
        complete = not failed and not killed
        keys, ours = self._snapshot(), now + self.ahead
        after = (self.state, complete, known, keys, hidden, self.delivered, frozenset(self.doubtful))
        self.runs.append(Run(now, ours, inputs, before, decision, *after))
        assert self.properties is not None
        self.saved.append(self.properties)
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
        ours = now + self.ahead
        ended = [
            replace(item, expires_at=min(item.expires_at, ours)) if item.key_id == key_id else item
            for item in self.state.previous
        ]
        self._resume(replace(self.state, previous=tuple(ended)))

    def redate(self, expires_at: datetime | None, unseen: bool = False) -> None:
        """Somebody changes the current key's expiry by hand, or takes it away; a refresh sees it, unless it is `unseen`."""
        text = format_time(expires_at) if expires_at else None
        ends = expires_at or _NEVER
        self._set(self.state.key_id, expires_at=ends, spoiled=True)
        if unseen:
            self.doubtful.add(self.state.key_id)
        else:
            self._amend(expiresAt=format_time(ends), lifetime=lifetime_text(self.current.issued_at, text))

    def rescope(self, scopes: frozenset[str]) -> None:
        """Somebody changes the current key's scopes by hand, and a refresh sees it."""
        self._set(self.state.key_id, scopes=scopes)
        self._amend(scopes=sorted(scopes))

    def put_back(self, key_id: str) -> None:
        """Somebody makes an older version of the Lockbox secret current (or writes into it: no `key_id`), and a refresh sees it."""
        self.delivered = key_id
        self.mark(Status.UNDELIVERED)

    def mark(self, status: Status) -> None:
        """A refresh or an import finds the current key in `status`."""
        self._amend(status=str(status))

    def make_foreign(self, how: Foreign, now: datetime) -> None:
        """Somebody else makes a key of the same account, to live for half a century."""
        key_id = self._new_id()
        marks = {
            "by hand": None,
            "another owner's": Mark("0123456789ab", "instanceyy", key_id),
            "another instance's": Mark(OWNER, "instancezz", key_id),
            "a copy": self.current.mark,
        }
        ends = now + timedelta(days=18_000)
        self.keys[key_id] = Key(key_id, now, ends, frozenset({"yc.ai.everything"}), "", ends, marks[how], foreign=how)

    def restore(self, back: int) -> None:
        """Somebody puts the state back to what it was `back` runs ago: our keys that are newer are left."""
        self.properties = self.saved[max(len(self.saved) - 1 - back, 0)]
        self._state = state_of(self.properties)
        self.doubtful |= self.state.key_ids
        self._leave()

    def refresh(self, now: datetime) -> None:
        """`pulumi refresh`: the state is as the cloud has it."""
        key, state, ours = self.current, self.state, now + self.ahead
        if key.deleted_at is not None:
            self._amend(status=str(Status.MISSING))
        else:
            self._amend(scopes=sorted(key.scopes), description=key.description)
            if key.expires_at != state.expires_at:
                text = None if key.expires_at == _NEVER else format_time(key.expires_at)
                self._amend(expiresAt=format_time(key.expires_at), lifetime=lifetime_text(state.issued_at, text))
            if state.status != Status.ADOPTED:
                astray = state.applied.lockbox is not None and self.delivered != key.key_id
                self._amend(status=str(Status.UNDELIVERED if astray else Status.CURRENT))
        self._resume(replace(self.state, previous=tuple(self._refreshed(item, ours) for item in state.previous)))
        self.doubtful.clear()

    def newest(self, count: int) -> frozenset[str]:
        """The keys that were made last: what a list that lags lacks."""
        return frozenset(sorted(self.keys)[len(self.keys) - count :])

    def _refreshed(self, item: PreviousKey, ours: datetime) -> PreviousKey:
        key = self.keys[item.key_id]
        if key.deleted_at is not None:
            return replace(item, expires_at=min(item.expires_at, ours))
        if not item.enforced:
            return item
        if key.expires_at <= ours:
            return replace(item, expires_at=min(item.expires_at, key.expires_at))
        return replace(item, enforced=key.expires_at == item.expires_at)

    def _leave(self) -> None:
        """Notes which of our keys the state that counts from now on doesn't know."""
        known = self._state.key_ids if self._state else frozenset[str]()
        self.left = {
            key.key_id
            for key in self.keys.values()
            if key.foreign is None and key.deleted_at is None and key.key_id not in known
        }

    def _snapshot(self) -> dict[str, Key]:
        return dict(self.keys)

    def _new_id(self) -> str:
        return f"aje{len(self.keys):04}"

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

    def _save(self, inputs: Inputs, done: set[Verb], failed: set[Verb]) -> None:
        wanted = bag_of(inputs)
        if not failed:
            self._state = finished_state(inputs, self.state, self.urn)
        elif not done & {Verb.ROTATE, Verb.ISSUE}:
            assert self.properties is not None
            had = {name: self.properties[name] for name in INPUTS if name in self.properties}
            in_place = {name: wanted[name] for name in ("scopes", "description", "lifetime")}
            wanted = {**had, **in_place} if Verb.CHANGE in done else had
        elif Verb.ISSUE in failed:
            wanted["lifetime"] = format_duration(self.state.expires_at - self.state.issued_at)
        if failed and self.properties is not None:
            # What is compromised is looked for again.
            wanted["compromised"] = self.properties["compromised"]
        self.properties = properties_of(wanted, self.state, "secret")
        self._state = state_of(self.properties)

    def _killed(self, inputs: Inputs, now: datetime, action: Action, killed: Killed) -> None:
        first = action.verb == Verb.ISSUE
        key_id = self._issue(inputs, now, inputs.overlap if first else inputs.lifetime)["id"]
        if first:
            # The next run is of another instance: the key is nobody's, and ends by itself.
            self._set(key_id, foreign="another instance's", lifetime_ends_at=self.keys[key_id].expires_at)
            return
        if killed == "delivered" and inputs.lockbox is not None:
            self.delivered = key_id

    def _carry_out(self, action: Action, inputs: Inputs, now: datetime, failing: frozenset[Verb]) -> None:
        if action.verb == Verb.ISSUE:
            self._issue_first(inputs, now, failing)
        elif action.verb == Verb.ROTATE:
            self._rotate(inputs, action.overlap or timedelta(0), now, failing)
        elif action.verb == Verb.CHANGE:
            self._change(action, inputs)
        elif action.verb == Verb.REVOKE:
            self._set(action.key_id, spoiled=True)
            if action.key_id not in self.state.key_ids:
                self._delete(action.key_id, now)
                return
            previous = self._previous(action.key_id)
            if inputs.lockbox is not None and self.delivered == action.key_id:
                self._rotate(inputs, inputs.overlap, now, failing)
            self._retire(previous, now)
        elif action.verb == Verb.RETIRE:
            previous = self._previous(action.key_id)
            if now >= previous.expires_at:  # by the cloud's clock too
                self._retire(previous, now)
        elif action.verb == Verb.ENFORCE:
            self._enforce(self._previous(action.key_id))
        elif self.keys[action.key_id].deleted_at is None:
            assert action.until is not None
            self._set(action.key_id, expires_at=action.until)
            self._put(replace(self._previous(action.key_id), expires_at=action.until, extended_at=now))

    def _change(self, action: Action, inputs: Inputs) -> None:
        key = self.keys[action.key_id]
        if key.deleted_at is not None:
            raise Refused
        ends = action.until or self.state.expires_at
        promised = key.issued_at + inputs.lifetime
        mark = key.mark
        if mark is not None and inputs.description != self.state.applied.description and not self._listed:
            mark = replace(mark, attempt=f"{mark.attempt}x")
        self._set(action.key_id, scopes=inputs.scopes, description=inputs.description, mark=mark)
        if action.until is not None:
            self._set(action.key_id, expires_at=ends, lifetime_ends_at=promised, overlap_ends_at=None)
        self._state = replace(self.state, expires_at=ends, lifetime=inputs.lifetime)

    def _issue(self, inputs: Inputs, now: datetime, span: timedelta) -> ApiKeyAnswer:
        key_id = self._new_id()
        ends = now + self.ahead + span
        if abs(ends - (now + span)) > TOLERANCE:
            ends = now + span
        promised = max(ends, now + inputs.lifetime)
        instance = self.instance or f"instance{key_id}"
        mark = Mark(OWNER, instance, key_id)
        self.keys[key_id] = Key(key_id, now, ends, inputs.scopes, inputs.description, promised, mark)
        return {"id": key_id, "created_at": format_time(now), "expires_at": format_time(ends)}

    def _issue_first(self, inputs: Inputs, now: datetime, failing: frozenset[Verb]) -> None:
        issued = self._issue(inputs, now, inputs.overlap)
        key_id = issued["id"]
        self.instance = f"instance{key_id}"
        self._state = first_state(inputs, issued, self.instance, self.urn, now + self.ahead, "e6qversion")
        self.delivered = key_id
        if Verb.ISSUE not in failing:
            ends = now + inputs.lifetime
            self._set(key_id, expires_at=ends)
            self._state = replace(self.state, expires_at=ends, lifetime=inputs.lifetime)

    def _rotate(self, inputs: Inputs, overlap: timedelta, now: datetime, failing: frozenset[Verb]) -> None:
        if self._rotated:
            return
        self._rotated = True
        was = self.state
        issued = self._issue(inputs, now, inputs.lifetime)
        ours = now + self.ahead
        self._state = rotated_state(
            inputs, was, issued, self.instance, self.urn, ours, overlap, self._listed, "e6qversion"
        )
        self.delivered = issued["id"]
        self.doubtful.discard(was.key_id)
        for previous in self.state.previous:
            if previous in was.previous:
                continue
            key = self.keys[previous.key_id]
            spoiled = key.spoiled or key.key_id in inputs.compromised
            self._set(key.key_id, overlap_ends_at=min(key.expires_at, now + inputs.overlap), spoiled=spoiled)
            self.left.discard(key.key_id)
        for previous in self.state.previous:
            if previous.enforced or Verb.ENFORCE in failing:
                continue
            if previous.expires_at <= previous.rotated_at:
                self._retire(previous, now)
            else:
                self._enforce(previous)

    def _enforce(self, previous: PreviousKey) -> None:
        self._set(previous.key_id, expires_at=previous.expires_at)
        self._put(replace(previous, enforced=True))

    def _retire(self, previous: PreviousKey, now: datetime) -> None:
        self._delete(previous.key_id, now)
        kept = tuple(item for item in self.state.previous if item.key_id != previous.key_id)
        self._state = replace(self.state, previous=kept)

    def _delete(self, key_id: str, now: datetime) -> None:
        self._set(key_id, deleted_at=self.keys[key_id].deleted_at or now)
        self._listed = {known: key for known, key in self._listed.items() if known != key_id}

    def _previous(self, key_id: str) -> PreviousKey:
        return next(item for item in self.state.previous if item.key_id == key_id)

    def _put(self, changed: PreviousKey) -> None:
        previous = tuple(changed if item.key_id == changed.key_id else item for item in self.state.previous)
        self._state = replace(self.state, previous=previous)


def window_bag(window: Window) -> dict[str, Any]:
    """`window` as it is written."""
    begins, ends = (time_of_day(it) for it in (window.begins, window.ends - (DAY if window.ends > DAY else 0 * DAY)))
    return {
        "days": [DAYS[day] for day in sorted(window.days)],
        "from": begins,
        "to": ends,
        "timezone": window.timezone,
    }


def time_of_day(since_midnight: timedelta) -> str:
    """`09:00`."""
    hours, rest = divmod(since_midnight, timedelta(hours=1))
    return f"{hours:02}:{rest // timedelta(minutes=1):02}"


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
        "spread": inputs.spread,
        "windows": [window_bag(window) for window in inputs.calendar.windows],
        "freezes": [
            {"from": format_time(freeze.begins), "until": format_time(freeze.ends), "why": freeze.why}
            for freeze in inputs.calendar.freezes
        ],
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
