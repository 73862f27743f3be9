"""Load: a fleet of consumers calls all the time while keys rotate on schedule, in parallel, with faults at random. Nobody may be refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from setup.engine.places import REPOSITORY
from tests.reliability.consumer import Count, Orders
from tests.reliability.engine_bench import EngineBench
from tests.reliability.promises import KINDS, NOT_HEALED, Verdict
from tests.support.colleague import client
from tools.local_stack.account_tokens import token_for
from tools.table import Table

_FAULTY: Final = (
    "ApiKeyService/Create",
    "ApiKeyService/List",
    "ApiKeyService/Update",
    "ApiKeyService/Delete",
    "SecretService/AddVersion",
    "SecretService/ScheduleVersionDestruction",
)
_PROBABILITY: Final = 0.02
_TRIES: Final = 5
_PATIENCE: Final = 120.0
_POLL: Final = 0.05

Told = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How much load: `accounts` with `keys` each, rotated `rotations` times; `consumers` processes that make at least `calls`, and read again every
    `refresh` seconds."""

    accounts: int
    keys: int
    rotations: int
    consumers: int
    calls: int
    refresh: float = 2.0


FULL: Final = Size(accounts=10, keys=10, rotations=10, consumers=3, calls=100_000)
SMALL: Final = Size(accounts=2, keys=5, rotations=3, consumers=2, calls=3_000, refresh=0.5)


class Fleet:
    """The consumers' processes, and the last count that each has given."""

    def __init__(self, orders: list[Orders]) -> None:
        self._counts = [Count() for _ in orders]
        self._listeners: list[threading.Thread] = []
        self._processes = [self._started(at, order) for at, order in enumerate(orders)]

    def _started(self, at: int, orders: Orders) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.consumer"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(orders)) + "\n")
        process.stdin.flush()
        self._listeners.append(threading.Thread(target=self._listen, args=(at, process.stdout), daemon=True))
        self._listeners[-1].start()
        return process

    def _listen(self, at: int, output: IO[str]) -> None:
        with output:
            for line in output:
                self._counts[at] = Count(**json.loads(line))

    def has_read(self) -> None:
        """Returns when every consumer has read all of its secrets from now on. Raises TimeoutError."""
        # The round that is under way may have begun before: the one after it counts.
        wanted = [count.rounds + 2 for count in self._counts]
        self._until(lambda: all(count.rounds >= least for count, least in zip(self._counts, wanted, strict=True)))

    def has_called(self, calls: int) -> None:
        """Returns when that many calls have been made. Raises TimeoutError."""
        self._until(lambda: sum(count.calls for count in self._counts) >= calls)

    def end(self) -> list[Count]:
        """Ends them; what they have seen."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self._processes:
            process.wait(_PATIENCE)
        for listener in self._listeners:
            listener.join(_PATIENCE)
        return list(self._counts)

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > deadline or any(process.poll() for process in self._processes):
                raise TimeoutError(f"the fleet is stuck: {self._counts}")
            time.sleep(_POLL)


def load(size: Size, tell: Told) -> Table:
    """Runs it; one row."""
    columns = ("keys", "rotations", "runs", "runs that failed", "calls", "refused", *KINDS)
    table = Table("Load", columns, wrong=("refused", *KINDS))
    directory = Path(tempfile.mkdtemp(prefix="reliability-load-"))
    verdict = Verdict()
    try:
        with EngineBench(directory) as bench:
            runs, failed, counts = _drive(bench, size, verdict)
            bench.judge(verdict)
            rotations = sum(int(state["generation"]) - 1 for state in bench.states())
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for refusal in [words for count in counts for words in count.refusals][:20]:
        tell(f"refused: {refusal}")
    for kind, words in verdict.wrong:
        tell(f"{kind}: load: {words}")
    kinds = (sum(found == kind for found, _ in verdict.wrong) for kind in KINDS)
    calls, refused = sum(count.calls for count in counts), sum(count.refused for count in counts)
    table.add(str(size.accounts * size.keys), rotations, runs, failed, calls, refused, *kinds)
    return table


def _drive(bench: EngineBench, size: Size, verdict: Verdict) -> tuple[int, int, list[Count]]:
    """Rotates every key on schedule, over and over, while the fleet works: how many runs, how many failed, and the fleet's counts."""
    colleague = client(bench.cloud)
    request = {"folder_id": bench.cloud.ready["folderId"], "name": "fleet"}
    bench.foreign.add("fleet")
    fleet_id = colleague.operate("ServiceAccountService/Create", request)["response"]["id"]
    bench.write(*_accounts(size, fleet_id))
    runs, failed = _up(bench, verdict)
    token = token_for(bench.cloud.running, fleet_id)
    targets = [state["lockbox"] for state in bench.states()]
    entries = [(target["secretId"], target["secretEntry"]) for target in targets]
    ready = bench.cloud.ready
    orders = [
        Orders(
            ready["endpoint"], ready["ca"], ready["http"], token, entries[at :: size.consumers], refresh=size.refresh
        )
        for at in range(size.consumers)
    ]
    fleet = Fleet(orders)
    try:
        fleet.has_read()
        for at in range(size.rotations):
            bench.cloud.advance("31d")
            _faults(bench, at)
            more, wrong = _up(bench, verdict)
            runs, failed = runs + more, failed + wrong
            # Consumers read again within an overlap of days; here days pass in a moment.
            fleet.has_read()
        fleet.has_called(size.calls)
    finally:
        counts = fleet.end()
    return runs, failed, counts


def _up(bench: EngineBench, verdict: Verdict) -> tuple[int, int]:
    """Plain runs until one succeeds, the last tries without faults: how many, and how many failed."""
    for tried in range(1, _TRIES + 1):
        if tried == _TRIES - 1:
            bench.cloud.clear_faults()
        code, printed = bench.stack.attempt("up", "--yes", "--skip-preview", "--parallel", "32")
        if not code:
            bench.cloud.clear_faults()
            return tried, tried - 1
    verdict.add(NOT_HEALED, printed)
    return _TRIES, _TRIES


def _faults(bench: EngineBench, seed: int) -> None:
    """Each of the plugin's calls fails now and then, before and after it took effect."""
    often: Mapping[str, Any] = {"times": -1, "probability": _PROBABILITY, "code": "UNAVAILABLE"}
    bench.cloud.faults(
        *(
            {"method": method, "when": when, "seed": 100 * seed + at, **often}
            for at, method in enumerate(_FAULTY)
            for when in ("before", "after")
        )
    )


def _accounts(size: Size, reader: str) -> list[dict[str, Any]]:
    return [
        {
            "name": f"account-{at}",
            "readers": [f"serviceAccount:{reader}"],
            "keys": [{"name": f"key-{number}", "uses": ["translate"]} for number in range(size.keys)],
        }
        for at in range(size.accounts)
    ]
