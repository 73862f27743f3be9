"""Random lives of a key, for property tests: runs that come when they come, and all that happens between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from hypothesis import strategies as st

from provider.yandex_keys.rotation import Inputs, Lockbox, Status, Verb

from .examples import DAY, HOUR, ISSUED, SECOND, wanted
from .model import Model

UNKNOWN_KEY = "ajeunknown"
Deed = Literal["lose", "lose previous", "shorten", "lengthen", "take the expiry away", "rescope", "overwrite", "import"]


@dataclass(frozen=True)
class Up:
    """A `pulumi up` after `times` the `of` in force, and `more`; what is in `failing` fails."""

    times: float
    of: Literal["rotate_every", "overlap", "lifetime"]
    more: timedelta
    failing: frozenset[Verb] = frozenset()

    def gap(self, inputs: Inputs) -> timedelta:
        base: timedelta = getattr(inputs, self.of)
        return timedelta(seconds=int((base * self.times + self.more).total_seconds()))


@dataclass(frozen=True)
class Wish:
    """The user edits the stack file: each input in `changes` gets its value."""

    changes: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Leak:
    """The user lists a key as compromised: the current one (0), the last previous one (1), ..., or one that was never ours (None)."""

    which: int | None


@dataclass(frozen=True)
class Use:
    """From now on a consumer calls all the time with what is now the current key (0), the last previous one (1), ..."""

    which: int


@dataclass(frozen=True)
class Hand:
    """Somebody changes what is in the cloud, and a refresh sees it."""

    does: Deed


Event = Up | Wish | Leak | Use | Hand


@dataclass(frozen=True)
class History:
    """What is wanted at first, and what happens then."""

    first: Inputs
    events: tuple[Event, ...]


def policies() -> st.SearchStrategy[tuple[tuple[str, Any], ...]]:
    """Lifetime, rotateEvery and overlap that fit together: what teams choose, and anything else, from seconds to years."""
    usual = [(90, 30, 7), (90, 83, 7), (30, 14, 3), (30, 15, 15), (365, 30, 30), (3, 1, 1), (45, 30, 2)]
    chosen = st.sampled_from([(a * DAY, b * DAY, c * DAY) for a, b, c in usual])
    length = st.builds(timedelta, seconds=st.integers(1, 10_000_000)) | st.sampled_from([SECOND, HOUR, DAY, 7 * DAY])
    spare = length | st.just(timedelta(0))
    free = st.builds(lambda every, overlap, more: (every + overlap + more, every, overlap), length, length, spare)
    names = ("lifetime", "rotate_every", "overlap")
    return (chosen | free).map(lambda values: tuple(zip(names, values, strict=True)))


_LOCKBOXES = st.sampled_from([Lockbox("e6qone"), Lockbox("e6qtwo"), Lockbox("e6qone", "nightly", "nightly_id")])
_SCOPES = st.sets(st.sampled_from(["yc.ai.translate.execute", "yc.ai.vision.execute", "yc.postbox.send"]), min_size=1)
_FAILURES = st.sets(st.sampled_from([verb for verb in Verb if verb != Verb.ISSUE]), min_size=1, max_size=2)


def ups(failures: bool = True) -> st.SearchStrategy[Up]:
    """Runs: doubled, a second or a day later, at the very end of a period or of an overlap, after months of none."""
    more = st.sampled_from([timedelta(0), SECOND, -SECOND, HOUR, DAY, 25 * HOUR, 10 * SECOND, -10 * SECOND, 40 * DAY])
    times = st.sampled_from([0.0, 0.0, 0.0, 0.1, 0.25, 0.74, 0.75, 0.9, 1.0, 1.0, 2.5]) | st.floats(0, 5)
    fails = st.just(frozenset[Verb]()) | _FAILURES.map(frozenset) if failures else st.just(frozenset[Verb]())
    return st.builds(Up, times, st.sampled_from(["rotate_every", "overlap", "lifetime"]), more, fails)


def wishes() -> st.SearchStrategy[Wish]:
    """Edits of every input that a key's life depends on."""
    one: st.SearchStrategy[tuple[tuple[str, Any], ...]] = st.one_of(
        policies(),
        st.sampled_from([None, "", "1", "2"]).map(lambda value: (("reissue", value),)),
        _SCOPES.map(lambda value: (("scopes", frozenset(value)),)),
        st.sampled_from(["", "one", "two"]).map(lambda value: (("description", value),)),
        st.sampled_from(["extend", "retire"]).map(lambda value: (("when_still_used", value),)),
        _LOCKBOXES.map(lambda value: (("lockbox", value),)),
        st.just((("lockbox", None), ("expose_secret", True))),
        st.booleans().map(lambda value: (("lockbox", Lockbox("e6qone")), ("expose_secret", value))),
        st.just((("compromised", frozenset()),)),
    )
    return st.lists(one, min_size=1, max_size=3).map(lambda edits: Wish(tuple(pair for edit in edits for pair in edit)))


def histories(failures: bool = True) -> st.SearchStrategy[History]:
    """Whole lives, with up to fifteen events; `failures`: some of what runs do fails."""
    which = st.integers(0, 3)
    up = ups(failures)
    event: st.SearchStrategy[Event] = st.one_of(
        up,
        up,
        up,
        wishes(),
        st.builds(Use, which),
        st.builds(Use, which),
        st.builds(Leak, which | st.none()),
        st.sampled_from(get_args(Deed)).map(Hand),
    )
    first = policies().map(lambda policy: wanted(**dict(policy)))
    return st.builds(History, first, st.lists(event, min_size=3, max_size=15).map(tuple))


def played(history: History) -> Model:
    """What became of the keys: a model whose `runs` are those of the history, the first issue included."""
    model, inputs, now = Model(), history.first, ISSUED
    model.run(inputs, now)
    for event in history.events:
        ids = [model.state.key_id, *(item.key_id for item in reversed(model.state.previous))]
        if isinstance(event, Up):
            gap = event.gap(inputs)
            _use_before(model, now + gap)
            now += gap
            model.run(inputs, now, event.failing)
        elif isinstance(event, Wish):
            inputs = replace(inputs, **dict(event.changes))
        elif isinstance(event, Leak):
            key_id = UNKNOWN_KEY if event.which is None else ids[event.which % len(ids)]
            inputs = replace(inputs, compromised=inputs.compromised | {key_id})
        elif isinstance(event, Use):
            model.in_use.add(ids[event.which % len(ids)])
        else:
            _change_by_hand(model, event.does, ids, now)
    return model


def _use_before(model: Model, now: datetime) -> None:
    for key_id in model.in_use:
        model.use(key_id, now - SECOND)


def _change_by_hand(model: Model, does: Deed, ids: list[str], now: datetime) -> None:
    current = model.current
    if does == "lose":
        model.lose(current.key_id, now)
    elif does == "lose previous":
        model.lose(ids[-1], now)
    elif current.deleted_at:
        return  # the rest is done to a key that is there
    elif does == "shorten":
        model.redate(now + HOUR)
    elif does == "lengthen":
        model.redate(current.expires_at + 40 * DAY)
    elif does == "take the expiry away":
        model.redate(None)
    elif does == "rescope":
        model.rescope(frozenset({"yc.ai.everything"}))
    else:
        model.mark(Status.UNDELIVERED if does == "overwrite" else Status.ADOPTED)
