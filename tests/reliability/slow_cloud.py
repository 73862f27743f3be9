"""A slow or strange cloud: long operations, errors before the end, answers after the deadline, a wrong clock, pages, spreading rights, quotas."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from provider.yandex_keys.patience import Patience
from provider.yandex_keys.run import Session
from tests.reliability import programs
from tests.reliability.bench import Bench
from tests.reliability.plugin_run import Identity, PluginRun
from tests.reliability.programs import key
from tests.reliability.promises import KINDS, LOST, NOT_HEALED, ORPHAN, RULE, BrokenPromises, Judge
from tests.reliability.scene import Scene
from tests.reliability.small_engine import SmallStack
from tools.table import Table

_OPERATIONS: Final = (
    "ServiceAccountService/Create",
    "FolderService/UpdateAccessBindings",
    "SecretService/Create",
    "SecretService/UpdateAccessBindings",
    "SecretService/AddVersion",
    "ApiKeyService/Update",
    "ApiKeyService/Delete",
    "SecretService/ScheduleVersionDestruction",
)
_LATE: Final = ("ApiKeyService/Create", "SecretService/AddVersion", "ApiKeyService/Update", "ApiKeyService/Delete")
_CALL: Final = 1.0
"""What stands for the deadline of a call here, in seconds, instead of 30."""

Told = Callable[[str], None]
Scenario = Callable[[Bench, BrokenPromises], int]


def slow_cloud(tell: Told) -> Table:
    """Runs all; a row each."""
    table = Table("A slow or strange cloud", ("what", "cases", *KINDS), wrong=KINDS)
    scenarios: Mapping[str, Scenario] = {
        "operations that take a while": slow_operations,
        "operations that never end": endless_operations,
        "an error while done is still false": early_errors,
        "answers after the deadline, done all the same": late_answers,
        "our clock a day ahead, or behind": wrong_clocks,
        "listings of more than a page": pages,
        "rights that take a while to spread": spreading_rights,
        "a quota hit half-way": quotas,
    }
    directory = Path(tempfile.mkdtemp(prefix="reliability-slow-"))
    bench = Bench(directory)
    try:
        for name, scenario in scenarios.items():
            broken = BrokenPromises()
            cases = scenario(bench, broken)
            bench.clear_faults()
            bench.reset()
            for kind, words in broken.wrong:
                tell(f"{kind}: {name}: {words}")
            table.add(name, cases, *(sum(found == kind for found, _ in broken.wrong) for kind in KINDS))
    finally:
        bench.close()
        shutil.rmtree(directory, ignore_errors=True)
    return table


def slow_operations(bench: Bench, broken: BrokenPromises) -> int:
    """Every operation takes a second: every step of a life goes through in one run each."""
    scene = Scene(bench, _patient())
    bench.cloud.set(operationSeconds=1)
    for reissue in ("1", "2"):
        outcome = scene.stack.up(scene.program(key(reissue=reissue)))
        if outcome.failed:
            broken.add(NOT_HEALED, str(outcome.errors))
    _judge(scene, broken)
    if scene.stack.destroy().failed:
        broken.add(NOT_HEALED, "destroy")
    return 3


def endless_operations(bench: Bench, broken: BrokenPromises, methods: tuple[str, ...] = _OPERATIONS) -> int:
    """An operation doesn't end within the deadline, though what it is for is done: a clear error, and the next run finishes."""
    return _each(bench, broken, methods, {"operation": {"seconds": "3600s"}}, None, "has not finished after")


def early_errors(bench: Bench, broken: BrokenPromises) -> int:
    """An operation reports an error though it isn't done, and undoes what it did: the error is told soon, and the next run finishes."""
    plan = {"operation": {"code": "INTERNAL", "message": "disk is full", "done": False}}
    return _each(bench, broken, _OPERATIONS, plan, None, "disk is full")


