"""Kills at every step of issue, rotation, revoke and delete: the plugin, the engine, Ctrl-C once and twice.

After each comes what a user does: what Pulumi itself asks for (`pulumi cancel`), and one plain `up`; and where that names a key that lives on,
what its warning asks for.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.reliability.engine_bench import ACCOUNT, EngineBench
from tests.reliability.process_tree import all_end, descendants
from tests.reliability.promises import KINDS, RULE, BrokenPromises
from tools.table import Table

PLUGIN: Final = "the plugin, SIGKILL"
ENGINE: Final = "the engine, SIGKILL"
ONCE: Final = "Ctrl-C once"
TWICE: Final = "Ctrl-C twice"
# How soon everything has to be gone that a killed command had started, in seconds; a busy machine needs some.
_GONE_WITHIN: Final = 15.0
_ENDS_WITHIN: Final = 120.0

STEPS: Final[Mapping[str, Sequence[str]]] = {
    "issue": (
        "ServiceAccountService/Create",
        "FolderService/UpdateAccessBindings",
        "SecretService/Create",
        "SecretService/UpdateAccessBindings",
        "ApiKeyService/Create",
        "SecretService/AddVersion",
        "ApiKeyService/Update",
    ),
    "rotation": ("ApiKeyService/List", "ApiKeyService/Create", "SecretService/AddVersion", "ApiKeyService/Update"),
    "revoke": (
        "ApiKeyService/List",
        "ApiKeyService/Create",
        "SecretService/AddVersion",
        "ApiKeyService/Delete",
        "SecretService/Get",
        "SecretService/ScheduleVersionDestruction",
    ),
    "delete": (
        "ApiKeyService/List",
        "SecretService/Get",
        "SecretService/ListVersions",
        "SecretService/AddVersion",
        "ApiKeyService/Delete",
        "SecretService/ScheduleVersionDestruction",
        "SecretService/UpdateAccessBindings",
        "SecretService/Delete",
        "FolderService/UpdateAccessBindings",
        "ServiceAccountService/Get",
        "ServiceAccountService/Delete",
    ),
}
"""The calls of each step; a test compares them with those that are made."""
LAST_OF_A_FIRST_ISSUE: Final = ("issue", "ApiKeyService/Update")
"""The step and the call that gives a first key its lifetime, a moment before the engine is told of the key."""
_WAYS: Final = (
    (PLUGIN, "before"),
    (PLUGIN, "after"),
    (ENGINE, "before"),
    (ENGINE, "after"),
    (ONCE, "after"),
    (TWICE, "before"),
)
_FEW: Final = 4


@dataclass(frozen=True)
class Kill:
    """While `call` of `step` is held, `before` or `after` it took effect, `victim` is killed."""

    step: str
    call: str
    when: str
    victim: str

    def __str__(self) -> str:
        return f"{self.step}: {self.victim} while {self.call} is held {self.when} it took effect"


@dataclass
class KilledStack:
    """A stack whose one key is issued, rotated, revoked and deleted over and over, and killed at each of these."""

    bench: EngineBench
    compromised: list[str] = field(default_factory=list)

    def declare(self, step: str) -> None:
        """Makes `step` what the next `up` has to do."""
        key: dict[str, Any] = {**ACCOUNT["keys"][0]}
        if step == "rotation":
            self.bench.cloud.advance("31d")
        elif step == "revoke":
            (state,) = self.bench.states()
            self.compromised.append(state["keyId"])
        elif step == "delete":
            self.bench.write()
            return
        self.bench.write({**ACCOUNT, "keys": [{**key, "compromised": list(self.compromised)}]})


def kills(quick: bool, tell: Callable[[str], None]) -> Table:
    """Runs them on two stacks at a time; the table has a row for each victim."""
    rounds = list(_rounds(_FEW if quick else None))
    with ThreadPoolExecutor(2) as pool:
        done = [
            item for half in pool.map(lambda part: _lives(part, tell), (rounds[::2], rounds[1::2])) for item in half
        ]
    table = Table("Kills", ("victim", "kills", "healed", *KINDS, "empty secrets"), wrong=KINDS)
    for victim in (PLUGIN, ENGINE, ONCE, TWICE):
        mine = [broken for kill, broken in done if kill.victim == victim]
        well = sum(not broken.wrong for broken in mine)
        counts = (sum(any(kind == found for found, _ in broken.wrong) for broken in mine) for kind in KINDS)
        table.add(victim, len(mine), well, *counts, sum(len(broken.empty) for broken in mine))
    table.total()
    return table


def run_kill(life: KilledStack, kill: Kill) -> BrokenPromises:
    """One kill and what comes after it."""
    bench, broken = life.bench, BrokenPromises()
    life.declare(kill.step)
    bench.hold(kill.call, kill.when)
    with bench.stack.with_ordinary_python():
        _run_and_kill(bench, kill, broken)
    bench.let_go()
    if kill.step in ("rotation", "revoke"):
        bench.judge_served(broken)
    printed = bench.heal(broken)
    if (kill.step, kill.call) == LAST_OF_A_FIRST_ISSUE:
        _end_what_is_named(life, printed, broken)
    bench.judge(broken)
    bench.clear_away(broken.empty)
    return broken


def _run_and_kill(bench: EngineBench, kill: Kill, broken: BrokenPromises) -> None:
    running = bench.start_up()
    if bench.held(running):
        started = descendants(running.pid)
        if kill.victim == PLUGIN:
            for process in started:
                if process.is_plugin():
                    process.kill()
        elif kill.victim == ENGINE:
            running.kill()
        else:
            _interrupt(running)
            if kill.victim == TWICE:
                _interrupt(running)
        if kill.victim == ENGINE:
            # The call ends with its caller; were it let go first, a plugin that lives on would go on with its work.
            _expect_end(started, broken)
        bench.let_go()
        running.communicate(timeout=_ENDS_WITHIN)
        _expect_end(started, broken)
    else:
        broken.add(RULE, f"{kill.call} was never called: {running.communicate()[0]}")


def _end_what_is_named(life: KilledStack, printed: str, broken: BrokenPromises) -> None:
    """Ends, as its warning asks for, the first key of which `up` has `printed` that the state doesn't hold it: it had its lifetime when the run was
    killed, and the engine had not been told of it. One that lives on without a word stays for the judge to find."""
    bench = life.bench
    known = {state["keyId"] for state in bench.states()}
    named = [
        key for key in set(bench.look().live_keys) - known if f"key {key} was issued for this resource as" in printed
    ]
    if named:
        life.compromised += named
        life.declare("end what is named")
        bench.heal(broken)


def _lives(rounds: Sequence[Sequence[Kill]], tell: Callable[[str], None]) -> list[tuple[Kill, BrokenPromises]]:
    """One life after the other on a stack; on a new one where even the harness can't go on."""
    left = list(rounds)
    done: list[tuple[Kill, BrokenPromises]] = []
    while left:
        directory = Path(tempfile.mkdtemp(prefix="reliability-kills-"))
        try:
            with EngineBench(directory) as bench:
                left = left[_lived(KilledStack(bench), left, done, tell) :]
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    return done


