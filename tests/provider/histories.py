"""Random lives of a key, for property tests: runs that come when they come, on machines whose clocks are off, and all that happens between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Literal, get_args

from hypothesis import strategies as st

from provider.yandex_keys.api_key.key import Inputs, Lockbox, Status
from provider.yandex_keys.api_key.rotation import Verb
from provider.yandex_keys.durations import SHORTEST
from provider.yandex_keys.rotation_calendar import ALWAYS, Calendar, Freeze, Window

from .examples import DAY, HOUR, ISSUED, SECOND, wanted
from .model import Foreign, Killed, Model

UNKNOWN_KEY = "ajeunknown"
Deed = Literal[
    "lose",
    "lose previous",
    "shorten",
    "lengthen",
    "lengthen unseen",
    "take the expiry away",
    "rescope",
    "overwrite",
    "put back",
    "import",
]


@dataclass(frozen=True)
class Up:
    """A `pulumi up` after `times` the `of` in force, and `more`; what is in `failing` fails.

    killed: how far it gets where it issues a key. lacks: how many of the newest keys a list doesn't have yet.
    """

    times: float
    of: Literal["rotate_every", "overlap", "lifetime"]
    more: timedelta
    failing: frozenset[Verb] = frozenset()
    killed: Killed | None = None
    lacks: int = 0

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
class LeakElsewhere:
    """The user lists a living key as compromised that the state doesn't know: left by a killed run, newer than a restored state, foreign."""

    which: int


@dataclass(frozen=True)
class Use:
    """From now on a consumer calls all the time with what is now the current key (0), the last previous one (1), ..."""

    which: int


@dataclass(frozen=True)
class Hand:
    """Somebody changes what is in the cloud, and a refresh sees it (but for "lengthen unseen")."""

    does: Deed


@dataclass(frozen=True)
class Made:
    """Somebody else makes a key of the same account."""

    how: Foreign


@dataclass(frozen=True)
class Restored:
    """The state is put back to what it was `back` runs ago; `refreshed`: and looks at the cloud before the next run."""

    back: int
    refreshed: bool


Event = Up | Wish | Leak | LeakElsewhere | Use | Hand | Made | Restored


@dataclass(frozen=True)
class History:
    """What is wanted at first, and what happens then. ahead: how far the clock of the machine that runs is ahead of the cloud's."""

    first: Inputs
    events: tuple[Event, ...]
    ahead: timedelta = timedelta(0)
    first_run: Up = Up(0, "overlap", timedelta(0))


Policy = tuple[tuple[str, timedelta], ...]

# Strategies are made once: hypothesis looks into each that is new, which takes longer than to draw from it.


@cache
def policies(shortest: timedelta = SECOND) -> st.SearchStrategy[Policy]:
    """Lifetime, rotateEvery and overlap that fit together: what teams choose, and anything else, from `shortest` to years."""
    usual = [(90, 30, 7), (90, 83, 7), (30, 14, 3), (30, 15, 15), (365, 30, 30), (3, 1, 1), (45, 30, 2)]
    chosen = st.sampled_from([(a * DAY, b * DAY, c * DAY) for a, b, c in usual])
    least = int(shortest.total_seconds())
    length = st.builds(timedelta, seconds=st.integers(least, 10_000_000)) | st.sampled_from(
        [shortest, HOUR, DAY, 7 * DAY]
    )
    spare = length | st.just(timedelta(0))
    free = st.builds(lambda every, overlap, more: (every + overlap + more, every, overlap), length, length, spare)
    names = ("lifetime", "rotate_every", "overlap")
    return (chosen | free).map(lambda values: tuple(zip(names, values, strict=True)))


