"""The goals of the performance page, and whether a run met them; of what missed one, where the time went (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tools.bench.figures import (
    CREATE,
    FLOOR,
    FLOOR_WRITTEN_ONCE,
    NO_OP,
    OURS,
    OURS_WRITTEN_ONCE,
    PREVIEW,
    REFRESH,
    ROTATE,
    STEPS,
    Figures,
    Place,
)
from tools.bench.rounds import Plan
from tools.bench.spent import ROLES
from tools.table import Table

BEFORE_KEYS: Final = 200
BEFORE_STATE: Final = 7_750
"""Bytes of state a key in a stack of 200, before the state was compressed and frames were left out of it: of commit 63f6804, by this benchmark."""
BEFORE_WRITTEN: Final = 1_285_000_000
"""Bytes that the create of 200 keys wrote to the backend, then."""
_MEMORY_KEYS: Final = 1_000
_MB: Final = 1_000_000
_SMALL: Final = 6
_NO_OP_TIMES: Final = 1.15
_CREATE_TIMES: Final = 1.2
_GROWTH_SPARE: Final = 1.05
"""Two medians of one thing differ by some percent from run to run."""
_START_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Goal:
    """met: None where the run can't say. why: of one that was missed, what was measured that says where the rest is; by_time: whether it is
    judged by wall time, which a busy machine doesn't tell."""

    figure: str
    goal: str
    measured: str
    met: bool | None
    why: str = ""
    by_time: bool = False

    @property
    def verdict(self) -> str:
        """In a word or two."""
        if self.met is not None:
            return "yes" if self.met else "NO"
        return "busy machine" if self.by_time and self.measured else "not measured"


def goals(figures: Figures, plan: Plan, beside: str = "", is_busy: bool = False) -> list[Goal]:
    """Each goal with its figure. `beside`: the name under which another tool's figures are among them; `is_busy`: the machine was, so no goal is
    judged by time."""
    return [replace(goal, met=None) if is_busy and goal.by_time else goal for goal in _every(figures, plan, beside)]


def _every(figures: Figures, plan: Plan, beside: str) -> list[Goal]:
    return [
        *_against_the_other(figures, plan, beside),
        *(_times_floor(figures, NO_OP, keys, _NO_OP_TIMES) for keys in sorted({_SMALL, plan.main})),
        _times_floor(figures, CREATE, plan.main, _CREATE_TIMES),
        *(_growth(figures, step) for step in (CREATE, NO_OP)),
        _state(figures),
        _written(figures),
        *_calls(figures, plan),
        *_memory(figures),
        _start(figures),
    ]


def goals_table(found: list[Goal]) -> Table:
    """The goals as a table."""
    table = Table("goals", ["figure", "goal", "measured", "met"], words=("goal", "measured", "met"))
    for goal in found:
        table.add(goal.figure, goal.goal, goal.measured or "-", goal.verdict)
    return table


def where(figures: Figures, ours: Place, floor: Place) -> str:
    """The CPU seconds of a step by who used them, beside the floor's."""
    parts = []
    for role in ROLES:
        own, least = figures.cpu_of(ours, role), figures.cpu_of(floor, role)
        if own is not None:
            parts.append(f"{role} {own:.1f}" + ("" if least is None else f" ({least:.1f})"))
    cloud = figures.cloud(ours)
    if cloud is not None:
        parts.append(f"local cloud {cloud:.1f}")
    return f"CPU seconds, in brackets the floor's: {', '.join(parts)}" if parts else ""


def _against_the_other(figures: Figures, plan: Plan, beside: str) -> Iterator[Goal]:
    for delay in sorted({plan.slow, 0}, reverse=True):
        for step in STEPS:
            named = f"{step} of {plan.main} keys, {delay} ms a call"
            ours, other = Place(OURS, step, plan.main, delay), Place(beside, step, plan.main, delay)
            took, theirs = figures.seconds(ours), figures.seconds(other)
            if took is None:
                continue
            if theirs is None:
                yield Goal(named, "at most the peer's time", f"{took:.1f} s; no peer was measured beside", None)
                continue
            yield Goal(
                named,
                f"at most the peer's time, {theirs:.1f} s",
                f"{took:.1f} s [CPU {figures.cpu(ours):.1f}; the peer's {figures.cpu(other) or 0:.1f}]",
                took <= theirs,
                _against_why(figures, ours),
                by_time=True,
            )


def _against_why(figures: Figures, ours: Place) -> str:
    floor = Place(FLOOR, ours.step, ours.keys)
    alone = figures.seconds(floor)
    said = "" if alone is None else f"the engine's floor alone is {alone:.1f} s without any call"
    return "; ".join(filter(None, [said, _written_once(figures, ours), where(figures, ours, floor)]))


def _written_once(figures: Figures, ours: Place) -> str:
    took, least = (figures.seconds(Place(who, ours.step, ours.keys)) for who in (OURS_WRITTEN_ONCE, FLOOR_WRITTEN_ONCE))
    if took is None or least is None:
        return ""
    return f"with the state written once, at the end, ours took {took:.1f} s and the floor {least:.1f}, without delay"


def _times_floor(figures: Figures, step: str, keys: int, most: float) -> Goal:
    figure, goal = f"{step} of {keys} keys", f"at most {most:g} times the engine's floor"
    ours, floor = Place(OURS, step, keys), Place(FLOOR, step, keys)
    took, least, cpu, least_cpu = figures.seconds(ours), figures.seconds(floor), figures.cpu(ours), figures.cpu(floor)
    if not took or not least or not cpu or not least_cpu:
        return Goal(figure, goal, "", None)
    measured = f"{took:.2f} s, {took / least:.2f} times {least:.2f} (CPU {cpu:.1f}, {cpu / least_cpu:.2f} times {least_cpu:.1f})"
    why = "; ".join(filter(None, [_written_once(figures, ours), where(figures, ours, floor)]))
    return Goal(figure, goal, measured, took / least <= most, why, by_time=True)


