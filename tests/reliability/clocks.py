"""A machine whose clock is wrong, or that is told to judge by a wrong time, in every step of a key's life; runs go on for two rotations.

What must hold, however wrong it is:
- what Lockbox or the output gives is accepted at every moment, and so is, for one overlap, what it gave before a rotation;
- no run rotates before the point in the state has come by the cloud's clock, or anybody has asked for it;
- every expiry is counted from the moment at which the cloud made the key, and the state says what the cloud has;
- no key that lives is deleted, but where it is listed as compromised or its resource goes.
A clock that is behind by more than a key can wait for its rotation is where this ends: its consumers may be cut, not without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Any, Final

from emulator.clock import moment
from provider.yandex_keys.durations import parse_duration
from provider.yandex_keys.times import format_time, parse_time
from tests.reliability.lives import DELIVERIES, LiveStack
from tests.reliability.near_cloud import Happened, NearCloud, near_cloud
from tests.reliability.programs import KEY, MORE_SCOPES
from tests.reliability.small_engine import Outcome
from tests.reliability.workers import processors
from tests.reliability.world import World, latest_wait
from tools.table import Table

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_ZERO: Final = timedelta(0)
_TOLERANCE: Final = timedelta(minutes=6)
"""Below this the plugin takes two clocks for one, and what a run takes comes on top."""
_REAL_CLOUD: Final = "api.cloud.yandex.net:443"
_SLICE: Final = 7
_PART: Final = 20
Told = Callable[[str], None]


@dataclass(frozen=True)
class Clock:
    """What a run goes by. skew: how far the machine of the run with that number is ahead of the cloud; as_of: what it is told instead of the time,
    by the cloud's time now and as it all began; endpoint: the cloud that the plugin takes it for, where that isn't one on this machine.
    """

    skew: Callable[[int], timedelta] = lambda number: _ZERO
    as_of: Callable[[datetime, datetime], datetime] | None = None
    endpoint: str = ""

    @property
    def only_rehearses(self) -> bool:
        """Whether nothing may be changed by such a time."""
        return self.as_of is not None and bool(self.endpoint)


def _always(skew: timedelta) -> Clock:
    return Clock(lambda number: skew)


def _one_of(machines: int, skew: timedelta) -> Clock:
    return Clock(lambda number: skew if number % machines == 0 else _ZERO)


_SKEWS: Final[Mapping[str, timedelta]] = {
    "20 seconds": timedelta(seconds=20),
    "4 minutes": timedelta(minutes=4),
    "10 minutes": timedelta(minutes=10),
    "3 hours": 3 * _HOUR,
    "a day": _DAY,
    "40 days": 40 * _DAY,
}
_AS_OF: Final[Mapping[str, Callable[[datetime, datetime], datetime]]] = {
    "8 days back": lambda now, begun: now - 8 * _DAY,
    "100 days back": lambda now, begun: now - 100 * _DAY,
    "a year ahead": lambda now, begun: now + 365 * _DAY,
    "never moved on": lambda now, begun: begun,
}
CLOCKS: Final[Mapping[str, Clock]] = {
    **{f"{words} ahead": _always(skew) for words, skew in _SKEWS.items()},
    **{f"{words} behind": _always(-skew) for words, skew in _SKEWS.items()},
    "one of two machines a day ahead": _one_of(2, _DAY),
    "one of three machines 40 days ahead": _one_of(3, 40 * _DAY),
    "one of two machines a day behind": _one_of(2, -_DAY),
    "one of three machines 40 days behind": _one_of(3, -40 * _DAY),
    "a day ahead and a day behind by turns": Clock(lambda number: _DAY if number % 2 else -_DAY),
    **{f"asOf {words}, a cloud on this machine": Clock(as_of=as_of) for words, as_of in _AS_OF.items()},
    **{f"asOf {words}, a real cloud": Clock(as_of=as_of, endpoint=_REAL_CLOUD) for words, as_of in _AS_OF.items()},
}
PACES: Final[Mapping[str, tuple[timedelta, dict[str, str]]]] = {
    "daily": (_DAY, {"lifetime": "60d", "rotateEvery": "14d", "overlap": "4d"}),
    "hourly": (_HOUR, {"lifetime": "4d", "rotateEvery": "1d", "overlap": "12h"}),
}


@dataclass(frozen=True)
class Case:
    """The clock goes wrong at that step, with that delivery, runs come at that pace."""

    clock: str
    step: str
    delivery: str = DELIVERIES[0]
    pace: str = "daily"

    def __str__(self) -> str:
        return f"{self.clock}, {self.step}, {self.delivery}, {self.pace}"


@dataclass
class Result:
    """What broke, and how many runs went by a wrong time."""

    case: Case
    broken: list[str]
    runs: int = 0


@dataclass
class _Seen:
    """What a state said of a key before a run."""

    key_id: str
    generation: int
    due: datetime
    ends: datetime
    overlap: timedelta


@dataclass
class Course:
    """One case at work: its life, and what is known of its clock."""

    case: Case
    cloud: NearCloud
    runs: int = 0
    asked: bool = False
    """Whether somebody has asked for what may rotate."""
    removed: bool = False
    stuck: bool = False
    """Whether a consumer goes on with what it read first."""
    refreshes: bool = False
    put_back: bool = False
    """Whether a colleague has put a previous key back, and no run has gone well since."""
    compromised: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.clock = CLOCKS[self.case.clock]
        self.every, self.terms = PACES[self.case.pace]
        self.world = World(self.cloud)
        self.life = LiveStack(self.world, self.case.delivery)
        self.change(**self.terms)
        self.asked = False
        self._wrong, self._begun, self._said, self._refused = False, self.cloud.now(), False, False
        self._behind = _ZERO
        self._known: set[str] = set()
        self._ends: dict[str, datetime] = {}
        self._held: dict[str, datetime] = {}
        """Keys that consumers may hold since before a rotation, and until when those must work."""
        self._first_id, self._first_secret = "", ""
        self._warned: set[str] = set()
        self._changes = 0
        self.cloud.watchers.append(self._happened)

    # What users do.

    def change(self, **inputs: Any) -> None:
        """Changes inputs; such a change may rotate, once."""
        self.life.change(**inputs)
        self.asked = True

    def remove(self) -> None:
        """The key leaves the program."""
        self.life.declare(self.life.stack, [*self.life.ground(), *self.life.others()])
        self.removed = True
        self._held.clear()

    def declare_again(self) -> None:
        """It is back, as another one."""
        self.life.declare(self.life.stack, self.life.program())
        self.removed, self.asked = False, True

    def compromise(self, key_id: str) -> None:
        """A key is listed as compromised."""
        self.compromised.add(key_id)
        self._held.pop(key_id, None)
        self.change(compromised=sorted(self.compromised))

    def go_wrong(self) -> None:
        """From now on runs go by the case's clock."""
        self._wrong, self._begun = True, self.cloud.now()

    def come_right(self) -> None:
        """From now on they go by the right one."""
        if self.stuck and not self._said and self._first_id not in self._warned:
            self._break(f"the consumer of {self._first_id} was cut without a word")
        self._wrong, self.refreshes, self.stuck = False, False, False
        self._set_clock()

    # Time and runs.

    @property
    def values(self) -> dict[str, Any]:
        """The key as the state has it."""
        return self.life.stack.resources["key"].values

    @property
    def period(self) -> timedelta:
        """From one rotation to the next."""
        return parse_duration(self.terms["rotateEvery"])

    @property
    def overlap(self) -> timedelta:
        """How long a previous key works."""
        return parse_duration(self.terms["overlap"])

    def wait(self, duration: timedelta) -> None:
        """Time goes by."""
        self.world.advance(duration)
        self._look("as time goes by")

    def wait_until(self, then: datetime) -> None:
        """Time goes by until then."""
        self.wait(max(then - self.cloud.now(), _ZERO))

    def rotate(self) -> None:
        """A rotation on schedule, by a right clock."""
        self.wait_until(parse_time(self.values["nextRotationAt"]) + timedelta(minutes=20))
        self.run()

    def run(self) -> Outcome:
        """`pulumi up`, and what must be true of it."""
        if self.stuck and self._first_secret:
            self.cloud.accepts(self._first_secret)
        self._set_clock()
        before = self._seen()
        self._known = {key for held in self._keys() for key in _ids(held.values)}
        self._ends = {
            key_id: moment(key.expires_at)
            for key_id, key in self.world.live_keys().items()
            if key.HasField("expires_at")
        }
        self._changes = 0
        outcome = self.world.up(self.life.stack, self.life.declared[id(self.life.stack)], refresh=self.refreshes)
        self.runs += self._wrong
        self._judge(before, outcome)
        return outcome

    def go_on(self) -> None:
        """Runs come at their pace, for two rotations, or for as long as a wrong clock may put them off."""
        begun, generation = self.cloud.now(), self._generation()
        least, most = 2 * self.period + self.overlap, min(2 * self.period + self.overlap + 45 * _DAY, 100 * self.every)
        while self.cloud.now() - begun < most:
            if self.cloud.now() - begun >= least and self._generation() >= generation + 2:
                break
            self.wait(self.every)
            self.run()

    def settle(self) -> None:
        """By a right clock: runs go well, a further one has nothing to do, and after one more rotation nothing is left over."""
        self.refreshes = True
        self.run()
        self.refreshes = False
        self.run()
        outcome = self.run()
        if outcome.done:
            self._break(f"one more `up` isn't a no-op: {outcome.done}")
        for _ in range(2 * ((self.period + self.overlap) // self.overlap + 1)):
            self.wait(self.overlap / 2)
            self.run()
        self.world.broken += self.world.strays()

    # What must be true.

    def _judge(self, before: Mapping[str, _Seen], outcome: Outcome) -> None:
        words = [line for line in outcome.logged if line.startswith("warning")]
        self._warned |= {key_id for key_id in self._known if any(key_id in line for line in words)}
        self._refused = outcome.failed
        # A cloud on this machine goes by the time that its user gives, and each run says so.
        judged = not self.clock.endpoint and any("judged as of" in line for line in outcome.logged)
        told = judged or any("clock" in line or "asOf" in line for line in words)
        self._said |= self._wrong and (outcome.failed or told)
        if outcome.failed:
            errors = " ".join(outcome.errors)
            if not self._wrong or self.clock.as_of is None or "asOf" not in errors:
                self._break(f"a run failed: {errors[:300]}")
        if self._wrong and self.clock.only_rehearses and self._changes:
            self._break("a real cloud was changed by asOf")
        if not outcome.failed:
            for held in self._keys():
                if held.name in before:
                    self._judge_rotation(before[held.name], held.values)
                self._judge_state(held.name, held.values)
            self.asked = self.put_back = False
        self._look("after a run")

    def _judge_rotation(self, before: _Seen, values: Mapping[str, Any]) -> None:
        now, more = self.cloud.now(), int(values["generation"]) - before.generation
        if more <= 0:
            return
        rehearsed = self._wrong and self.clock.as_of is not None
        is_due = before.due <= now + _TOLERANCE or before.ends <= now
        if more > 1 or not (is_due or self.asked or rehearsed):
            self._break(f"rotated {more} times at {now:%m-%d %H:%M}, though due {before.due:%m-%d %H:%M}")
        if before.key_id not in self.compromised:
            self._held[before.key_id] = min(before.ends, now + before.overlap) - _TOLERANCE

    def _judge_state(self, name: str, values: Mapping[str, Any]) -> None:
        """The state says what the cloud has, and that is counted from its own time."""
        key = self.world.key(values["keyId"])
        if key is None:
            self._break(f"{name}: current key {values['keyId']} isn't there")
            return
        made, ends, told = moment(key.created_at), moment(key.expires_at), parse_time(values["expiresAt"])
        if abs(parse_time(values["issuedAt"]) - made) > timedelta(seconds=1):
            self._break(f"{name}: issued {made}, the state says {values['issuedAt']}")
        if abs(told - ends) > timedelta(seconds=1):
            self._break(f"{name}: ends {ends}, the state says {told}")
        if abs(ends - made - parse_duration(values["lifetime"])) > _TOLERANCE:
            self._break(f"{name}: lives {ends - made}, its lifetime is {values['lifetime']}")
        if set(key.scopes) != set(values["scopes"]):
            self._break(f"{name}: scopes {sorted(key.scopes)}, the state says {values['scopes']}")
        for item in values["previous"]:
            previous = self.world.key(item["keyId"])
            if previous is None:
                self._break(f"{name}: previous key {item['keyId']} isn't there")
            elif item.get("enforced", True) and moment(previous.expires_at) != parse_time(item["expiresAt"]):
                self._break(
                    f"{name}: previous key ends {moment(previous.expires_at)}, the state says {item['expiresAt']}"
                )

    def _look(self, when: str) -> None:
        """What is given now, and what was given before rotations."""
        if self._may_be_cut:
            if not self._said:
                self._break("consumers may be cut without a word")
            return
        for held in self._keys():
            if not self.put_back and not self.cloud.accepts(self._given(held.values)):
                self._break(f"{when}: what is given of {held.name} is refused")
        now = self.cloud.now()
        self._held = {key_id: until for key_id, until in self._held.items() if until > now}
        for key_id in [key_id for key_id in self._held if not self.cloud.accepts(self.world.secret_of(key_id))]:
            self._break(
                f"{when}: key {key_id}, which consumers may hold until {self._held[key_id]:%m-%d %H:%M}, is refused"
            )
            del self._held[key_id]

    @property
    def _may_be_cut(self) -> bool:
        """Whether a key has ended that a run could not know to be due, by a clock that is so far behind, or was not allowed to replace."""
        now = self.cloud.now()
        dead = [held.values for held in self._keys() if parse_time(held.values["expiresAt"]) <= now]
        return any(self._refused or self._behind > latest_wait(values) - self.every for values in dead)

    def _given(self, values: Mapping[str, Any]) -> str:
        target = values.get("lockbox")
        if not target:
            return str(values["secret"])
        return self.world.entries(target["secretId"]).get(target["secretEntry"], "-")

    def _happened(self, happened: Happened) -> None:
        name = happened.method.rpartition("/")[2]
        if happened.answer is None or name.startswith(("Get", "List")) or happened.method.startswith("IamToken"):
            return
        self._changes += 1
        key_id = getattr(happened.request, "api_key_id", "")
        if happened.method == "ApiKeyService/Update":
            key = self.world.key(key_id)
            if key is not None:
                self._ends[key_id] = moment(key.expires_at)
        if happened.method != "ApiKeyService/Delete" or key_id not in self._known - self.compromised or self.removed:
            return
        if self._ends.get(key_id, self.cloud.now()) > self.cloud.now():
            self._break(f"key {key_id} was deleted, which lives until {self._ends[key_id]:%m-%d %H:%M}")

    def _set_clock(self) -> None:
        clock, now = self.clock if self._wrong else Clock(), self.cloud.now()
        self.world.skew = clock.skew(self.runs)
        self.world.cloud.variables = {"YC_ENDPOINT": clock.endpoint} if clock.endpoint else {}
        if clock.as_of is not None:
            self.world.cloud.variables["YANDEX_KEYS_AS_OF"] = format_time(clock.as_of(now, self._begun))
        self._behind = self.world.behind

    def _keys(self) -> list[Any]:
        return [held for held in self.life.stack.resources.values() if held.token == KEY]

    def _generation(self) -> int:
        held = self.life.stack.resources.get("key")
        return int(held.values["generation"]) if held is not None else 0

    def _seen(self) -> dict[str, _Seen]:
        seen = {}
        for held in self._keys():
            values = held.values
            if held.name == "key" and not self._first_id:
                self._first_id, self._first_secret = values["keyId"], self.world.secret_of(values["keyId"])
            seen[held.name] = _Seen(
                values["keyId"],
                int(values["generation"]),
                parse_time(values["nextRotationAt"]),
                parse_time(values["expiresAt"]),
                parse_duration(values["overlap"]),
            )
        return seen

    def _break(self, words: str) -> None:
        self.world.broken.append(words)


def _ids(values: Mapping[str, Any]) -> Iterator[str]:
    yield values["keyId"]
    yield from (item["keyId"] for item in values["previous"])


# The steps: what was before, by a right clock; then what is done by the wrong one.


@dataclass(frozen=True)
class Step:
    """A step of a key's life. before: by a right clock; act: by the wrong one. only: the deliveries that it makes sense for."""

    name: str
    before: Callable[[Course], None]
    act: Callable[[Course], None] = lambda course: None
    only: Sequence[str] = DELIVERIES


def _nothing(course: Course) -> None:
    """There is no key yet."""


def _issued(course: Course) -> None:
    course.run()
    course.wait(course.period / 3)


def _due(course: Course) -> None:
    course.run()
    course.wait_until(parse_time(course.values["nextRotationAt"]) + timedelta(minutes=20))


def _almost_due(course: Course) -> None:
    course.run()
    course.wait_until(parse_time(course.values["nextRotationAt"]) - course.every / 2)


def _in_an_overlap(course: Course) -> None:
    course.run()
    course.rotate()
    course.wait(course.overlap / 2)


def _stuck(course: Course) -> None:
    _in_an_overlap(course)
    course.stuck = True


def _overlap_over(course: Course) -> None:
    course.run()
    course.rotate()
    course.wait(course.overlap + _HOUR)


def _compromised(course: Course) -> None:
    course.compromise(course.values["keyId"])


def _previous_compromised(course: Course) -> None:
    course.compromise(course.values["previous"][0]["keyId"])


def _given_again(course: Course) -> None:
    """A colleague has put the version with the previous key back."""
    _in_an_overlap(course)
    secret_id = course.values["lockbox"]["secretId"]
    version = course.values["previous"][0]["lockboxVersionId"]
    course.world.by_hand("SecretService/SetCurrentVersion", {"secret_id": secret_id, "version_id": version})
    course.put_back = True


def _lifetime(part: float) -> Callable[[Course], None]:
    def changed(course: Course) -> None:
        course.change(lifetime=f"{int((course.period + course.overlap) * part / _HOUR)}h")

    return changed


def _old(course: Course) -> None:
    """Nobody has run anything for longer than a rotation and an overlap."""
    course.run()
    course.wait(course.period + course.overlap + _DAY)


def _rescoped(course: Course) -> None:
    course.change(scopes=[*MORE_SCOPES])


def _reissued(course: Course) -> None:
    course.change(reissue="now")


def _refreshed(course: Course) -> None:
    course.refreshes = True


def _deleted(course: Course) -> None:
    course.remove()
    course.run()
    course.declare_again()


def _moved(course: Course) -> None:
    course.change(entry="moved")


_IN_LOCKBOX: Final = ("Lockbox", "shared secret")
STEPS: Final = (
    Step("first issue", _nothing),
    Step("not due", _issued),
    Step("almost due", _almost_due),
    Step("due", _due),
    Step("extension", _stuck),
    Step("overlap", _in_an_overlap),
    Step("retirement", _overlap_over),
    Step("compromised", _issued, _compromised),
    Step("compromised, due", _due, _compromised),
    Step("previous compromised", _in_an_overlap, _previous_compromised),
    Step("given again, compromised", _given_again, _previous_compromised, ("Lockbox",)),
    Step("longer lifetime", _issued, _lifetime(4)),
    Step("shorter lifetime", _issued, _lifetime(1)),
    Step("lifetime over", _old, _lifetime(1)),
    Step("scopes", _issued, _rescoped),
    Step("reissue", _issued, _reissued),
    Step("refresh", _in_an_overlap, _refreshed),
    Step("another entry", _issued, _moved, _IN_LOCKBOX),
    Step("delete", _in_an_overlap, _deleted),
)
BY_NAME: Final = {step.name: step for step in STEPS}


def lived(case: Case) -> Result:
    """The case from its beginning until the clock is right again and nothing is left."""
    step = BY_NAME[case.step]
    with near_cloud() as cloud:
        course = Course(case, cloud)
        step.before(course)
        course.go_wrong()
        step.act(course)
        course.run()
        course.go_on()
        course.come_right()
        course.settle()
        return Result(case, list(course.world.broken), course.runs)


def cases() -> Iterator[Case]:
    """Every clock at every step, with every delivery; the paces take turns."""
    paces = list(PACES)
    for number, clock in enumerate(CLOCKS):
        for at, step in enumerate(STEPS):
            for turn, delivery in enumerate(step.only):
                yield Case(clock, step.name, delivery, paces[(number + at + turn) % len(paces)])


def clocks(quick: bool, tell: Told) -> list[Table]:
    """Runs them all, in quick form a part: a row for each clock, a column for each step."""
    chosen = list(cases())
    chosen = chosen[::_SLICE] if quick else chosen
    done: list[Result] = []
    with ProcessPoolExecutor(processors(), mp_context=get_context("spawn")) as pool:
        for part in pool.map(_all, [chosen[at : at + _PART] for at in range(0, len(chosen), _PART)]):
            for found in part:
                done.append(found)
                for words in found.broken[:3]:
                    tell(f"{found.case}: {words}")
    names = [step.name for step in STEPS]
    table = Table("Clocks", ("clock", "cases", "runs", *names, "broken"), wrong=("broken",))
    for clock in CLOCKS:
        mine = [found for found in done if found.case.clock == clock]
        cells = []
        for name in names:
            there = [found for found in mine if found.case.step == name]
            broken = sum(bool(found.broken) for found in there)
            cells.append("-" if not there else f"{broken} broken" if broken else "held")
        broken = sum(bool(found.broken) for found in mine)
        table.add(clock, len(mine), sum(found.runs for found in mine), *cells, broken)
    table.total()
    return [table]


def _all(part: Sequence[Case]) -> list[Result]:
    results = []
    for case in part:
        try:
            results.append(lived(case))
        except Exception as error:
            results.append(Result(case, [f"{type(error).__name__}: {error}"]))
    return results
