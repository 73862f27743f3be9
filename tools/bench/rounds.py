"""What is measured, in which order: rounds, in each of which ours and the floor take turns, so that what else the machine does meets both."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from setup.progress import elapsed, say
from tools.bench.accounts import accounts
from tools.bench.bare_stack import BareStack
from tools.bench.figures import (
    CREATE,
    FLOOR,
    FLOOR_WRITTEN_ONCE,
    NO_OP,
    OURS,
    OURS_WRITTEN_ONCE,
    PREVIEW,
    ROTATE,
    Figures,
    Place,
)
from tools.bench.our_stack import Shape, our_stack

_WRITTEN_ONCE: Final[Mapping[str, str]] = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""The engine then writes the state at the end of a run alone: what that saves is what writing it at each step takes."""
_MINUTE: Final = 60


@dataclass(frozen=True)
class Plan:
    """sizes: in keys; slow: what each slow call takes on top, in milliseconds, 0: none is measured.

    bytes_keys: how many keys are created to see what that writes; memory_keys: and to see what memory that takes; 0: none.
    previews: of one key, in each round.
    No round begins that wouldn't end within `minutes`.
    """

    sizes: tuple[int, ...]
    runs: int = 3
    minutes: float = 15
    slow: int = 50
    bytes_keys: int = 200
    memory_keys: int = 1_000
    previews: int = 3

    @property
    def main(self) -> int:
        """The size that goals are of, or what comes next to it."""
        return max((keys for keys in self.sizes if keys <= 300), default=min(self.sizes))


def measure(plan: Plan) -> Figures:
    """All of it. Raises CommandFailed, WrongLife."""
    figures = Figures(accounts={keys: len(accounts(keys)) for keys in (*plan.sizes, plan.bytes_keys)})
    started = time.monotonic()
    longest = 0.0
    for number in range(1, plan.runs + 1):
        began = time.monotonic()
        if number > 1 and began - started + longest > plan.minutes * _MINUTE:
            say(f"no round {number} of {plan.runs}: it would not end within {plan.minutes:g} minutes")
            break
        say(f"round {number} of {plan.runs}")
        _round(plan, figures)
        # What is measured once is no part of a round.
        longest = max(longest, time.monotonic() - began)
        if number == 1:
            _once(plan, figures)
    return figures


def _round(plan: Plan, figures: Figures) -> None:
    _starts(figures, plan.previews)
    for keys in plan.sizes:
        with _told(f"{keys} keys"):
            _floor_life(figures, keys, _our_life(figures, keys))
    if plan.slow:
        with _told(f"{plan.main} keys, each call {plan.slow} ms longer"):
            _our_life(figures, plan.main, plan.slow)


def _once(plan: Plan, figures: Figures) -> None:
    """What hardly differs from run to run, or only explains."""
    if plan.bytes_keys and plan.bytes_keys not in plan.sizes:
        with _told(f"create of {plan.bytes_keys} keys, for what it writes"):
            _steps(figures, plan.bytes_keys, (CREATE,), OURS, FLOOR)
    with _told(f"create and rotate of {plan.main} keys, the state written once"):
        _steps(figures, plan.main, (CREATE, ROTATE), OURS_WRITTEN_ONCE, FLOOR_WRITTEN_ONCE, _WRITTEN_ONCE)
    if plan.memory_keys:
        with _told(f"create of {plan.memory_keys} keys, the state written once, for its memory, and no-op"):
            _large(figures, plan.memory_keys)


def _large(figures: Figures, keys: int) -> None:
    """Writing the state at each step of the create would take minutes, and what it holds is the engine's memory alone; a no-op does without."""
    with _directory() as directory, our_stack(directory, keys, more=_WRITTEN_ONCE) as stack:
        figures.add(Place(OURS_WRITTEN_ONCE, CREATE, keys), stack.step(CREATE))
        shape, stack.more = stack.shape(), {}
        figures.add(Place(OURS, NO_OP, keys), stack.step(NO_OP))
    with _directory() as directory:
        bare = BareStack(directory / "bare", shape, _WRITTEN_ONCE)
        figures.add(Place(FLOOR_WRITTEN_ONCE, CREATE, keys), bare.step(CREATE))
        bare.more = {}
        figures.add(Place(FLOOR, NO_OP, keys), bare.step(NO_OP))


def _starts(figures: Figures, previews: int) -> None:
    with _told("previews of one key"), _directory() as directory, our_stack(directory / "ours", 1) as ours:
        ours.step(CREATE)
        bare = BareStack(directory / "bare", ours.shape())
        bare.step(CREATE)
        for _ in range(previews):
            figures.add(Place(OURS, PREVIEW, 1), ours.measured("preview"))
            figures.add(Place(FLOOR, PREVIEW, 1), bare.measured("preview"))


def _our_life(figures: Figures, keys: int, delay: int = 0) -> Shape:
    with _directory() as directory, our_stack(directory, keys, delay) as stack:
        for step, sample in stack.life():
            figures.add(Place(OURS, step, keys, delay), sample)
        return stack.shape()


def _floor_life(figures: Figures, keys: int, shape: Shape) -> None:
    with _directory() as directory:
        for step, sample in BareStack(directory / "bare", shape).life():
            figures.add(Place(FLOOR, step, keys), sample)


def _steps(
    figures: Figures,
    keys: int,
    steps: Sequence[str],
    ours: str,
    floor: str,
    more: Mapping[str, str] | None = None,
) -> None:
    with _directory() as directory, our_stack(directory, keys, more=more) as stack:
        for step in steps:
            figures.add(Place(ours, step, keys), stack.step(step))
        shape = stack.shape()
    with _directory() as directory:
        bare = BareStack(directory / "bare", shape, more)
        for step in steps:
            figures.add(Place(floor, step, keys), bare.step(step))


@contextmanager
def _directory() -> Iterator[Path]:
    # Not within the clone: the engine asks git about a project that lies in one.
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        yield Path(directory)


@contextmanager
def _told(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    say(f"  {what}: {elapsed(time.monotonic() - began)}")