def late_answers(bench: Bench, broken: BrokenPromises, methods: tuple[str, ...] = _LATE) -> int:
    """A call outlives its deadline and takes effect afterwards, while the run goes on or after it has ended."""
    return _each(bench, broken, methods, {"delayMs": 2_000 * _CALL}, _patient(call=_CALL), "")


def wrong_clocks(bench: Bench, broken: BrokenPromises) -> int:
    """Our clock is a day off, without `asOf`: no key outlives its lifetime, and no overlap is cut by it."""
    count = 0
    for off in (timedelta(days=1), timedelta(days=-1)):
        for overlap in ("7d", "12h"):
            scene = Scene(bench)
            scene.stack = _off(bench, off)
            declared = key(overlap=overlap)
            scene.up(declared)
            scene.note("old")
            bench.advance("31d")
            for _ in range(2):
                scene.must(scene.stack.up(scene.program(declared)))
                _judge(scene, broken)
            previous = [item["keyId"] for item in scene.key()["previous"]]
            if previous != [scene.notes["old"]]:
                broken.add(RULE, f"a clock off by {off}: {previous} are previous")
            for state in scene.look().keys.values():
                if state["expiresAt"] > (bench.now() + timedelta(days=90, minutes=6)).isoformat():
                    broken.add(RULE, f"a clock off by {off}: a key lives until {state['expiresAt']}")
            bench.advance("10d")
            scene.must(scene.stack.up(scene.program(declared)))
            if scene.key()["previous"]:
                broken.add(RULE, f"a clock off by {off}: a key whose overlap is long over was not retired")
            count += 1
    return count


def pages(bench: Bench, broken: BrokenPromises) -> int:
    """An account with more keys than a page holds, and a left-over of ours behind them; a secret with as many versions."""
    scene = Scene(bench)
    scene.up(key())
    account, secret = scene.stack.resources["account"].id, scene.stack.resources["secret"].id
    mark = scene.look().keys[scene.key()["keyId"]]["description"].rpartition(".")[0]
    foreign = {"service_account_id": account, "description": "by hand", "scopes": [programs.SCOPE]}
    bench.cloud.set(versionQuota=5_000)
    with ThreadPoolExecutor(8) as pool:
        ids = [
            made["api_key"]["id"]
            for made in pool.map(lambda _: bench.by_hand("ApiKeyService/Create", foreign), range(1_050))
        ]
        entries = {"secret_id": secret, "payload_entries": [{"key": "by_hand", "text_value": "x"}]}
        list(pool.map(lambda _: bench.by_hand("SecretService/AddVersion", entries), range(1_050)))
    lost = {**foreign, "description": f"{mark}.left23over]"}
    left = bench.by_hand("ApiKeyService/Create", lost)["api_key"]["id"]
    bench.by_hand("SecretService/AddVersion", {**entries, "description": f"API key {left} sets api_key, api_key_id"})
    scene.up(key(reissue="1"))
    view = scene.look()
    if set(ids) - set(view.keys):
        broken.add(LOST, "a key of somebody else's is gone")
    known = {scene.key()["keyId"], *(item["keyId"] for item in scene.key()["previous"])}
    if set(view.keys) - set(ids) - known:
        broken.add(ORPHAN, "the left-over on the second page was not found")
    scene.must(scene.stack.refresh())
    scene.up(key(reissue="1"))
    bench.by_hand("ServiceAccountService/Delete", {"service_account_id": account})
    return 1


def spreading_rights(bench: Bench, broken: BrokenPromises) -> int:
    """The account's role counts only after a while, and the new key is unknown at first: verifying waits for both."""
    bench.cloud.set(accessDelay="2s", keyDelay="1s")
    scene = Scene(bench, _patient())
    url = f"{bench.ready['http']}/services/translate/"
    outcome = scene.stack.up(scene.program(key(verify={"url": url, "timeout": "30s"})))
    if outcome.failed:
        broken.add(NOT_HEALED, str(outcome.errors))
    else:
        _judge(scene, broken)
    return 1