def _lived(
    life: KilledStack,
    rounds: Sequence[Sequence[Kill]],
    done: list[tuple[Kill, BrokenPromises]],
    tell: Callable[[str], None],
) -> int:
    """How many rounds there were until it could not go on, or all of them."""
    for number, one_round in enumerate(rounds, 1):
        for kill in one_round:
            try:
                broken = run_kill(life, kill)
            except Exception as error:
                broken = BrokenPromises([(RULE, f"{type(error).__name__}: {error}")])
            done.append((kill, broken))
            for kind, words in broken.wrong:
                tell(f"{kind}: {kill}: {words}")
            if any(kind == RULE for kind, _ in broken.wrong):
                return number
    return len(rounds)


def _rounds(rounds: int | None) -> Iterator[list[Kill]]:
    """Lives from issue to delete, a kill at each step, until every kill has had its turn. Steps with fewer kills begin again."""
    ways = _WAYS
    lists = {
        step: [Kill(step, call, when, victim) for call in calls for victim, when in ways]
        for step, calls in STEPS.items()
    }
    longest = max(len(kills) for kills in lists.values())
    for at in range(longest) if rounds is None else range(rounds):
        # A few rounds walk through calls and ways alike; all of them go through every kill.
        place = at if rounds is None else at * (len(ways) + 1)
        yield [kills[(place + step) % len(kills)] for step, kills in enumerate(lists.values())]


def _interrupt(running: subprocess.Popen[str]) -> None:
    """Ctrl-C, as a terminal sends it: to the engine and everything that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGINT)


def _expect_end(started: Any, broken: BrokenPromises) -> None:
    for process in all_end(started, _GONE_WITHIN):
        broken.add(RULE, f"still runs: {process.arguments}")
        process.kill()
