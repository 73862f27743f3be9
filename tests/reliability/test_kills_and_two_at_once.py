"""Some kills through the real engine, and two at once. What is killed are ordinary processes; the others are forked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.bench import Bench
from tests.reliability.engine_bench import EngineBench
from tests.reliability.kills import ENGINE, LAST_OF_A_FIRST_ISSUE, ONCE, PLUGIN, STEPS, Kill, KilledStack, run_kill
from tests.reliability.process_tree import Process
from tests.reliability.two_at_once import by_hand, same_stack, two_stacks
from tests.support.forked_python import forked_python


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineBench]:
    with EngineBench(tmp_path, forked_python()) as opened:
        yield opened


def test_a_life_with_a_kill_at_each_step_heals_every_time(engine: EngineBench) -> None:
    life = KilledStack(engine)
    for kill in (
        Kill("issue", "ApiKeyService/Create", "after", ENGINE),
        Kill("rotation", "SecretService/AddVersion", "before", PLUGIN),
        Kill("revoke", "ApiKeyService/Delete", "after", ONCE),
    ):
        assert run_kill(life, kill).wrong == [], str(kill)


def test_a_first_key_that_got_its_lifetime_as_its_run_was_killed_is_named_and_ends_once_it_is_called_compromised(
    engine: EngineBench,
) -> None:
    life = KilledStack(engine)
    assert run_kill(life, Kill(*LAST_OF_A_FIRST_ISSUE, "after", ENGINE)).wrong == []
    (leaked,) = life.compromised
    assert leaked not in engine.look().keys
    assert [state["compromised"] for state in engine.states()] == [[leaked]]


def test_the_steps_make_just_the_calls_at_which_they_are_killed(engine: EngineBench) -> None:
    life, made = KilledStack(engine), {}
    for step in STEPS:
        life.declare(step)
        engine.cloud.forget_calls()
        engine.stack.up()
        made[step] = set(engine.cloud.calls())
    assert made == {step: set(calls) for step, calls in STEPS.items()}


def test_a_second_up_is_refused_and_nothing_is_doubled(engine: EngineBench) -> None:
    assert same_stack(engine).wrong == []


def test_two_stacks_on_one_account_and_one_secret_lose_nothing(bench: Bench) -> None:
    assert two_stacks(bench, rounds=4).wrong == []


def test_what_a_colleague_does_by_hand_stays_and_so_does_what_is_ours(bench: Bench) -> None:
    assert by_hand(bench, rounds=3).wrong == []


@pytest.mark.parametrize(
    ("arguments", "is_plugin"),
    [
        ("/x/.venv/bin/python -u /x/provider 127.0.0.1:4", True),
        ("/x/.venv/bin/python -u /x/setup/language_host/program.py", False),
        ("pulumi up", False),
    ],
)
def test_the_plugin_is_told_from_other_processes(arguments: str, is_plugin: bool) -> None:
    assert Process(1, 0, arguments).is_plugin() == is_plugin
