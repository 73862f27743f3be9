"""Random questions for `decide`, in their thousands: any inputs, any state, any time, likely or absurd.

`python -m tests.provider.decide_inputs 1000000` asks that many and says how fast they were answered. A number that fails can be asked again: the
question follows from its seed.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from provider.yandex_keys.api_key.key import Inputs, ListedKey, Listing, Lockbox, PreviousKey, State, Status, Verify
from provider.yandex_keys.api_key.rotation import Decision, Verb, decide, left_overs, next_rotation
from provider.yandex_keys.api_key.schedule import time_after
from provider.yandex_keys.marks import Mark
from provider.yandex_keys.rotation_calendar import ALWAYS, Calendar, Freeze, Window

T = TypeVar("T")
SECOND: Final = timedelta(seconds=1)
FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)
TODAY: Final = datetime(2026, 11, 24, 3, 0, 5, tzinfo=UTC)
_TIMES: Final = (FIRST, LAST, TODAY, datetime(1970, 1, 1, tzinfo=UTC), datetime(2105, 1, 1, tzinfo=UTC))
_LENGTHS: Final = (
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(seconds=1),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=7),
    timedelta(days=30),
    timedelta(days=90),
    timedelta(days=36_500),
    timedelta.max,
)
_TEXTS: Final = ("", "1", "words", "[yandex-keys 0123456789ab.0]", "слова\n\x00\u202e", "x" * 1_000)
_IDS: Final = ("", "a", "b", "c", "d")
_PARTS: Final = ("", "mine", "another", "third")
_LOCKBOXES: Final = (None, Lockbox("s"), Lockbox("s", "entry"), Lockbox("t"), Lockbox("", "", ""))


@dataclass(frozen=True)
class Question:
    """The arguments of one call of `decide`."""

    inputs: Inputs
    state: State | None
    now: datetime
    urn: str
    listed: Listing | None
    owner: str

    def decision(self, later: timedelta = timedelta(0)) -> Decision:
        """The answer to it, or to the same question asked `later`."""
        return decide(self.inputs, self.state, _shifted(self.now, later), self.urn, self.listed, self.owner)


def question(seed: int) -> Question:
    """The question with that number: always the same one."""
    rng = random.Random(seed)
    inputs = _inputs(rng)
    state = _state(rng, inputs) if rng.random() < 0.98 else None
    times = [TODAY]
    if state is not None:
        times += [state.issued_at, state.expires_at, state.next_rotation_at, _shifted(state.issued_at, inputs.lifetime)]
        times += [_shifted(item.expires_at, -rng.choice(_LENGTHS[:5])) for item in state.previous]
    now = rng.choice(times) if rng.random() < 0.4 else _time(rng)
    if state is not None and state.previous and rng.random() < 0.2:
        now = _shifted(state.previous[0].expires_at, timedelta(days=-1))
    listed = _listing(rng, state) if rng.random() < 0.7 else None
    return Question(inputs, state, now, rng.choice(_TEXTS), listed, rng.choice(_PARTS))


def fault(asked: Question) -> str:
    """What is wrong with the answer, in words; empty where nothing is. Raises what `decide` raises, which is nothing."""
    decision, state = asked.decision(), asked.state
    if decision != asked.decision():
        return "two answers to one question"
    verbs = [action.verb for action in decision.actions]
    if verbs != sorted(verbs, key=list(Verb).index):
        return "the actions are out of order"
    said = [*decision.at_once, *(words for action in decision.actions for words in action.headlines)]
    if sorted(decision.headlines) != sorted(said) or not all(said):
        return "something that is done is not said"
    if state is None:
        return "" if verbs == [Verb.ISSUE] else "no key, but none is issued"
    if len([verb for verb in verbs if verb in (Verb.CHANGE, Verb.ROTATE, Verb.ISSUE)]) > 1:
        return "more than one action for the current key"
    if Verb.ISSUE in verbs:
        return "a key is issued beside the current one"
    due = next_rotation(asked.inputs, state, asked.urn) <= asked.now
    if (action := decision.action(Verb.ROTATE)) is None:
        if state.expires_at <= asked.now:
            return "an expired key is not rotated"
        if due and not waits_rightly(asked.inputs, state, asked.now):
            return "a due key is not rotated, and it may not wait"
        if bool(decision.waits) != due:
            return "a key waits and says nothing, or waits for nothing"
    elif action.overlap is None or not action.reason:
        return "a rotation without overlap or reason"
    if any(action.until is None for action in decision.actions if action.verb in (Verb.ENFORCE, Verb.EXTEND)):
        return "a new expiry without its time"
    if decision.wants_listing and asked.listed is not None:
        return "a listing is asked for although it was given"
    return _fault_of_strangers(asked, decision) or _fault_a_second_later(asked, decision)


def waits_rightly(inputs: Inputs, state: State, now: datetime) -> bool:
    """Whether the calendar leaves out `now`, and what it allows next leaves the key its overlap and a run before that."""
    allowed = inputs.calendar.next_allowed(now)
    room = inputs.lifetime - inputs.overlap if inputs.lifetime > inputs.overlap else timedelta(0)
    return now < allowed and time_after(allowed, inputs.overlap / 2) <= time_after(state.issued_at, room)


def _fault_of_strangers(asked: Question, decision: Decision) -> str:
    """Only the user's own word ends a key that the state doesn't account for, and only where it was made for this resource."""
    assert asked.state is not None
    for action in decision.actions:
        if action.key_id in asked.state.key_ids:
            continue
        key = (asked.listed or {}).get(action.key_id)
        if key is None or key.mark is None or key.mark.owner != asked.owner:
            return "an action on a key that isn't ours"
        if action.verb != Verb.REVOKE or action.key_id not in asked.inputs.compromised:
            return "an action on a key of another instance that nobody asked for"
    return ""


def fault_of_left_overs(asked: Question) -> str:
    """What is wrong with what a rotation takes for left by others that died, in words; empty where nothing is."""
    state, listed, now = asked.state, asked.listed, asked.now
    if state is None or listed is None:
        return ""
    for left in left_overs(state, listed, now, asked.inputs):
        key = listed[left.key_id]
        if left.key_id in state.key_ids:
            return "a key that the state accounts for is called left over"
        if not state.instance or key.mark is None or key.mark.instance != state.instance:
            return "a key of another instance is called left over"
        if left.expires_at > key.expires_at or left.expires_at > _shifted(now, asked.inputs.overlap):
            return "a key that was left gets more than the shorter of its own end and one overlap"
        if left.enforced and (left.expires_at != key.expires_at or left.expires_at <= now):
            return "the cloud is believed to have an end that it hasn't, or a key that is over is waited for"
    return ""


def _fault_a_second_later(asked: Question, decision: Decision) -> str:
    then = {(action.verb, action.key_id) for action in asked.decision(SECOND).actions}
    # A window may open or close in that second.
    moved = asked.inputs.calendar != ALWAYS and asked.state is not None
    for action in decision.actions:
        if moved and action.verb in (Verb.CHANGE, Verb.ROTATE) and action.key_id == asked.state.key_id:  # type: ignore[union-attr]
            continue
        stays = (action.verb, action.key_id) in then
        ended = action.verb in (Verb.ENFORCE, Verb.EXTEND) and (Verb.RETIRE, action.key_id) in then
        if not stays and not ended and not (action.verb == Verb.CHANGE and (Verb.ROTATE, action.key_id) in then):
            return f"{action.verb} is no longer due a second later"
    return ""


def _inputs(rng: random.Random) -> Inputs:
    return Inputs(
        service_account_id="account",
        scopes=frozenset(_some(rng, ("one", "two", "three"))),
        description=rng.choice(_TEXTS),
        lifetime=_length(rng),
        rotate_every=_length(rng),
        overlap=_length(rng),
        reissue=rng.choice((None, None, *_TEXTS)),
        compromised=frozenset(_some(rng, _IDS) if rng.random() < 0.3 else ()),
        when_still_used="extend" if rng.random() < 0.7 else "retire",
        lockbox=rng.choice(_LOCKBOXES),
        expose_secret=rng.random() < 0.3,
        verify=Verify("https://example.com") if rng.random() < 0.1 else None,
        spread=rng.choice((10, 10, 0, 1, 50)),
        calendar=_calendar(rng) if rng.random() < 0.5 else ALWAYS,
    )


def _calendar(rng: random.Random) -> Calendar:
    """Windows of minutes to days, in zones that change their clocks, and freezes of seconds to centuries."""
    windows = []
    for _ in range(rng.choice((0, 1, 1, 2))):
        begins = timedelta(minutes=rng.randrange(1_440))
        lasts = timedelta(minutes=rng.choice((1, 60, 600, 1_439)))
        days = frozenset(_some(rng, range(7))) or frozenset({0})
        windows.append(Window(days, begins, begins + lasts, rng.choice(("UTC", "Europe/Moscow", "Europe/Berlin"))))
    freezes = []
    for _ in range(rng.choice((0, 1, 1, 2))):
        begins_at = rng.choice((TODAY, _time(rng)))
        freezes.append(Freeze(begins_at, _shifted(begins_at, _length(rng)), "why"))
    return Calendar(tuple(windows), tuple(freezes))


def _state(rng: random.Random, inputs: Inputs) -> State:
    """Most states are of what is wanted already, and half of the keys are young: else there would be nothing but rotations."""
    applied = inputs if rng.random() < 0.7 else _inputs(rng)
    young = rng.random() < 0.5
    issued_at = TODAY - timedelta(seconds=rng.randrange(5_000_000)) if young else _time(rng)
    previous = tuple(_previous(rng, key_id) for key_id in _some(rng, _IDS[1:]))
    return State(
        key_id=rng.choice(_IDS),
        status=Status.CURRENT if rng.random() < 0.8 else rng.choice(list(Status)),
        issued_at=issued_at,
        expires_at=_shifted(issued_at, inputs.lifetime) if young else _time(rng),
        next_rotation_at=_shifted(issued_at, inputs.rotate_every) if young else _time(rng),
        generation=rng.randrange(1, 1_000_000),
        instance=rng.choice(_PARTS),
        applied=applied if rng.random() < 0.5 else replace(applied, compromised=frozenset()),
        lifetime=rng.choice((None, _length(rng), inputs.lifetime, inputs.lifetime)),
        previous=previous,
    )


def _previous(rng: random.Random, key_id: str) -> PreviousKey:
    """Half of them are in a usual overlap, half are anything."""
    rotated_at = _time(rng)
    if rng.random() < 0.5:
        ends = _shifted(rotated_at, timedelta(days=7))
        born = _shifted(rotated_at, timedelta(days=-30))
        return PreviousKey(key_id, born, ends, rotated_at, _shifted(rotated_at, timedelta(days=60)))
    return PreviousKey(
        key_id=key_id,
        issued_at=_time(rng),
        expires_at=_time(rng),
        rotated_at=rotated_at,
        lifetime_ends_at=_time(rng),
        lockbox=rng.choice(_LOCKBOXES),
        extended_at=rng.choice((None, rotated_at, _time(rng))),
        enforced=rng.random() < 0.7,
    )


def _listing(rng: random.Random, state: State | None) -> Listing:
    """What may be listed: keys of the state and others, of ours and anybody's, used or not."""
    ends = [item.expires_at for item in state.previous] if state else []
    keys = {}
    # Sorted: a set's order is another one in each process, and a question has to be the same in all of them.
    for key_id in sorted({*_some(rng, _IDS), *(state.key_ids if state and rng.random() < 0.7 else ())}):
        mark = None if rng.random() < 0.2 else Mark(*(rng.choice(_PARTS) for _ in range(3)))
        used = rng.choice((None, _time(rng), *ends, *(_shifted(end, -SECOND) for end in ends)))
        keys[key_id] = ListedKey(key_id, _time(rng), _time(rng), used, mark)
    return keys


