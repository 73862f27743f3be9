"""`python -m tools.demo.consumer`: a consumer in a process of its own.

It reads its keys in Lockbox, keeps them, reads them again every few seconds, and calls its services all the time. On standard input it gets
an `Assignment` as JSON; on standard output it says, after each reading and once at its end (SIGTERM), what it has done so far, as a line of JSON.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from typing import Any

import grpc
import requests

from tools.local_stack.client import Lockbox, Services


@dataclass(frozen=True)
class Wanted:
    """A key that the consumer uses: its Lockbox entries, and the service that it is for."""

    secret_id: str
    service: str
    secret_entry: str = "api_key"
    key_id_entry: str = "api_key_id"


@dataclass(frozen=True)
class Assignment:
    """Where its cloud is, what it uses, how often it reads, and how long it rests between two rounds of calls (seconds)."""

    endpoint: str
    ca: str
    http: str
    wanted: dict[str, Wanted]
    refresh: float = 2.0
    rest: float = 0.05

    @classmethod
    def from_json(cls, text: str) -> Assignment:
        """As `to_json` wrote it."""
        told: dict[str, Any] = json.loads(text)
        wanted = {name: Wanted(**each) for name, each in told.pop("wanted").items()}
        return cls(wanted=wanted, **told)

    def to_json(self) -> str:
        """On one line."""
        return json.dumps(asdict(self))


@dataclass
class Report:
    """What the consumer has done so far.

    read_began: when its last reading began, by the machine's monotonic clock; keys, versions: by name, what it uses; refused: by key id, how
    many calls were refused; reasons: by key id, why; failed: calls and readings that got no answer.
    """

    calls: int = 0
    reads: int = 0
    read_began: float = 0.0
    keys: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    failed: int = 0

    def refused_but_for(self, key_ids: Collection[str]) -> int:
        """How many calls were refused, those with the given keys aside."""
        return sum(count for key_id, count in self.refused.items() if key_id not in key_ids)

    @classmethod
    def from_json(cls, line: str) -> Report:
        """As `to_json` wrote it."""
        return cls(**json.loads(line))

    def to_json(self) -> str:
        """On one line; holds no secret."""
        return json.dumps(asdict(self))


class Consumer:
    """The loop. `say` gets the report after each reading."""

    def __init__(self, assignment: Assignment, say: Callable[[Report], None]) -> None:
        self._assignment = assignment
        self._say = say
        self._lockbox = Lockbox(assignment.endpoint, assignment.ca)
        self._services = Services(assignment.http)
        self._secrets: dict[str, str] = {}
        self.report = Report()

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set."""
        next_reading = 0.0
        while not stop.is_set():
            if time.monotonic() >= next_reading:
                next_reading = time.monotonic() + self._assignment.refresh
                self._read()
                self._say(self.report)
            for name, wanted in self._assignment.wanted.items():
                if name in self._secrets:
                    self._call(name, wanted)
            stop.wait(self._assignment.rest)

    def _read(self) -> None:
        """What can't be read now is used as it was: that is what the cache is for."""
        report, began = self.report, time.monotonic()
        payloads: dict[str, dict[str, str]] = {}
        for name, wanted in self._assignment.wanted.items():
            try:
                if wanted.secret_id not in payloads:
                    payload = self._lockbox.read(wanted.secret_id)
                    payloads[wanted.secret_id] = payload.entries
                    report.versions[name] = payload.version_id
            except grpc.RpcError:
                report.failed += 1
                return
            entries = payloads[wanted.secret_id]
            if wanted.secret_entry in entries:
                self._secrets[name] = entries[wanted.secret_entry]
                report.keys[name] = entries[wanted.key_id_entry]
        report.reads += 1
        report.read_began = began

    def _call(self, name: str, wanted: Wanted) -> None:
        report = self.report
        try:
            answer = self._services.call(wanted.service, self._secrets[name])
        except requests.RequestException:
            report.failed += 1
            return
        report.calls += 1
        if answer.status != requests.codes.ok:
            key_id = report.keys[name]
            report.refused[key_id] = report.refused.get(key_id, 0) + 1
            report.reasons[key_id] = f"{answer.status} {answer.reason}"


def main() -> int:
    """Runs until SIGTERM, or until whoever started it is gone and nobody listens any more."""
    assignment = Assignment.from_json(sys.stdin.readline())
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    consumer = Consumer(assignment, lambda report: print(report.to_json(), flush=True))
    try:
        consumer.run(stop)
        print(consumer.report.to_json(), flush=True)
    except BrokenPipeError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
