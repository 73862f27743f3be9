"""Years of schedules, simulated over `decide`: runs every hour, day, 25 hours or week, punctual or not; overlaps from a day to two weeks; consumers
that read Lockbox every minute, hour or day, or never again.

A consumer uses the key that it has read last, all the time. One that never reads again is stuck: it is extended, warned of, and at last cut. What
counts as wrong: a stuck one cut without a warning although a run came while it could be seen, and a word about one that reads again within a quarter
of the overlap.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Final, Literal

from provider.yandex_keys.answers import ApiKeyAnswer
from provider.yandex_keys.api_key.key import Inputs, ListedKey, Lockbox, PreviousKey, State
from provider.yandex_keys.api_key.rotation import Action, Verb, decide
from provider.yandex_keys.api_key.state import first_state, rotated_state
from provider.yandex_keys.rotation_calendar import ALWAYS, DAYS, Calendar, freeze_of, window_of
from provider.yandex_keys.times import format_time
from tests.reliability.workers import processors
from tools.table import Table

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
START: Final = datetime(2026, 1, 5, 3, 0, 5, tzinfo=UTC)
EVERY: Final[Mapping[str, timedelta]] = {"hour": _HOUR, "day": _DAY, "25 hours": 25 * _HOUR, "week": 7 * _DAY}
OVERLAPS: Final = (1, 2, 3, 7, 14)
READS: Final[Mapping[str, timedelta | None]] = {
    "minute": timedelta(minutes=1),
    "hour": _HOUR,
    "day": _DAY,
    "never": None,
}
CALENDARS: Final[Mapping[str, Calendar]] = {
    "none": ALWAYS,
    "working hours": Calendar((window_of(frozenset(DAYS[:5]), "09:00", "17:00", "Europe/Berlin"),)),
    "Sunday nights": Calendar((window_of(frozenset({"sun"}), "22:00", "04:00", "Europe/Berlin"),)),
    "Mondays, frozen each December": Calendar(
        (window_of(frozenset({"mon"}), "00:00", "24:00", "Europe/Moscow"),),
        tuple(freeze_of(f"{year}-12-15", f"{year + 1}-01-11", "The end of the year") for year in range(2026, 2032)),
    ),
    "frozen for a quarter": Calendar(
        (), tuple(freeze_of(f"{year}-02-01", f"{year}-05-01", "") for year in range(2026, 2032))
    ),
}
MANNERS: Final = ("punctual", "unpunctual", "runs missed")
YEARS: Final = 3
Told = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How runs come, how long the overlap is, how a consumer reads, and what is done where it is still used."""

    every: str
    manner: str
    overlap: int
    reads: str
    still_used: Literal["extend", "retire"] = "extend"
    years: int = YEARS
    calendar: str = "none"

    def __str__(self) -> str:
        when = "" if self.calendar == "none" else f", {self.calendar}"
        return f"runs every {self.every}, {self.manner}, overlap {self.overlap}d, read every {self.reads}, {self.still_used}{when}"


@dataclass
class Course:
    """What came of it: rotations, words (warnings of a use), keys that ended under their consumer, and those among them without any word before.

    seen: how many of those that ended without a word could have been seen by a run. longest: the longest life of a previous key.
    against: rotations that didn't wait though they could; shortened: keys that had waited and then kept less than their overlap.
    """

    plan: Plan
    rotations: int = 0
    words: int = 0
    cut: int = 0
    unsaid: int = 0
    seen: int = 0
    against: int = 0
    shortened: int = 0
    longest: timedelta = timedelta(0)
    served: bool = True

    @property
    def is_healthy(self) -> bool:
        """Whether its consumer reads again within a quarter of the overlap."""
        pace = READS[self.plan.reads]
        return pace is not None and pace <= self.plan.overlap * _DAY / 4

    @property
    def wrong(self) -> list[str]:
        """What goes against a promise."""
        found = []
        if self.seen:
            found.append(f"{self.seen} of {self.cut} stuck consumers cut without a word, though a run came in time")
        if self.unsaid and self.plan.manner == "punctual" and EVERY[self.plan.every] * 2 <= self.plan.overlap * _DAY:
            found.append(
                f"{self.unsaid} of {self.cut} stuck consumers cut without a word, though the overlap holds two runs"
            )
        if self.is_healthy and (self.words or self.cut):
            found.append(f"{self.words} words about a healthy consumer, {self.cut} times cut")
        if self.is_healthy and self.longest > self.plan.overlap * _DAY:
            found.append(f"a previous key lived {self.longest}")
        if self.against:
            found.append(f"{self.against} rotations at a time that the calendar leaves out, with time to wait")
        if self.shortened:
            found.append(f"{self.shortened} keys that waited kept less than their overlap")
        if not self.served:
            found.append("the current key had ended as a run came")
        return found


