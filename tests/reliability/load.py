"""Load: a fleet of consumers calls all the time while keys rotate on schedule, in parallel, with faults at random. Nobody may be refused."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.reliability.engine_bench import EngineBench
from tests.reliability.promises import KINDS, NOT_HEALED, BrokenPromises
from tests.support.colleague import client
from tools.demo.consumer import Assignment, Report, Wanted
from tools.demo.consumer_process import ConsumerProcess
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
_PACE: Final = 200.0
# A consumer makes at most so many calls a second.

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
    """Consumers, each in a process of its own."""

    def __init__(self, assignments: Sequence[Assignment]) -> None:
        self._consumers = [ConsumerProcess(assignment) for assignment in assignments]

    def has_read(self) -> None:
        """Returns when every consumer has read all of its secrets from now on. Raises ConsumerEnded."""
        asked = time.monotonic()
        for consumer in self._consumers:
            consumer.wait_for_reading(asked)

    def has_called(self, calls: int) -> None:
        """Returns when that many calls have been made. Raises ConsumerEnded."""
        while sum(consumer.last.calls for consumer in self._consumers) < calls:
            self.has_read()

    def end(self) -> list[Report]:
        """Ends them; what they have seen."""
        return [consumer.stop() for consumer in self._consumers]


def load(size: Size, tell: Told) -> Table:
    """Runs it; one row."""
    columns = ("keys", "rotations", "runs", "runs that failed", "calls", "refused", *KINDS)
    table = Table("Load", columns, wrong=("refused", *KINDS))
    directory = Path(tempfile.mkdtemp(prefix="reliability-load-"))
    broken = BrokenPromises()
    try:
        with EngineBench(directory) as bench:
            runs, failed, reports = _drive(bench, size, broken)
            bench.judge(broken)
            rotations = sum(int(state["generation"]) - 1 for state in bench.states())
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for key_id, reason in [refused for report in reports for refused in report.reasons.items()][:20]:
        tell(f"refused: {key_id}: {reason}")
    for kind, words in broken.wrong:
        tell(f"{kind}: load: {words}")
    kinds = (sum(found == kind for found, _ in broken.wrong) for kind in KINDS)
    calls, refused = sum(report.calls for report in reports), sum(report.refused_but_for(()) for report in reports)
    table.add(str(size.accounts * size.keys), rotations, runs, failed, calls, refused, *kinds)
    return table


def _drive(bench: EngineBench, size: Size, broken: BrokenPromises) -> tuple[int, int, list[Report]]:
    """Rotates every key on schedule, over and over, while the fleet works: how many runs, how many failed, and the fleet's reports."""
    colleague = client(bench.cloud)
    request = {"folder_id": bench.cloud.ready["folderId"], "name": "fleet"}
    bench.foreign.add("fleet")
    fleet_id = colleague.operate("ServiceAccountService/Create", request)["response"]["id"]
    bench.write(*_accounts(size, fleet_id))
    runs, failed = _up(bench, broken)
    bench.cloud.admin("POST", "metadata", {"serviceAccountId": fleet_id})
    wanted = [
        (lockbox["secretId"], Wanted(lockbox["secretId"], "translate", lockbox["secretEntry"], lockbox["keyIdEntry"]))
        for lockbox in (state["lockbox"] for state in bench.states())
    ]
    ready = bench.cloud.ready
    fleet = Fleet(
        [
            Assignment(ready["endpoint"], ready["ca"], ready["http"], dict(own), size.refresh, len(own) / _PACE)
            for own in (wanted[at :: size.consumers] for at in range(size.consumers))
        ]
    )
    try:
        fleet.has_read()
        for at in range(size.rotations):
            bench.cloud.advance("31d")
            _faults(bench, at)
            more, wrong = _up(bench, broken)
            runs, failed = runs + more, failed + wrong
            # Consumers read again within an overlap of days; here days pass in a moment.
            fleet.has_read()
        fleet.has_called(size.calls)
    finally:
        reports = fleet.end()
    return runs, failed, reports


def _up(bench: EngineBench, broken: BrokenPromises) -> tuple[int, int]:
    """Plain runs until one succeeds, the last tries without faults: how many, and how many failed."""
    for tried in range(1, _TRIES + 1):
        if tried == _TRIES - 1:
            bench.cloud.clear_faults()
        code, printed = bench.stack.attempt("up", "--yes", "--skip-preview", "--parallel", "32")
        if not code:
            bench.cloud.clear_faults()
            return tried, tried - 1
    broken.add(NOT_HEALED, printed)
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