def _growth(figures: Figures, step: str) -> Goal:
    sizes = [keys for keys in figures.sizes(OURS, step) if keys >= 100 and keys in figures.sizes(FLOOR, step)]
    figure, goal = f"{step}, from 100 keys to 1,000", "as the engine's floor grows, and not more"
    if len(sizes) < 2:
        return Goal(figure, goal, "", None)
    least, most = sizes[0], sizes[-1]
    grown = []
    for who in (OURS, FLOOR):
        small, large = figures.seconds(Place(who, step, least)), figures.seconds(Place(who, step, most))
        if not small or not large:
            return Goal(figure, goal, "", None)
        grown.append(large / small)
    ours, floor = grown
    return Goal(
        f"{step}, from {least:,} keys to {most:,}",
        goal,
        f"{ours:.1f} times as long, the floor {floor:.1f} times",
        ours <= floor * _GROWTH_SPARE,
        where(figures, Place(OURS, step, most), Place(FLOOR, step, most)),
        by_time=True,
    )


def _state(figures: Figures) -> Goal:
    figure, goal = "state a key, on disk", f"at most 40 % of what it was, {BEFORE_STATE / 1000:.1f} kB"
    size = figures.state(Place(OURS, CREATE, BEFORE_KEYS))
    if size is None:
        return Goal(figure, goal, "", None)
    each = size / BEFORE_KEYS
    floor = figures.state(Place(FLOOR, CREATE, BEFORE_KEYS))
    why = (
        ""
        if floor is None
        else f"the floor's, with next to nothing in each resource, is {floor / BEFORE_KEYS / 1000:.2f} kB"
    )
    return Goal(figure, goal, f"{each / 1000:.2f} kB: {each / BEFORE_STATE:.0%}", each <= 0.4 * BEFORE_STATE, why)


def _written(figures: Figures) -> Goal:
    figure = f"bytes written to the backend, create of {BEFORE_KEYS} keys"
    goal = f"at most 5 % of what it was, {BEFORE_WRITTEN / _MB:,.0f} MB"
    ours, floor = (figures.written(Place(who, CREATE, BEFORE_KEYS)) for who in (OURS, FLOOR))
    if ours is None or floor is None:
        return Goal(figure, goal, "", None)
    measured = f"{ours / _MB:,.0f} MB: {ours / BEFORE_WRITTEN:.1%}; the floor's {floor / _MB:,.0f} MB"
    why = "the engine writes the whole state at each step"
    return Goal(figure, goal, measured, ours <= 0.05 * BEFORE_WRITTEN, why)


def _calls(figures: Figures, plan: Plan) -> Iterator[Goal]:
    keys = plan.main
    accounts = figures.accounts.get(keys, 0)
    for step, goal, most, why in (
        (CREATE, "at most 4 a key", 4 * keys, "an account and its role take a call each on top of 4 a key"),
        (NO_OP, "none", 0, ""),
        (ROTATE, "at most 3.1 a key and one listing an account", round(3.1 * keys) + accounts, ""),
        (
            REFRESH,
            "one an account and one a secret",
            accounts + keys,
            "an account's keys are listed, and the bindings of their folder; of secrets and accounts the first two of a folder are asked for by id, "
            "and the others by pages of it, as far as these show them as the state has them",
        ),
    ):
        made = figures.calls(Place(OURS, step, keys))
        if made is not None:
            measured = f"{made:,.0f} ({accounts} account{'s' if accounts != 1 else ''}; at most {most:,})"
            yield Goal(f"calls, {step} of {keys} keys", goal, measured, made <= most, why)


def _memory(figures: Figures) -> Iterator[Goal]:
    for role, most in (("plugin", 100), ("program", 150)):
        held = max((it for who in (OURS, OURS_WRITTEN_ONCE) for it in _held(figures, who, role)), default=None)
        bare = max((it for who in (FLOOR, FLOOR_WRITTEN_ONCE) for it in _held(figures, who, role)), default=None)
        figure, goal = f"the {role}'s peak memory at {_MEMORY_KEYS:,} keys", f"at most {most} MB"
        if held is None or bare is None:
            yield Goal(figure, goal, "", None)
        else:
            measured, floor = f"{held / _MB:.0f} MB", f"the floor's {role} holds {bare / _MB:.0f} MB of its own"
            yield Goal(figure, goal, f"{measured}; {floor}", held <= most * _MB, floor)


def _held(figures: Figures, who: str, role: str) -> list[float]:
    """Its peak memory in each step that was measured with so many keys."""
    held = (figures.memory(Place(who, step, _MEMORY_KEYS), role) for step in STEPS)
    return [it for it in held if it is not None]


def _start(figures: Figures) -> Goal:
    figure, goal = "start: preview of one account over the engine's own", f"at most {_START_SECONDS} s"
    ours, floor = Place(OURS, PREVIEW, 1), Place(FLOOR, PREVIEW, 1)
    took, least = figures.seconds(ours), figures.seconds(floor)
    cpu, least_cpu = figures.cpu(ours), figures.cpu(floor)
    if took is None or least is None or cpu is None or least_cpu is None:
        return Goal(figure, goal, "", None)
    measured = f"{took - least:.2f} s ({took:.2f} less {least:.2f}; CPU {cpu - least_cpu:.2f})"
    return Goal(figure, goal, measured, took - least <= _START_SECONDS, where(figures, ours, floor), by_time=True)