def lived(plan: Plan, seed: int = 0) -> Course:
    """Runs `plan.years` of it."""
    return _Simulation(plan, seed).course()


class _Simulation:
    def __init__(self, plan: Plan, seed: int) -> None:
        self._plan, self._chance = plan, random.Random(f"{plan} {seed}")
        self._inputs = Inputs(
            service_account_id="aje",
            scopes=frozenset({"yc.ai.translate.execute"}),
            description="",
            lifetime=90 * _DAY,
            rotate_every=30 * _DAY,
            overlap=plan.overlap * _DAY,
            when_still_used=plan.still_used,
            lockbox=Lockbox("e6q"),
            calendar=CALENDARS[plan.calendar],
        )
        self._waited = False
        self._urn = f"urn:pulumi:prod::api-keys::yandex-keys:index:ApiKey::{plan.every}-{plan.manner}-{seed}"
        self._state = first_state(self._inputs, self._issued(START), "instance", self._urn, START, None)
        self._state = replace(self._state, expires_at=START + self._inputs.lifetime, lifetime=self._inputs.lifetime)
        self._course = Course(plan)
        self._said: set[str] = set()
        self._runs: list[datetime] = []

    def course(self) -> Course:
        for now in self._times():
            self._runs.append(now)
            self._run(now)
        return self._course

    def _times(self) -> Iterator[datetime]:
        every, at = EVERY[self._plan.every], START
        end = START + self._plan.years * 365 * _DAY
        while at < end:
            at += every
            if self._plan.manner == "runs missed" and self._chance.random() < 0.15:
                continue
            off = every * 0.1 * (2 * self._chance.random() - 1) if self._plan.manner != "punctual" else timedelta(0)
            yield (at + off).replace(microsecond=0)

    def _run(self, now: datetime) -> None:
        self._course.served &= self._state.expires_at > now
        decision = decide(self._inputs, self._state, now, self._urn)
        if decision.wants_listing:
            listed = {item.key_id: self._listed(item, now) for item in self._state.previous}
            decision = decide(self._inputs, self._state, now, self._urn, listed)
        rotation = decision.action(Verb.ROTATE)
        if rotation is not None:
            allowed = self._inputs.calendar.next_allowed(now)
            ends = self._state.issued_at + self._inputs.lifetime
            self._course.against += allowed > now and allowed + self._inputs.overlap * 1.5 <= ends
            # Of runs that come twice an overlap the one before would have seen it.
            punctual = self._plan.manner == "punctual" and EVERY[self._plan.every] * 2 <= self._inputs.overlap
            self._course.shortened += self._waited and punctual and now + self._inputs.overlap > ends
        self._waited = bool(decision.waits)
        for words in decision.warnings:
            self._course.words += "still used" in words
            self._said |= {item.key_id for item in self._state.previous if item.key_id in words}
        for action in decision.actions:
            self._carry_out(action, now)

    def _carry_out(self, action: Action, now: datetime) -> None:
        if action.verb == Verb.ROTATE:
            issued = self._issued(now)
            self._state = rotated_state(
                self._inputs,
                self._state,
                issued,
                "instance",
                self._urn,
                now,
                action.overlap or timedelta(0),
                {},
                None,
            )
            self._state = replace(
                self._state, previous=tuple(replace(item, enforced=True) for item in self._state.previous)
            )
            self._course.rotations += 1
        elif action.verb == Verb.EXTEND:
            assert action.until is not None
            self._put(action.key_id, expires_at=action.until, extended_at=now)
        elif action.verb == Verb.RETIRE:
            (gone,) = (item for item in self._state.previous if item.key_id == action.key_id)
            self._state = replace(
                self._state, previous=tuple(item for item in self._state.previous if item is not gone)
            )
            self._ended(gone)

    def _ended(self, key: PreviousKey) -> None:
        self._course.longest = max(self._course.longest, key.expires_at - key.rotated_at)
        if self._used_until(key, key.expires_at) < key.expires_at - timedelta(minutes=1):
            return
        self._course.cut += 1
        if key.key_id not in self._said:
            self._course.unsaid += 1
            watched = key.rotated_at + self._inputs.overlap / 4 + timedelta(minutes=1)
            self._course.seen += any(watched < run < key.expires_at for run in self._runs)

    def _listed(self, key: PreviousKey, now: datetime) -> ListedKey:
        return ListedKey(key.key_id, key.issued_at, key.expires_at, self._used_until(key, now))

    def _used_until(self, key: PreviousKey, now: datetime) -> datetime:
        """When its consumer used it last: up to its next look at Lockbox, which comes in its own time."""
        pace = READS[self._plan.reads]
        if pace is None:
            return min(now, key.expires_at)
        since = START + pace * ((key.rotated_at - START) // pace) + pace
        return min(now, since, key.expires_at)

    def _put(self, key_id: str, **changes: datetime) -> None:
        self._state = replace(
            self._state,
            previous=tuple(
                replace(item, **changes) if item.key_id == key_id else item  # type: ignore[arg-type]
                for item in self._state.previous
            ),
        )

    def _issued(self, now: datetime) -> ApiKeyAnswer:
        return {
            "id": f"key {now:%Y-%m-%d %H:%M:%S}",
            "created_at": format_time(now),
            "expires_at": format_time(now + self._inputs.lifetime),
        }


def plans(years: int = YEARS) -> Iterator[Plan]:
    """Every way of running, with every overlap, consumer and wish; and with every calendar, consumers that read in time."""
    for every in EVERY:
        for manner in MANNERS:
            for overlap in (2, 14) if every != "week" else (14,):  # fewer than two runs are refused
                for calendar in sorted(CALENDARS.keys() - {"none"}):
                    yield Plan(every, manner, overlap, "hour", years=years, calendar=calendar)
    for every in EVERY:
        for manner in MANNERS:
            for overlap in OVERLAPS:
                for reads in READS:
                    yield Plan(every, manner, overlap, reads, years=years)
                yield Plan(every, manner, overlap, "never", "retire", years)


def schedules(quick: bool, tell: Told) -> list[Table]:
    """Runs them all: a row for each way of running, and the long table."""
    chosen = list(plans(1 if quick else YEARS))
    with ProcessPoolExecutor(processors(), mp_context=get_context("spawn")) as pool:
        done = list(pool.map(lived, chosen, chunksize=4))
    for course in done:
        for words in course.wrong:
            tell(f"{course.plan}: {words}")
    columns = ("rotations", "cut", "cut without a word", "words about the healthy", "wrong")
    short = Table("Schedules", ("runs", "schedules", *columns), wrong=("wrong",))
    for every in EVERY:
        mine = [course for course in done if course.plan.every == every]
        short.add(f"every {every}", len(mine), *_sums(mine))
    short.total()
    long = Table("Schedules, each", ("runs", "overlap in days", "read", *columns), wrong=("wrong",))
    for every in EVERY:
        for manner in MANNERS:
            for overlap in OVERLAPS:
                for reads in READS:
                    wanted = (every, manner, overlap, reads)
                    mine = [
                        item
                        for item in done
                        if (item.plan.every, item.plan.manner, item.plan.overlap, item.plan.reads) == wanted
                    ]
                    long.add(f"every {every}, {manner}", overlap, reads, *_sums(mine))
    return [short, long]


def _sums(courses: list[Course]) -> tuple[int, int, int, int, int]:
    return (
        sum(course.rotations for course in courses),
        sum(course.cut for course in courses),
        sum(course.unsaid for course in courses),
        sum(course.words for course in courses if course.is_healthy),
        sum(bool(course.wrong) for course in courses),
    )


__all__ = ["Course", "Plan", "State", "lived", "plans", "schedules"]