@cache
def calendars() -> st.SearchStrategy[Calendar]:
    """Windows of a minute to a day, in zones that change their clocks, and freezes of an hour to two months; half of the lives have none."""
    begins, lasts = st.integers(0, 1_439), st.sampled_from([1, 60, 480, 1_439])
    names = st.sampled_from(["UTC", "Europe/Moscow", "Europe/Berlin"])
    days = st.sets(st.integers(0, 6), min_size=1)
    window = st.builds(
        lambda days, begins, lasts, name: Window(
            frozenset(days), timedelta(minutes=begins), timedelta(minutes=begins + lasts), name
        ),
        *(days, begins, lasts, names),
    )
    freeze = st.builds(
        lambda after, lasts: Freeze(ISSUED + after * DAY, ISSUED + after * DAY + lasts, "why"),
        *(st.integers(0, 400), st.sampled_from([HOUR, DAY, 14 * DAY, 60 * DAY])),
    )
    some = st.builds(Calendar, st.lists(window, max_size=2).map(tuple), st.lists(freeze, max_size=2).map(tuple))
    return st.just(ALWAYS) | some


SPREADS: Final = (0, 1, 10, 50)


@cache
def skews() -> st.SearchStrategy[timedelta]:
    """How far the machine's clock is ahead of the cloud's: mostly not at all, else seconds to weeks either way, at times a year."""
    off = [timedelta(0), 20 * SECOND, 299 * SECOND, 301 * SECOND, HOUR, DAY, 8 * DAY, 40 * DAY, 365 * DAY]
    return st.just(timedelta(0)) | st.builds(lambda by, sign: by * sign, st.sampled_from(off), st.sampled_from([1, -1]))


_LOCKBOXES = st.sampled_from([Lockbox("e6qone"), Lockbox("e6qtwo"), Lockbox("e6qone", "nightly", "nightly_id")])
_SCOPES = st.sets(st.sampled_from(["yc.ai.translate.execute", "yc.ai.vision.execute", "yc.postbox.send"]), min_size=1)
_FAILURES = st.sets(st.sampled_from([verb for verb in Verb if verb != Verb.ISSUE]), min_size=1, max_size=2)


@cache
def ups(failures: bool = True) -> st.SearchStrategy[Up]:
    """Runs: doubled, a second or a day later, at the very end of a period or of an overlap, after months of none."""
    more = st.sampled_from([timedelta(0), SECOND, -SECOND, HOUR, DAY, 25 * HOUR, 10 * SECOND, -10 * SECOND, 40 * DAY])
    times = st.sampled_from([0.0, 0.0, 0.0, 0.1, 0.25, 0.26, 0.75, 0.9, 1.0, 1.0, 2.5]) | st.floats(0, 5)
    of = st.sampled_from(["rotate_every", "overlap", "lifetime"])
    if not failures:
        return st.builds(Up, times, of, more)
    fails = st.just(frozenset[Verb]()) | _FAILURES.map(frozenset)
    killed = st.sampled_from([None, None, None, *get_args(Killed)])
    return st.builds(Up, times, of, more, fails, killed, st.sampled_from([0, 0, 0, 1, 2]))


@cache
def wishes(shortest: timedelta = SECOND) -> st.SearchStrategy[Wish]:
    """Edits of every input that a key's life depends on."""
    one: st.SearchStrategy[tuple[tuple[str, Any], ...]] = st.one_of(
        policies(shortest),
        st.sampled_from([None, "", "1", "2"]).map(lambda value: (("reissue", value),)),
        _SCOPES.map(lambda value: (("scopes", frozenset(value)),)),
        st.sampled_from(["", "one", "two"]).map(lambda value: (("description", value),)),
        st.sampled_from(["extend", "retire"]).map(lambda value: (("when_still_used", value),)),
        _LOCKBOXES.map(lambda value: (("lockbox", value),)),
        st.just((("lockbox", None), ("expose_secret", True))),
        st.booleans().map(lambda value: (("lockbox", Lockbox("e6qone")), ("expose_secret", value))),
        st.just((("compromised", frozenset()),)),
        calendars().map(lambda value: (("calendar", value),)),
        st.sampled_from(SPREADS).map(lambda value: (("spread", value),)),
    )
    return st.lists(one, min_size=1, max_size=3).map(lambda edits: Wish(tuple(pair for edit in edits for pair in edit)))


