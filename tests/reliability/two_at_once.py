"""Two at once: two `up` on one stack, two stacks on one account and one secret, a colleague who rotates by hand in between."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from tests.reliability.bench import Bench
from tests.reliability.engine_bench import ACCOUNT, EngineBench
from tests.reliability.programs import SCOPE, key
from tests.reliability.promises import KINDS, LOST, RULE, BrokenPromises, Judge
from tests.reliability.scene import Scene
from tests.reliability.small_engine import Declaration, SmallStack
from tools.table import Table

_ROUNDS: Final = 40
_FEW: Final = 8

Told = Callable[[str], None]


def two_at_once(quick: bool, tell: Told) -> Table:
    """Runs them all; a row each."""
    table = Table("Two at once", ("who", "runs", *KINDS), wrong=KINDS)
    rounds = _FEW if quick else _ROUNDS

    def row(name: str, runs: int, broken: BrokenPromises) -> None:
        for kind, words in broken.wrong:
            tell(f"{kind}: {name}: {words}")
        table.add(name, runs, *(sum(found == kind for found, _ in broken.wrong) for kind in KINDS))

    directory = Path(tempfile.mkdtemp(prefix="reliability-two-"))
    bench = Bench(directory / "bench")
    try:
        with EngineBench(directory / "engine") as engine:
            row("two `pulumi up` on one stack", 2, same_stack(engine))
        row("two stacks, one account, one secret", 2 * rounds, two_stacks(bench, rounds))
        row("a stack and a colleague's hand", rounds, by_hand(bench, rounds))
    finally:
        bench.close()
        shutil.rmtree(directory, ignore_errors=True)
    return table


def same_stack(engine: EngineBench) -> BrokenPromises:
    """The second is refused by Pulumi's lock while the first is at work, and nothing is doubled."""
    broken = BrokenPromises()
    engine.write(ACCOUNT)
    engine.hold("SecretService/AddVersion", "before")
    engine.cloud.forget_calls()
    first = engine.start_up()
    if not engine.held(first):
        broken.add(RULE, "nothing was delivered")
    code, printed = engine.stack.attempt("up", "--yes", "--skip-preview")
    if not code or "currently locked" not in printed:
        broken.add(RULE, f"the second `up` was not refused: {printed}")
    engine.let_go()
    first.communicate()
    if first.returncode:
        broken.add(RULE, "the first `up` failed")
    if engine.cloud.calls().get("ApiKeyService/Create") != 1:
        broken.add(RULE, f"a key was made twice: {engine.cloud.calls()}")
    engine.judge(broken)
    return broken


def two_stacks(bench: Bench, rounds: int) -> BrokenPromises:
    """Each stack has a key of its own in the shared secret; both rotate at the same time, or one goes while the other rotates."""
    broken = BrokenPromises()
    scene = Scene(bench)
    scene.up()
    ids = {name: scene.stack.resources[name].id for name in ("account", "secret")}
    stacks = {name: bench.stack(name=name) for name in ("red", "green")}
    with ThreadPoolExecutor(2) as pool:
        for at in range(rounds):
            programs = {name: [_foreign_key(name, ids, str(at))] for name in stacks}
            if at % 4 == 3:
                programs["red"] = []
            runs = [pool.submit(stacks[name].up, program) for name, program in programs.items()]
            for run in runs:
                for error in run.result().errors:
                    broken.add(RULE, error)
            _judge(scene, stacks, broken)
            bench.advance("3d")
    return broken


def by_hand(bench: Bench, rounds: int) -> BrokenPromises:
    """A colleague keeps an entry of their own in our secret, makes keys for our account, and now and then deletes ours."""
    broken = BrokenPromises()
    scene = Scene(bench)
    theirs: set[str] = set()
    for at in range(rounds):
        scene.up(key(reissue=str(at)))
        account, secret = scene.stack.resources["account"].id, scene.stack.resources["secret"].id
        request = {"service_account_id": account, "description": "by hand", "scopes": [SCOPE]}
        made = bench.by_hand("ApiKeyService/Create", request)
        theirs.add(made["api_key"]["id"])
        entries = [{"key": "by_hand", "text_value": made["secret"]}]
        bench.by_hand("SecretService/AddVersion", {"secret_id": secret, "payload_entries": entries})
        if at % 3 == 2:
            bench.by_hand("ApiKeyService/Delete", {"api_key_id": scene.key()["keyId"]})
            scene.must(scene.stack.refresh())
        scene.up(key(reissue=f"{at} again"))
        view = scene.look()
        if view.entries(secret).get("by_hand") != made["secret"]:
            broken.add(LOST, "the colleague's entry is gone")
        if theirs - set(view.keys):
            broken.add(LOST, "a key of the colleague's is gone")
        _judge(scene, {"mine": scene.stack}, broken, theirs)
        bench.advance("3d")
    return broken


def _foreign_key(name: str, ids: Mapping[str, str], reissue: str) -> Declaration:
    """A key on an account and a secret that another stack declares."""
    made = {wanted: {"id": resource_id} for wanted, resource_id in ids.items()}
    declared = key(name, entry=name, reissue=reissue)
    return Declaration(name, declared.token, lambda _: declared.inputs(made))


def _judge(
    scene: Scene, stacks: Mapping[str, SmallStack], broken: BrokenPromises, others: set[str] | None = None
) -> None:
    states: list[dict[str, Any]] = [
        held.values for stack in stacks.values() for held in stack.resources.values() if "keyId" in held.values
    ]
    view = scene.look()
    ours = [item for item in view.state["apiKeys"] if item["id"] not in (others or set())]
    Judge(type(view)({**view.state, "apiKeys": ours}, view.mine), scene.bench.accepts, broken).keys(states)
