"""A consumer in a process of its own, as real ones are: it keeps what it has read of Lockbox, reads it again every so often, and calls all the time.

`python -m tests.reliability.consumer` takes its orders as one line of JSON on standard input, prints a line of JSON after each round
of reading, and ends when standard input ends; its last line is the final count.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import grpc
import yandexcloud
from yandex.cloud.lockbox.v1.payload_service_pb2 import GetPayloadRequest
from yandex.cloud.lockbox.v1.payload_service_pb2_grpc import PayloadServiceStub

from tests.support.kept_connection import KeptConnection

_TIMEOUT = 20.0


@dataclass
class Count:
    """What a consumer has seen. A refusal is an answer of 401 or 403 to a key that it took from Lockbox."""

    calls: int = 0
    refused: int = 0
    unreachable: int = 0
    rounds: int = 0
    """How often it has read all of its secrets anew."""
    refusals: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Orders:
    """Where the cloud is, the token to read with, which entries of which secrets, every how many seconds to read them, how many calls a second."""

    endpoint: str
    ca: str
    http: str
    token: str
    entries: Sequence[tuple[str, str]]
    service: str = "translate"
    refresh: float = 2.0
    pace: float = 150.0


class Consumer:
    """One consumer of many keys."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        roots = Path(orders.ca).read_bytes()
        sdk = yandexcloud.SDK(endpoint=orders.endpoint, root_certificates=roots, iam_token=orders.token)
        self._lockbox = sdk.client(PayloadServiceStub)
        self._http = KeptConnection(orders.http)
        self._held: dict[tuple[str, str], str] = {}
        self.count = Count()

    def read(self) -> None:
        """Reads every secret anew; what can't be read now stays as it was."""
        for secret_id, entry in self._orders.entries:
            try:
                payload: Any = self._lockbox.Get(GetPayloadRequest(secret_id=secret_id), timeout=_TIMEOUT)
            except grpc.RpcError:
                continue
            values = {held.key: held.text_value for held in payload.entries}
            if entry in values:
                self._held[secret_id, entry] = values[entry]
        self.count.rounds += 1

    def call(self) -> None:
        """One call with each key."""
        for (secret_id, _), secret in list(self._held.items()):
            headers = {"Authorization": f"Api-Key {secret}"}
            try:
                status, answer = self._http.request("GET", f"/services/{self._orders.service}/", headers=headers)
            except OSError:
                self.count.unreachable += 1
                continue
            self.count.calls += 1
            if status in (401, 403):
                self.count.refused += 1
                self.count.refusals.append(f"{secret_id}: {status} {str(answer)[:200]}")

    def work(self, over: threading.Event) -> None:
        """Calls all the time, reads every so often, until it is over."""
        due = 0.0
        while not over.is_set():
            if time.monotonic() >= due:
                self.read()
                _say(self.count)
                due = time.monotonic() + self._orders.refresh
            began = time.monotonic()
            self.call()
            over.wait(max(0.0, len(self._held) / self._orders.pace - (time.monotonic() - began)))
        _say(self.count)


def _say(count: Count) -> None:
    print(json.dumps(asdict(count)), flush=True)


def main() -> None:
    """Works until standard input ends."""
    written: Mapping[str, Any] = json.loads(sys.stdin.readline())
    orders = Orders(**{**written, "entries": [tuple(entry) for entry in written["entries"]]})
    over = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=listen, daemon=True).start()
    Consumer(orders).work(over)


if __name__ == "__main__":
    main()
