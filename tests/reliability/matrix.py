"""The fault matrix: every step of a key's life, every call that it makes, every way in which the call can fail; then one plain `up`."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from tests.reliability.case_run import BY_NAME, Result, run_case
from tests.reliability.fault_cases import CODES, Case, double_faults, single_faults
from tests.reliability.life_steps import STEPS
from tests.reliability.promises import KINDS, RULE
from tests.reliability.workers import Workers, bench, near_bench
from tools.table import Table

_ENTRY: Final = ("ApiEndpointService/", "IamTokenService/")
Told = Callable[[str], None]


def matrix(workers: Workers, quick: bool, tell: Told) -> list[Table]:
    """Runs it: one table for single faults by step, one for two at once. `tell` is given what goes wrong, and how far it is."""
    clean = {result.case.step: result for result in workers.each(_run, (Case(step.name, ()) for step in STEPS))}
    broken = [result for result in clean.values() if not result.in_one_run or result.wrong]
    for result in broken:
        tell(f"without a fault: {result.case.step}: {result.errors} {result.wrong}")
    cases = [case for step in STEPS for case in single_faults(step.name, clean[step.name].made)]
    singles = _all(workers, thinned(cases, 12) if quick else cases, tell)
    coped = [result for result in singles if len(_lived(result)) > len(_lived(clean[result.case.step]))]
    doubles = [
        case
        for result in sorted(coped, key=lambda result: result.case)
        for case in double_faults(result.case, clean[result.case.step].made, result.made)
    ]
    # The way of coping is the same for codes of a kind: a fixed part of these stands for all.
    twice = _all(workers, thinned(doubles, 40 if quick else 4), tell)
    return [_table("Fault matrix", [*broken, *singles]), _table("Fault matrix, the way of coping fails too", twice)]


def thinned(cases: Sequence[Case], by: int) -> list[Case]:
    """One in `by` of the cases, spread so that every code and every way of failing comes up at every step."""
    # The step is coprime to the number of codes and ways, so that the pick walks through all of them.
    stride = by + 1 if by % 2 == 0 else by
    return list(cases[::stride])


def _all(workers: Workers, cases: Sequence[Case], tell: Told) -> list[Result]:
    results = []
    for result in workers.each(_run, cases):
        results.append(result)
        for kind, words in result.wrong:
            tell(f"{kind}: {result.case}: {words}")
        tell(f"{len(results)} of {len(cases)} cases")
    return results


def _lived(result: Result) -> list[str]:
    """The calls but for those that find the cloud."""
    return [method for method in result.made if not method.startswith(_ENTRY)]


def _run(case: Case) -> Result:
    """In a worker. A fault of the harness is as wrong as one of the provider.

    Undisturbed steps, and cases that fail where the cloud is found, go over the wire; for the others a cloud in the worker itself does.
    """
    over_the_wire = not case.faults or any(fault.method.startswith(_ENTRY) for fault in case.faults)
    try:
        return run_case(bench() if over_the_wire else near_bench(), case)
    except Exception:
        return Result(case, in_one_run=False, wrong=[(RULE, traceback.format_exc(limit=-3))])


def _table(title: str, results: Iterable[Result]) -> Table:
    by_step: Mapping[str, list[Result]] = {name: [] for name in BY_NAME}
    for result in results:
        by_step[result.case.step].append(result)
    table = Table(title, ("step", "cases", "no harm", "healed by `up`", *KINDS, "empty secrets"), wrong=KINDS)
    for step, done in by_step.items():
        if not done:
            continue
        well = [result for result in done if not result.wrong]
        table.add(
            step,
            len(done),
            sum(result.in_one_run for result in well),
            sum(not result.in_one_run for result in well),
            *(sum(kind in result.kinds for result in done) for kind in KINDS),
            sum(result.empty for result in done),
        )
    table.total()
    return table


__all__ = ["CODES", "matrix"]
