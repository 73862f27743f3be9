"""One case of the matrix from its beginning to what it broke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.reliability.bench import Bench
from tests.reliability.fault_cases import Case
from tests.reliability.life_steps import STEPS, Step
from tests.reliability.near_bench import NearBench
from tests.reliability.promises import LITTER, NOT_HEALED, BrokenPromises
from tests.reliability.scene import Scene
from tests.reliability.small_engine import Outcome
from tests.reliability.step_promises import judge, judge_leaks, judge_served, judge_settled

BY_NAME: Final[Mapping[str, Step]] = {step.name: step for step in STEPS}


@dataclass
class Result:
    """How a case went. `made`: the calls of the command that met the fault. `in_one_run`: whether that command succeeded all the same."""

    case: Case
    in_one_run: bool
    made: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    empty: int = 0
    """How many empty Lockbox secrets it left."""

    @property
    def kinds(self) -> set[str]:
        """Which kinds of wrong there are."""
        return {kind for kind, _ in self.wrong}


def run_case(bench: Bench | NearBench, case: Case) -> Result:
    """Brings the step about, fails it as the case says, runs plainly as often as the step needs, and judges."""
    step, broken = BY_NAME[case.step], BrokenPromises()
    scene = Scene(bench)
    bench.warm = True
    step.arrange(scene)
    bench.warm = False
    secrets = scene.look().secrets | set(scene.secrets.values())
    bench.forget_calls()
    bench.fault(*(fault.asked() for fault in case.faults))
    first = step.act(scene)
    made = bench.calls()
    bench.clear_faults()
    view = scene.look()
    judge_served(scene, step, view, broken)
    outcomes = [first, *_healed(scene, step, first, broken)]
    judge(scene, step, broken)
    bench.warm = True
    bench.forget_calls()
    last = scene.stack.up(step.program(scene))
    judge_settled(last, bench.calls(), broken)
    judge_leaks(scene, [*outcomes, last], secrets | view.secrets | scene.look().secrets, broken)
    _clear_away(scene, broken)
    wrong = [(kind, words) for kind, words in broken.wrong if kind not in step.tolerates]
    return Result(case, not first.failed, made, first.errors, wrong, len(broken.empty))


def _healed(scene: Scene, step: Step, first: Outcome, broken: BrokenPromises) -> list[Outcome]:
    """The plain runs after the disturbed one: as many as the step itself takes, one of which may be that one."""
    outcomes: list[Outcome] = []
    for _ in range(step.runs if first.failed else max(step.runs - 1, 1)):
        outcomes.append(step.act(scene))
        if outcomes[-1].failed:
            broken.add(NOT_HEALED, "; ".join(outcomes[-1].errors))
    return outcomes


def _clear_away(scene: Scene, broken: BrokenPromises) -> None:
    """`pulumi destroy` leaves nothing of the case in the cloud; what it does leave must not be in the way of the next case."""
    outcome = scene.stack.destroy()
    if outcome.failed:
        broken.add(NOT_HEALED, f"destroy: {outcome.errors}")
    view = scene.look()
    for account_id, account in view.accounts.items():
        broken.add(LITTER, f"service account {account['name']} is left after destroy")
        scene.bench.by_hand("ServiceAccountService/Delete", {"service_account_id": account_id})
    for secret_id, secret in view.lockbox.items():
        if secret["versions"]:
            broken.add(LITTER, f"Lockbox secret {secret['name']} is left after destroy")
        scene.bench.by_hand("SecretService/Delete", {"secret_id": secret_id})
