"""The engine's lock on a stack: whose it is, and whether it may be broken.

A run that is killed leaves its lock behind (`.pulumi/locks/` in the state's bucket), and every later run stops at it until somebody
calls `pulumi cancel`, which is only safe once the holder is dead. So a lock is broken in two cases, and in no other:

- its holder is a process that an earlier run of this pipeline started on this machine, and that process is gone; or
- it is older than any run can be: STALE_AFTER, four times what the pipelines at hand give a job before they end it.

Otherwise the run waits a while, and then ends with an exit code of its own; the next one tries again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

STALE_AFTER = timedelta(hours=2)
_LOCKED = "the stack is currently locked by"
# pulumi/pkg/backend/diy/lock.go, checkForLock.
_HOLDER = re.compile(r"created by (?P<user>.*)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")


@dataclass(frozen=True)
class Lock:
    """One lock, as the engine describes it. `since` is by the holder's clock."""

    user: str
    host: str
    pid: int
    since: datetime

    def __str__(self) -> str:
        return f"{self.user}@{self.host}, process {self.pid}, since {self.since:%Y-%m-%d %H:%M:%S %Z}"


@dataclass(frozen=True)
class Judgement:
    """Whether all of a stack's locks may be broken, and why or why not, in words."""

    may_break: bool
    reason: str


def is_locked(error_output: str) -> bool:
    """Whether the engine stopped at a lock."""
    return _LOCKED in error_output


def locks_in(error_output: str) -> list[Lock]:
    """The locks that the engine's message lists."""
    found = []
    for match in _HOLDER.finditer(error_output):
        try:
            since = datetime.fromisoformat(match["since"])
        except ValueError:
            continue
        found.append(Lock(match["user"], match["host"], int(match["pid"]), since))
    return found


def judge(locks: Sequence[Lock], now: datetime, stale_after: timedelta, is_dead: Callable[[Lock], bool]) -> Judgement:
    """Whether they may be broken. `pulumi cancel` takes all of them, so each must be beyond doubt.

    `is_dead` answers True only for a holder that is known to be gone.
    """
    if not locks:
        return Judgement(False, "the lock's holder can't be read")
    for lock in locks:
        if not is_dead(lock) and now - lock.since < stale_after:
            until = lock.since + stale_after
            return Judgement(False, f"held by {lock}; from {until:%Y-%m-%d %H:%M %Z} on it counts as left behind")
    lock = locks[0]
    why = "which is gone" if is_dead(lock) else f"which is longer than a run can take ({_hours(stale_after)})"
    return Judgement(True, f"left behind by {lock}, {why}")


def _hours(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):g} h"
