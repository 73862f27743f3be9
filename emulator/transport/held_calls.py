"""Calls that a test holds at a chosen moment, until it lets them go or whoever called is gone."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field

import grpc


@dataclass
class HeldCall:
    """One call that is being held."""

    number: int
    method: str
    when: str
    request_id: str
    released: threading.Event = field(default_factory=threading.Event)
    abandoned: bool = False
    """Whether the caller has gone."""


class HeldCalls:
    """The calls that are being held."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._held: dict[int, HeldCall] = {}
        self._closed = False

    def hold(self, method: str, when: str, request_id: str, context: grpc.ServicerContext) -> bool:
        """Waits until the call is let go; False when its caller has gone instead."""
        with self._lock:
            if self._closed:
                return False
            hold = HeldCall(next(self._numbers), method, when, request_id)
            self._held[hold.number] = hold

        def gone() -> None:
            hold.abandoned = not hold.released.is_set()
            hold.released.set()

        alive = context.add_callback(gone)
        if not alive:
            gone()
        hold.released.wait()
        with self._lock:
            self._held.pop(hold.number, None)
        return not hold.abandoned

    def as_json(self) -> list[dict[str, object]]:
        """What is being held now."""
        with self._lock:
            return [
                {"id": hold.number, "method": hold.method, "when": hold.when, "requestId": hold.request_id}
                for hold in self._held.values()
                if not hold.released.is_set()
            ]

    def release(self, number: int | None = None) -> int:
        """Lets go of one call, or of all; answers how many there were."""
        with self._lock:
            chosen = [hold for hold in self._held.values() if number in (None, hold.number)]
            waiting = [hold for hold in chosen if not hold.released.is_set()]
            for hold in waiting:
                hold.released.set()
        return len(waiting)

    def close(self) -> None:
        """The emulator ends: nobody waits any longer, and held calls are dropped."""
        with self._lock:
            self._closed = True
            for hold in self._held.values():
                hold.abandoned = True
                hold.released.set()
