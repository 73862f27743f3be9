"""Walks taken twice: through the small engine and through the real one. Both must come to the same after each step, so that the small one is held to
the real one, and nothing that the small one finds is an artefact of its own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from yandex.cloud.iam.v1.api_key_pb2 import ApiKey
from yandex.cloud.iam.v1.service_account_pb2 import ServiceAccount

from emulator import identifiers
from emulator.clock import moment
from emulator.storage import Kind
from tests.reliability.engine_state import Held
from tests.reliability.programs import KEY
from tests.reliability.real_engine import RealStack, directories
from tests.reliability.small_engine import Start
from tests.reliability.walk import Walk
from tests.reliability.walks import Steps, chosen, story
from tests.reliability.workers import processors
from tests.reliability.world import COLLEAGUE
from tools.table import Table

_WALKS: Final = 100
_FEW: Final = 4
_LENGTH: Final = 30
_FIRST_SEED: Final = 1_000_000
_CHOSEN_FROM: Final = 3
_HOUR: Final = timedelta(hours=1)
Told = Callable[[str], None]


@dataclass
class Replayed:
    """A walk that was taken twice: its steps, after how many of them the two were compared, and where they came to different things.

    Where a run broke off among deletions that have no order, the rest can't be compared: the real engine leaves to chance which are done.
    """

    seed: int
    steps: Steps = ()
    compared: int = 0
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
    return taken_twice(steps_of(number, length), number)


def taken_twice(steps: Steps, number: int = 0) -> Replayed:
    """Those steps through both engines; `number` is the seed that they come of."""
    found = Replayed(number, steps)
    parent = Path(tempfile.mkdtemp(prefix="reliability-replay-"))
    # Where several keys end in one run, they do so in the order of their ids: where it breaks off between them, that tells
    # which are done, in both engines alike.
    with patch.object(identifiers, "new_id", _ids_that_grow()):
        return _compared(found, parent)


def _compared(found: Replayed, parent: Path) -> Replayed:
    steps = found.steps
    small, real = Walk(), RealWalk(parent)
    try:
        for at, (name, given) in enumerate(steps):
            for walk in (small, real):
                getattr(walk, name)(**given)
            if any(stack.left_to_chance for stack in small.world.stacks):
                break
            one, other = come_to(small), come_to(real)
            if one != other:
                line = list(story(steps))[at]
                found.differences.append(f"after {line}: the small engine {one}, the real one {other}")
                break
            found.compared += 1
    except AssertionError as error:
        found.differences.append(str(error))
    finally:
        for walk in (small, real):
            walk.world.broken.clear()
            walk.teams.clear()
            walk.teardown()
        shutil.rmtree(parent, ignore_errors=True)
    return found


def _ids_that_grow() -> Callable[[str], str]:
    """A maker of ids, shaped as the cloud's, of which each is above those before it."""
    numbers = count()
    return lambda prefix: f"{prefix}{next(numbers):017d}"


def steps_of(number: int, length: int) -> Steps:
    """The steps of the most varied walk that hypothesis chooses from that seed: its first one is always the simplest that there is."""
    ended, _ = chosen(number, _CHOSEN_FROM, length)
    varied = max(ended, key=lambda walk: len({name for name, _ in walk.taken}))
    return [step for step in varied.taken if step[0] != "rest"]


def come_to(walk: Walk) -> list[Any]:
    """What can be compared: of every state its resources, with their marks and how far their keys have come; of the cloud every live key, with its
    account, whose it is, and when it ends.
    """
    states = [sorted(map(_shown, team.stack.state.resources)) for team in walk.teams]
    return [states, sorted(_placed(walk, key) for key in walk.world.live_keys().values())]


def _shown(held: Held) -> str:
    values = held.values if held.token == KEY else {}
    marks = [mark for mark in ("delete", "pending_replacement", "taint", "protect", "retain") if getattr(held, mark)]
    marks += ["errors"] if held.init_errors else []
    marks += [values["status"]] if values.get("status", "current") != "current" else []
    keys = f" generation {values['generation']}, {len(values['previous'])} previous" if "generation" in values else ""
    return f"{held.name}{keys} {' '.join(marks)}".strip()


def _placed(walk: Walk, key: ApiKey) -> str:
    """A live key: its account by name, its place in each state that knows it, the hours that it has left."""
    storage = walk.world.cloud.state.storage
    account = storage.get(Kind.SERVICE_ACCOUNT, key.service_account_id)
    name = ServiceAccount.FromString(account.body).name if account else "no account"
    places = [
        f"{place} of {held.name} in state {number}"
        for number, team in enumerate(walk.teams)
        for held in team.stack.state.resources
        if held.token == KEY
        for place, key_id in _keys_of(held.values)
        if key_id == key.id
    ]
    left = "a colleague's" if walk.world.line_of[key.id] == COLLEAGUE else "left over"
    ends = "for ever"
    if key.HasField("expires_at"):
        ends = f"{(moment(key.expires_at) - walk.world.cloud.now() + _HOUR / 2) // _HOUR} hours"
    return f"{name}: {', '.join(sorted(places)) or left}, {ends}"


def _keys_of(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "current", values["keyId"]
    for at, item in enumerate(values["previous"]):
        yield f"previous {at}", item["keyId"]


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
    steps = sum(found.compared for found in done)
    table.add(f"{seeds.start} to {seeds.stop - 1}", len(done), steps, sum(bool(found.differences) for found in done))
    return table


__all__ = ["RealWalk", "come_to", "replayed", "replays", "taken_twice"]
