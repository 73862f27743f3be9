"""Every operation of the engine on a stack that lives, with every delivery; a part of those that are killed in between."""

from __future__ import annotations

import pytest

from tests.reliability.lives import DELIVERIES, MOMENTS, OPERATIONS, Case, killed, live

CASES = [
    # The moments take turns, so that every operation meets each of them.
    Case(operation.name, delivery, MOMENTS[(at + DELIVERIES.index(delivery)) % len(MOMENTS)])
    for at, operation in enumerate(OPERATIONS)
    for delivery in operation.only
]
KILLS_A_CASE = 2


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_operation_on_a_live_stack_cuts_nobody_off_and_takes_nothing_from_anybody(case: Case) -> None:
    assert live(case).broken == []


@pytest.mark.parametrize("operation", [operation.name for operation in OPERATIONS])
def test_an_operation_that_is_killed_in_between_cuts_nobody_off_and_leaves_nothing(operation: str) -> None:
    at = [item.name for item in OPERATIONS].index(operation)
    mine = [case for case in CASES if case.operation == operation]
    case = mine[at % len(mine)]
    ends = killed([live(case)])
    for dead in ends[at % 5 :: max(1, len(ends) // KILLS_A_CASE)]:
        assert live(dead).broken == [], str(dead)