def _time(rng: random.Random) -> datetime:
    """Half of the times are within a year of today; the rest are anywhere, and often at a border."""
    if rng.random() < 0.5:
        return TODAY + timedelta(seconds=rng.randrange(-31_536_000, 31_536_000))
    if rng.random() < 0.5:
        return _shifted(rng.choice(_TIMES), rng.choice((1, -1)) * rng.choice(_LENGTHS[:5]))
    return FIRST + timedelta(seconds=rng.random() * (LAST - FIRST).total_seconds() * 0.999999)


def _length(rng: random.Random) -> timedelta:
    return rng.choice(_LENGTHS) if rng.random() < 0.6 else timedelta(seconds=int(10 ** rng.uniform(0, 13)))


def _some(rng: random.Random, of: Sequence[T]) -> list[T]:
    return rng.sample(of, rng.randrange(len(of) + 1))


def _shifted(time: datetime, by: timedelta) -> datetime:
    try:
        return time + by
    except OverflowError:
        return LAST if by > timedelta(0) else FIRST


def main(count: int) -> int:
    """Asks `count` questions; 1 where an answer is wrong."""
    began = time.monotonic()
    for seed in range(count):
        try:
            wrong = fault(question(seed)) or fault_of_left_overs(question(seed))
        except Exception as error:
            wrong = f"raised {error!r}"
        if wrong:
            print(f"question {seed}: {wrong}\n{question(seed)}", file=sys.stderr)
            return 1
    print(f"{count:,} random questions answered without a fault in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