@cache
def _events(failures: bool, quiet: bool, shortest: timedelta) -> st.SearchStrategy[list[Event]]:
    which = st.integers(0, 3)
    up = ups(failures)
    always: list[st.SearchStrategy[Event]] = [
        *(up, up, up),
        *(st.builds(Use, which), st.builds(Use, which)),
        st.builds(Leak, which | st.none()),
        st.builds(LeakElsewhere, which),
        st.sampled_from(get_args(Foreign)).map(Made),
        st.builds(Restored, which, st.just(False) if quiet else st.booleans()),
    ]
    edits: list[st.SearchStrategy[Event]] = [wishes(shortest), st.sampled_from(get_args(Deed)).map(Hand)]
    return st.lists(st.one_of(*always, *([] if quiet else edits)), min_size=3, max_size=15)


@st.composite
def histories(draw: st.DrawFn, failures: bool = True, quiet: bool = False) -> History:
    """Whole lives, with up to fifteen events; `failures`: some of what runs do fails; `quiet`: nobody edits the stack file or the cloud's keys."""
    ahead = draw(skews())
    # What is shorter than the provider's check takes leaves no room for two clocks.
    shortest = SHORTEST if ahead else SECOND
    first = wanted(
        **dict(draw(policies(shortest))), calendar=draw(calendars()), spread=draw(st.sampled_from((10, *SPREADS)))
    )
    events = draw(_events(failures, quiet, shortest))
    first_run = Up(0, "overlap", timedelta(0))
    if failures:
        first_run = replace(
            first_run,
            failing=draw(st.sampled_from([frozenset(), frozenset(), frozenset({Verb.ISSUE})])),
            killed=draw(st.sampled_from([None, None, "issued"])),
        )
    return History(first, tuple(events), ahead, first_run)


def played(history: History) -> Model:
    """What became of the keys: a model whose `runs` are those of the history, the first issue included."""
    model, inputs, now = Model(ahead=history.ahead), history.first, ISSUED
    model.run(inputs, now, history.first_run.failing, history.first_run.killed)
    for event in history.events:
        ids = [model.state.key_id, *(item.key_id for item in reversed(model.state.previous))]
        if isinstance(event, Up):
            # The cloud's time never goes back; a machine's may.
            gap, nothing = event.gap(inputs), timedelta(0)
            now += max(gap, nothing)
            model.ahead = history.ahead + min(gap, nothing)
            _use_before(model, now)
            model.run(inputs, now, event.failing, event.killed, model.newest(event.lacks))
        elif isinstance(event, Wish):
            inputs = replace(inputs, **dict(event.changes))
        elif isinstance(event, Leak):
            key_id = UNKNOWN_KEY if event.which is None else ids[event.which % len(ids)]
            inputs = replace(inputs, compromised=inputs.compromised | {key_id})
        elif isinstance(event, LeakElsewhere):
            unknown = [key_id for key_id, key in model.keys.items() if key_id not in ids and key.deleted_at is None]
            if unknown:
                inputs = replace(inputs, compromised=inputs.compromised | {unknown[event.which % len(unknown)]})
        elif isinstance(event, Use):
            model.in_use.add(ids[event.which % len(ids)])
        elif isinstance(event, Made):
            model.make_foreign(event.how, now)
        elif isinstance(event, Restored):
            model.restore(event.back)
            if event.refreshed:
                model.refresh(now)
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
    elif does == "put back":
        model.put_back(ids[-1])
    elif does == "overwrite":
        model.put_back("")
    elif current.deleted_at:
        return  # the rest is done to a key that is there
    elif does == "shorten":
        model.redate(now + HOUR)
    elif does == "lengthen":
        model.redate(current.expires_at + 40 * DAY)
    elif does == "lengthen unseen":
        model.redate(current.expires_at + 40 * DAY, unseen=True)
    elif does == "take the expiry away":
        model.redate(None)
    elif does == "rescope":
        model.rescope(frozenset({"yc.ai.everything"}))
    else:
        model.mark(Status.ADOPTED)
