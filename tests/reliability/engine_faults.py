"""Each class of fault through the real engine: every code, before and after, once and always, at issue, rotation, revoke and delete."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Final

from tests.reliability.engine_bench import EngineBench
from tests.reliability.fault_cases import ALWAYS, CODES, ONCE, WHENS, Fault
from tests.reliability.kills import STEPS, KilledStack
from tests.reliability.promises import KINDS, BrokenPromises
from tools.table import Table

_STACKS: Final = 2
_FEW_LIVES: Final = 2

Told = Callable[[str], None]
Found = tuple[str, Fault, BrokenPromises]


def engine_faults(quick: bool, tell: Told) -> Table:
    """Runs them on two stacks at a time; a row for each code."""
    cases = few_cases() if quick else list(_cases())
    # Each stack lives from issue to delete over and over.
    halves = [cases[: len(cases) // 2], cases[len(cases) // 2 :]]
    with ThreadPoolExecutor(_STACKS) as pool:
        done = [item for half in pool.map(lambda half: _lived(half, tell), halves) for item in half]
    table = Table("Faults through the real engine", ("code", "cases", *KINDS), wrong=KINDS)
    for code in CODES:
        mine = [broken for _, fault, broken in done if fault.code == code]
        counts = (sum(any(kind == found for found, _ in broken.wrong) for broken in mine) for kind in KINDS)
        table.add(code, len(mine), *counts)
    table.total()
    return table


def _cases() -> Iterator[tuple[str, Fault]]:
    """Lives from issue to delete; each step meets every code, before and after, once and always, at one of its calls in turn."""
    for at, (code, when, times) in enumerate(product(CODES, WHENS, (ONCE, ALWAYS))):
        for step, calls in STEPS.items():
            yield step, Fault(calls[at % len(calls)], 0, when, code, times)


def few_cases(lives: int = _FEW_LIVES) -> list[tuple[str, Fault]]:
    """That many lives in which every code comes up as soon as can be."""
    steps = list(STEPS.items()) * lives
    return [
        (step, Fault(calls[at % len(calls)], 0, WHENS[at % 2], CODES[at % len(CODES)], (ONCE, ALWAYS)[at // 2 % 2]))
        for at, (step, calls) in enumerate(steps)
    ]


def _lived(cases: list[tuple[str, Fault]], tell: Told) -> list[Found]:
    directory = Path(tempfile.mkdtemp(prefix="reliability-engine-"))
    done: list[Found] = []
    try:
        with EngineBench(directory) as bench:
            life = KilledStack(bench)
            for step, fault in cases:
                broken = _run(life, step, fault)
                done.append((step, fault, broken))
                for kind, words in broken.wrong:
                    tell(f"{kind}: engine, {step}: {fault}: {words}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return done


def _run(life: KilledStack, step: str, fault: Fault) -> BrokenPromises:
    bench, broken = life.bench, BrokenPromises()
    life.declare(step)
    bench.cloud.faults(fault.asked())
    bench.stack.attempt("up", "--yes", "--skip-preview")
    bench.cloud.clear_faults()
    if step in ("rotation", "revoke"):
        bench.judge_served(broken)
    bench.heal(broken)
    bench.judge(broken)
    return broken
