"""How often each method was called, and the last calls with their times and callers."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, replace

_LONGEST_LOG = 10_000


@dataclass
class LoggedCall:
    """One call in the log; times in RFC 3339, by the real clock and the emulated one."""

    method: str
    requestId: str
    realTime: str
    emulatedTime: str
    principal: str = ""
    code: str = ""
    """How it ended; empty while it is under way."""
    idempotencyKey: str = ""
    """The header as it was sent; empty without one."""
    repeated: bool = False
    """Whether it was answered with the operation that an earlier call with the same key had made, and did nothing."""

    def end(self, principal: str, code: str, *, repeated: bool) -> None:
        """The call has ended."""
        self.principal, self.code, self.repeated = principal, code, repeated


class CallLog:
    """Counts and log; in memory, as tests clear them anyway."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._log: deque[LoggedCall] = deque(maxlen=_LONGEST_LOG)

    def begin(self, entry: LoggedCall) -> None:
        """A call has arrived."""
        with self._lock:
            self._counts[entry.method] += 1
            self._log.append(entry)

    def counts(self) -> dict[str, int]:
        """Calls by method."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def entries(self) -> list[LoggedCall]:
        """The last calls, oldest first."""
        with self._lock:
            return [replace(entry) for entry in self._log]

    def clear(self) -> dict[str, int]:
        """Counts from nothing again; answers so."""
        with self._lock:
            self._counts.clear()
            self._log.clear()
        return self.counts()
