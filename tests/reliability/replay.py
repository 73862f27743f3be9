"""Walks taken twice: through the small engine and through the real one. Both must come to the same after each step, so that the small one is held to
the real one, and nothing that the small one finds is an artefact of its own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.reliability.programs import KEY
from tests.reliability.real_engine import RealStack, directories
from tests.reliability.small_engine import Start
from tests.reliability.walk import Walk
from tests.reliability.walks import Steps, story
from tests.reliability.workers import processors
from tools.table import Table

_WALKS: Final = 100
_FEW: Final = 4
_LENGTH: Final = 10
_FIRST_SEED: Final = 1_000_000
Told = Callable[[str], None]


@dataclass
class Replayed:
    """A walk that was taken twice: its steps, and where the two came to different things."""

    seed: int
    steps: Steps = ()
    differences: list[str] = field(default_factory=list)


class RealWalk(Walk):
    """A walk through the real engine; its backends lie in `parent`."""

    def __init__(self, parent: Path) -> None:
        super().__init__()
        self._places = directories(parent)
        self.world.make = self._stack

    def _stack(self, start: Start, name: str) -> RealStack:
        return RealStack(next(self._places), self.world.cloud, lambda: self.world.cloud.now() + self.world.skew, name)


def replayed(number: int, length: int = _LENGTH) -> Replayed:
    """The walk of seed `number`, `length` steps of it, through both engines."""
    steps = chosen(number, length)
    found = Replayed(number, steps)
    parent = Path(tempfile.mkdtemp(prefix="reliability-replay-"))
    small, real = Walk(), RealWalk(parent)
    try:
        for at, (name, given) in enumerate(steps):
            for walk in (small, real):
                getattr(walk, name)(**given)
            one, other = come_to(small), come_to(real)
            if one != other:
                line = list(story(steps))[at]
                found.differences.append(f"after {line}: the small engine {one}, the real one {other}")
                break
    except AssertionError as error:
        found.differences.append(str(error))
    finally:
        for walk in (small, real):
            walk.world.broken.clear()
            walk.teams.clear()
            walk.teardown()
        shutil.rmtree(parent, ignore_errors=True)
    return found


def chosen(number: int, length: int) -> Steps:
    """The steps that hypothesis chooses from that seed."""
    ended: list[Walk] = []

    class Noted(Walk):
        def __init__(self) -> None:
            super().__init__()
            ended.append(self)

    wanted = settings(
        max_examples=2,
        stateful_step_count=length,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(seed(number)(Noted), settings=wanted)
    return [step for step in max(ended, key=lambda walk: len(walk.taken)).taken if step[0] != "rest"]


def come_to(walk: Walk) -> list[Any]:
    """What can be compared: of every state its resources and how far their keys have come, and what lives in the cloud."""
    states = [sorted(map(_shown, team.stack.state.resources)) for team in walk.teams]
    lines = sorted(walk.world.line_of[key_id] == "a colleague" for key_id in walk.world.live_keys())
    return [states, lines]


def _shown(held: Any) -> str:
    values = held.values if held.token == KEY else {}
    marks = [mark for mark in ("delete", "pending_replacement", "taint", "protect", "retain") if getattr(held, mark)]
    marks += ["errors"] if held.init_errors else []
    keys = f" generation {values['generation']}, {len(values['previous'])} previous" if "generation" in values else ""
    return f"{held.name}{keys} {' '.join(marks)}".strip()


def replays(quick: bool, tell: Told) -> Table:
    """Replays them; one row."""
    seeds = range(_FIRST_SEED, _FIRST_SEED + (_FEW if quick else _WALKS))
    table = Table("Walks through the real engine", ("seeds", "walks", "steps", "differences"), wrong=("differences",))
    done: list[Replayed] = []
    with ProcessPoolExecutor(processors(), mp_context=get_context("spawn")) as pool:
        for found in pool.map(replayed, seeds):
            done.append(found)
            for words in (*found.differences, *story(found.steps)) if found.differences else ():
                tell(f"seed {found.seed}: {words}")
    steps = sum(len(found.steps) for found in done)
    table.add(f"{seeds.start} to {seeds.stop - 1}", len(done), steps, sum(bool(found.differences) for found in done))
    return table


__all__ = ["RealWalk", "come_to", "replayed", "replays"]
