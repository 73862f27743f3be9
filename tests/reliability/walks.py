"""Thousands of walks: chosen by hypothesis from seeds that are printed, and shrunk to a story of a few lines where something breaks."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.reliability.walk import Walk
from tests.reliability.workers import processors
from tools.table import Table

STEPS: Final = 30
_WALKS_A_SEED: Final = 25
_WALKS: Final = 10_000
_FEW: Final = 500
_TRIES: Final = 400

Told = Callable[[str], None]
Steps = Sequence[tuple[str, dict[str, Any]]]


@dataclass
class Found:
    """What the walks of one seed have come to: how many there were, and where one broke, its story and what broke."""

    seed: int
    walks: int
    steps: int
    broken: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)


def walked(number: int, walks: int = _WALKS_A_SEED, length: int = STEPS) -> Found:
    """The walks of seed `number`, up to the first that breaks, which is shrunk."""
    ended, broke = chosen(number, walks, length)
    if broke:
        last = next(walk for walk in reversed(ended) if walk.world.broken)
        steps, broken = shrunk([step for step in last.taken if step[0] != "rest"], list(last.world.broken))
        return Found(number, len(ended), _length(ended), broken, list(story(steps)))
    return Found(number, len(ended), _length(ended))


def chosen(number: int, walks: int, length: int) -> tuple[list[Walk], bool]:
    """The walks of up to `length` steps that hypothesis chooses from seed `number`, taken; and whether one broke, which is the last then."""
    ended: list[Walk] = []

    class Noted(Walk):
        def __init__(self) -> None:
            super().__init__()
            ended.append(self)

    wanted = settings(
        max_examples=walks,
        stateful_step_count=length,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    try:
        run_state_machine_as_test(seed(number)(Noted), settings=wanted)
    except AssertionError:
        return ended, True
    return ended, False


def take(steps: Steps) -> list[str]:
    """Takes these steps, in the order given, and comes to rest; what broke."""
    walk = Walk()
    try:
        for name, given in steps:
            getattr(walk, name)(**given)
        walk.rest()
    except AssertionError:
        pass
    broken = list(walk.world.broken)
    walk.world.broken.clear()
    walk.teams.clear()
    walk.teardown()
    return broken


def shrunk(steps: Steps, broken: list[str]) -> tuple[Steps, list[str]]:
    """The fewest of these steps that still break something, by leaving out more and more; and what they break."""
    tries, size = 0, max(1, len(steps) // 2)
    while tries < _TRIES:
        shorter = None
        for at in range(1, len(steps), size):
            without = [*steps[:at], *steps[at + size :]]
            tries += 1
            if found := take(without):
                shorter, broken = without, found
                break
        if shorter is not None:
            steps = shorter
        elif size == 1:
            break
        else:
            size = max(1, size // 2)
    return steps, broken


def story(steps: Steps) -> Iterator[str]:
    """Steps as they are written in a test."""
    for name, given in steps:
        yield f"walk.{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})"


def walks(quick: bool, tell: Told, first: int = 0) -> Table:
    """Runs them; one row. What breaks is told as a story, with its seed."""
    count = _FEW if quick else _WALKS
    table = Table("Walks", ("seeds", "walks", "steps", "broken"), wrong=("broken",))
    seeds = range(first, first + count // _WALKS_A_SEED)
    found: list[Found] = []
    with ProcessPoolExecutor(processors(), get_context("spawn"), initializer=_begin) as pool:
        for done in pool.map(walked, seeds):
            found.append(done)
            tell(f"{len(found)} of {len(seeds)} seeds")
            for words in (*done.broken, *done.story) if done.broken else ():
                tell(f"seed {done.seed}: {words}")
    broken = sum(bool(done.broken) for done in found)
    table.add(
        f"{seeds.start} to {seeds.stop - 1}",
        sum(done.walks for done in found),
        sum(done.steps for done in found),
        broken,
    )
    return table


def _begin() -> None:
    """In a worker, before its first work: what is imported lives as long as the process, so the collector needn't look through it again."""
    gc.collect()
    gc.freeze()


def _length(ended: Sequence[Walk]) -> int:
    return sum(len(walk.taken) for walk in ended)