def quotas(bench: Bench, broken: BrokenPromises) -> int:
    """The quota is hit by the third of five: the message has the figure and what to ask for, and what was made stays.

    With more quota, one plain run makes the rest.
    """
    for quota, kind, ask in (("apiKeyQuota", "apiKeys", _keys), ("serviceAccountQuota", "serviceAccounts", _accounts)):
        scene = Scene(bench)
        scene.up()
        state = bench.state()
        limit = len(state[kind]) + 2
        bench.cloud.set(**{quota: limit})
        program = ask(scene)
        outcome = scene.stack.up(program)
        message = " ".join(outcome.errors)
        if len(outcome.errors) != 1 or str(limit) not in message or "ask for a higher quota" not in message:
            broken.add(RULE, f"the message is {message!r}")
        if len(bench.state()[kind]) != limit:
            broken.add(RULE, "what could be made was not made")
        bench.cloud.set(**{quota: 100_000})
        outcome = scene.stack.up(program)
        if outcome.failed:
            broken.add(NOT_HEALED, str(outcome.errors))
        _judge(scene, broken)
    return 2


def _keys(scene: Scene) -> list[Any]:
    return scene.program(*(key(f"key {at}", entry=f"entry_{at}") for at in range(5)))


def _accounts(scene: Scene) -> list[Any]:
    return scene.program(more=[programs.account(scene.case, f"account-{at}") for at in range(5)])


def _each(
    bench: Bench,
    broken: BrokenPromises,
    methods: tuple[str, ...],
    fault: Mapping[str, Any],
    tuned: Callable[[Session], None] | None,
    told: str,
) -> int:
    """A life in which each of `methods` meets `fault` once: issue, rotation with retirement, delete. One plain run heals each."""
    for method in methods:
        scene = Scene(bench, tuned)
        bench.fault({"method": method, "times": 1, **fault})
        late = True
        for reissue in ("1", "2", "3"):
            first = scene.stack.up(scene.program(key(reissue=reissue)))
            if first.failed and told not in " ".join(first.errors):
                broken.add(RULE, f"{method}: {first.errors}")
            if "delayMs" in fault and late and not bench.cloud.admin("GET", "faults"):
                # What is late takes effect now.
                time.sleep(1.5 * _CALL)
                late = False
            outcome = scene.stack.up(scene.program(key(reissue=reissue)))
            if outcome.failed:
                broken.add(NOT_HEALED, f"{method}: {outcome.errors}")
            _judge(scene, broken, method)
            bench.advance("8d")
        for _ in range(2):
            last = scene.stack.destroy()
        if last.failed:
            broken.add(NOT_HEALED, f"destroy, {method}: {last.errors}")
        bench.clear_faults()
    return len(methods)


def _judge(scene: Scene, broken: BrokenPromises, about: str = "") -> None:
    """The promises of every key of the scene."""
    found = BrokenPromises()
    states = [held.values for held in scene.stack.resources.values() if held.token == programs.KEY]
    Judge(scene.look(), scene.bench.accepts, found).keys(states)
    for kind, words in found.wrong:
        broken.add(kind, f"{about}: {words}" if about else words)


def _patient(**figures: float) -> Callable[[Session], None]:
    """Real waits, short ones."""

    def tuned(session: Session) -> None:
        given = {"first_delay": 0.05, "longest_delay": 0.2, **figures}
        session.runtime().cloud.patience = Patience(**given)  # type: ignore[arg-type]

    return tuned


def _off(bench: Bench, off: timedelta) -> SmallStack:
    """A stack on a machine whose clock is `off`."""

    def start(identity: Identity) -> PluginRun:
        moment = bench.now() + off
        return PluginRun(bench.environment(), lambda: moment, identity=identity)

    return SmallStack(start)
