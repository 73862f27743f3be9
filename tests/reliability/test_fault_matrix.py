"""A fixed part of the fault matrix: each step undisturbed and with a few faults, and every case that was ever found wrong."""

from __future__ import annotations

import pytest

from tests.reliability.bench import Bench
from tests.reliability.case_run import BY_NAME, run_case
from tests.reliability.fault_cases import ALWAYS, CODES, ONCE, Case, Fault, double_faults, single_faults
from tests.reliability.matrix import thinned
from tests.reliability.near_bench import NearBench

STEPS = list(BY_NAME)
FAULTS_A_STEP = 2


@pytest.mark.parametrize("step", STEPS)
def test_a_step_does_its_work_and_heals_from_faults(bench: Bench, step: str) -> None:
    clean = run_case(bench, Case(step, ()))
    assert clean.in_one_run, clean.errors
    assert clean.wrong == []
    cases = list(single_faults(step, clean.made))
    between = max(1, len(cases) // FAULTS_A_STEP)  # a rename makes no call, so that there is none to fail
    first = STEPS.index(step) * 7 % between
    for case in cases[first::between]:
        assert run_case(bench, case).wrong == [], str(case)


FOUND_WRONG = [
    Case("rotation, both", (Fault("SecretService/AddVersion", 0, "after", "PERMISSION_DENIED", ONCE),)),
    Case("first issue", (Fault("SecretService/AddVersion", 0, "after", "RESOURCE_EXHAUSTED", ALWAYS),)),
    Case("first issue, all at once", (Fault("ApiKeyService/Create", 0, "after", "PERMISSION_DENIED", ONCE),)),
    Case("first issue, all at once", (Fault("ApiKeyService/Create", 0, "before", "PERMISSION_DENIED", ALWAYS),)),
    Case("rotation", (Fault("ApiEndpointService/List", 0, "before", "UNAVAILABLE", ONCE),)),
    Case(
        "first issue",
        (
            Fault("SecretService/AddVersion", 0, "after", "UNAVAILABLE", ALWAYS),
            Fault("SecretService/ListVersions", 0, "before", "PERMISSION_DENIED", ALWAYS),
        ),
    ),
    Case(
        "rotation, output",
        (
            Fault("ApiKeyService/Create", 0, "after", "INTERNAL", ALWAYS),
            Fault("ApiKeyService/Delete", 0, "before", "UNAVAILABLE", ALWAYS),
        ),
    ),
]


@pytest.mark.parametrize("case", FOUND_WRONG, ids=str)
def test_what_was_once_found_wrong_heals(bench: Bench, case: Case) -> None:
    assert run_case(bench, case).wrong == []


@pytest.mark.parametrize(
    "step", ["first issue, shared secret", "rotation and retirement", "move to another secret", "import"]
)
def test_a_cloud_in_the_same_process_comes_to_the_same_as_one_over_the_wire(bench: Bench, step: str) -> None:
    near = NearBench()
    try:
        for method in ("ApiKeyService/Create", "SecretService/AddVersion"):
            case = Case(step, (Fault(method, 0, "after", "UNAVAILABLE", ONCE),))
            here, there = run_case(near, case), run_case(bench, case)
            assert here.wrong == there.wrong == []
            assert here.in_one_run == there.in_one_run
            assert here.made == [call for call in there.made if not call.startswith("ApiEndpointService/")]
    finally:
        near.close()


def test_every_call_fails_in_every_way_before_and_after() -> None:
    cases = list(single_faults("rotation", ["A/List", "A/Create", "A/List"]))
    assert len(cases) == len(set(cases)) == 3 * 2 * len(CODES) * 2
    assert {fault.nth for case in cases for fault in case.faults if fault.method == "A/List"} == {0, 1}


def test_the_way_of_coping_fails_too() -> None:
    case = Case("rotation", (Fault("A/Create", 0, "after", "UNAVAILABLE", ONCE),))
    twice = list(double_faults(case, ["A/List", "A/Create"], ["A/List", "A/Create", "A/List", "A/Delete", "A/Create"]))
    assert {(item.faults[1].method, item.faults[1].nth) for item in twice} == {("A/List", 1), ("A/Delete", 0)}


def test_a_part_of_the_cases_has_every_code_and_way() -> None:
    cases = list(single_faults("rotation", [f"A/Get{number}" for number in range(20)]))
    part = [case.faults[0] for case in thinned(cases, 12)]
    assert {fault.code for fault in part} == set(CODES)
    assert {(fault.when, fault.times) for fault in part} == {
        (w, t) for w in ("before", "after") for t in (ONCE, ALWAYS)
    }
