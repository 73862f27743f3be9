"""A wrong clock, or a wrong time to judge by, in a step of a key's life: nobody is cut off, and nothing is rotated or deleted by that clock alone."""

from __future__ import annotations

import pytest

from tests.reliability.clocks import CLOCKS, PACES, STEPS, Case, lived

CASES = [
    # Steps, deliveries and paces take turns, so that every clock and every step meets each of them.
    Case(clock, step.name, step.only[(at + number) % len(step.only)], list(PACES)[(at // 2) % len(PACES)])
    for number, clock in enumerate(CLOCKS)
    for at, step in enumerate(STEPS)
    if (at + 5 * number) % 9 == 0
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_wrong_clock_cuts_nobody_off_and_rotates_or_deletes_nothing_by_itself(case: Case) -> None:
    assert lived(case).broken == []


def test_every_clock_and_every_step_is_among_them() -> None:
    assert {case.clock for case in CASES} == set(CLOCKS)
    assert {case.step for case in CASES} == {step.name for step in STEPS}
