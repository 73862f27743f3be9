"""`decide` answers every question: for any inputs, any state and any time there is an answer, and it makes sense."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import FrozenInstanceError

import pytest

from provider.yandex_keys.api_key.key import Lockbox, Status, Verify
from provider.yandex_keys.api_key.rotation import Action, Decision, Verb
from provider.yandex_keys.api_key.schedule import time_after

from .decide_inputs import fault, fault_of_left_overs, question
from .examples import in_overlap, listed_key, standing, wanted

COUNT = int(os.environ.get("YANDEX_KEYS_QUESTIONS", "20000"))


@pytest.mark.parametrize("tenth", range(10))
def test_any_question_gets_a_sensible_answer(tenth: int) -> None:
    for seed in range(tenth, COUNT, 10):
        asked = question(seed)
        wrong = fault(asked) or fault_of_left_overs(asked)
        assert not wrong, f"question {seed}: {wrong}: {asked}"


def test_the_questions_leave_no_case_out() -> None:
    seen = Counter(action.verb for seed in range(4_000) for action in question(seed).decision().actions)
    assert {verb for verb, times in seen.items() if times >= 10} == set(Verb)
    assert any(question(seed).decision().warnings for seed in range(2_000))
    assert any(question(seed).decision().wants_listing for seed in range(2_000))
    assert sum(not question(seed).decision().actions for seed in range(2_000)) >= 20


def test_a_key_whose_lifetime_is_over_is_due_by_its_schedule() -> None:
    """It has been since its overlap began, for no calendar has it wait so long: a lifetime that is over is no reason of its own."""
    seen = Counter[bool]()
    for seed in range(COUNT):
        asked = question(seed)
        inputs, state, now = asked.inputs, asked.state, asked.now
        if state is None or state.status is not Status.CURRENT or state.key_id in inputs.compromised:
            continue
        if time_after(state.issued_at, inputs.lifetime) <= now:
            rotation = asked.decision().action(Verb.ROTATE)
            assert rotation is not None, f"question {seed}"
            assert rotation.reason.startswith("rotates: due since "), f"question {seed}"
            seen[inputs.calendar.next_allowed(now) > now] += 1
    assert min(seen[False], seen[True]) >= 10, "each with its calendar open, and closed"


@pytest.mark.parametrize(
    "value",
    [
        wanted(),
        standing(),
        in_overlap(),
        listed_key("aje"),
        Lockbox("e6q"),
        Verify("https://example.com"),
        Action(Verb.ISSUE, ""),
        Decision(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_nothing_that_a_decision_is_made_of_can_be_changed(value: object) -> None:
    for name in vars(value):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)
