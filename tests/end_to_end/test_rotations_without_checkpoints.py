"""A run of rotations that writes its state once, at its end, and is killed half-way: no consumer holds a dead key, and nothing is left over.

The engine's PULUMI_SKIP_CHECKPOINTS leaves the writes in between out. What it loses by a kill is what the run had done to keys: the state
then has the keys of before as current, and Lockbox gives the new ones. What is killed are ordinary processes, the others are forked.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.reliability.engine_bench import EngineBench
from tests.reliability.promises import BrokenPromises
from tests.support.forked_python import ForkedPython

KEYS = int(os.environ.get("KEYS_OF_A_TEST", "6"))
HELD = KEYS // 2
# Where those of the keys stand that the kill meets in the middle.
KILLED_AT = (
    ("ApiKeyService/Create", "after"),
    ("SecretService/AddVersion", "before"),
    ("SecretService/AddVersion", "after"),
    ("ApiKeyService/Update", "before"),
    ("ApiKeyService/Update", "after"),
)
NAMES = [f"key{number}" for number in range(KEYS)]
# Two of them share a Lockbox secret.
SHARED = {name: {"secret": "shared", "secretEntry": name, "keyIdEntry": f"{name}_id"} for name in NAMES[:2]}
ACCOUNT: dict[str, Any] = {
    "name": "translator",
    "readers": ["self"],
    "keys": [{"name": name, "uses": ["translate"], **SHARED.get(name, {})} for name in NAMES],
}


def read(bench: EngineBench) -> set[str]:
    """The secrets that consumers read of Lockbox now."""
    view = bench.look()
    entries = [view.entries(secret_id) for secret_id in view.lockbox]
    return {value for each in entries for name, value in each.items() if not name.endswith("_id")}


def refused(bench: EngineBench, secrets: set[str]) -> list[str]:
    return [secret for secret in secrets if not bench.accepts(secret)]


def kill_half_way(bench: EngineBench, call: str, when: str) -> None:
    """A run whose engine, program and plugin are gone while half of the keys are at `call`, and others are over."""
    bench.cloud.faults({"method": call, "when": when, "hold": True, "times": HELD})
    with bench.stack.with_ordinary_python():
        bench.stack.environment["PULUMI_SKIP_CHECKPOINTS"] = "true"
        running = bench.start_up()
        del bench.stack.environment["PULUMI_SKIP_CHECKPOINTS"]
        # One that shares its secret with a held one waits for that.
        over = KEYS - HELD - 1
        while len(bench.cloud.admin("GET", "held")) < HELD or bench.cloud.calls().get("ApiKeyService/Update", 0) < over:
            assert running.poll() is None, running.communicate()[0]
            time.sleep(0.1)
        time.sleep(0.5)
        kill(running)
    bench.cloud.clear_faults()
    bench.let_go()


def kill(running: subprocess.Popen[str]) -> None:
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


def kept(bench: EngineBench) -> list[int]:
    return [state["generation"] for state in bench.states()]


def but_early_ends(broken: BrokenPromises) -> list[tuple[str, str]]:
    """What is wrong, but for previous keys whose overlap the run that died had begun: whoever read Lockbox since then has a later key."""
    return [
        (kind, words) for kind, words in broken.wrong if not re.fullmatch(r"previous key \w+ ends \S+, not \S+", words)
    ]


def test_a_kill_half_way_costs_no_consumer_its_key_and_leaves_nothing_behind(
    tmp_path: Path, python: ForkedPython | None
) -> None:
    with EngineBench(tmp_path, python) as bench:
        bench.write(ACCOUNT)
        bench.stack.up()
        for number, (call, when) in enumerate(KILLED_AT):
            broken, late = BrokenPromises(), number % 2
            # Where the round before came to no end of its overlaps, the keys of before are retired by the very run that rotates.
            bench.cloud.advance("31d")
            before_kill, known = read(bench), kept(bench)
            bench.cloud.forget_calls()
            kill_half_way(bench, call, when)
            assert kept(bench) == known, f"{call} {when}: the run has written the state in between"
            assert refused(bench, before_kill) == []
            after_kill = read(bench)
            assert refused(bench, after_kill) == []
            if late:
                # The next run comes late, and still within the overlap of the one that died.
                bench.cloud.advance("6d")
                assert refused(bench, before_kill | after_kill) == []
            bench.heal(broken)
            bench.judge(broken)
            assert (but_early_ends(broken) if late else broken.wrong) == [], f"{call} {when}"
            healed = read(bench)
            bench.cloud.advance("6d")
            assert refused(bench, after_kill | healed) == [], f"{call} {when}"
        expect_nothing_left(bench)


def test_a_second_kill_of_the_run_that_goes_on_costs_nobody_anything_either(
    tmp_path: Path, python: ForkedPython | None
) -> None:
    """Pipelines write each step of a run that met a lock; who sets the variable by hand may be killed twice."""
    with EngineBench(tmp_path, python) as bench:
        bench.write(ACCOUNT)
        bench.stack.up()
        bench.cloud.advance("31d")
        held = read(bench)
        for call, when in (("SecretService/AddVersion", "after"), ("ApiKeyService/Update", "after")):
            bench.cloud.forget_calls()
            kill_half_way(bench, call, when)
            held |= read(bench)
            bench.stack.run("cancel", "--yes")
            bench.cloud.advance("3d")
            assert refused(bench, held) == []
        broken = BrokenPromises()
        bench.heal(broken)
        bench.judge(broken)
        assert but_early_ends(broken) == []
        assert refused(bench, held | read(bench)) == []
        expect_nothing_left(bench)


def expect_nothing_left(bench: EngineBench) -> None:
    """Three overlaps later every key that isn't current now is gone, and the cloud has none that the state doesn't name."""
    passing = set(bench.look().keys) - {state["keyId"] for state in bench.states()}
    assert passing
    broken = BrokenPromises()
    for _ in range(3):
        bench.cloud.advance("7d")
        bench.heal(broken)
    bench.judge(broken)
    bench.judge_settled(broken)
    assert broken.wrong == []
    left = set(bench.look().keys)
    assert passing & left == set()
    # Some may have been rotated again in the meantime, by their schedule.
    assert left == {it["keyId"] for state in bench.states() for it in (state, *state["previous"])}
