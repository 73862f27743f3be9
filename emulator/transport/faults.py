"""Faults that a test has asked for: calls that fail before or after they took effect, that are slow, or that are held.

A fault names a method, and meets the next calls of it, `times` often (-1: always), after the first `skip` calls.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field

from emulator.durations import read_duration
from emulator.errors import AdminError, code_named
from emulator.state.call import OperationPlan

_FIELDS = {"method", "when", "code", "message", "times", "delayMs", "skip", "probability", "seed", "hold", "operation"}
_OPERATION_FIELDS = {"seconds", "code", "message", "done", "takesEffect"}


@dataclass
class Fault:
    """One fault, as it was asked for, and how often it will still happen."""

    method: str
    """`ApiKeyService/Create`, or `*` for every method."""
    when: str = "before"
    code: str = "OK"
    """The error that the call gets; OK: none, it is only slow, held, or its operation special."""
    message: str = ""
    times: int = 1
    delay_seconds: float = 0
    skip: int = 0
    probability: float = 1.0
    seed: int | None = None
    hold: bool = False
    operation: OperationPlan | None = None
    asked: dict[str, object] = field(default_factory=dict)
    chance: random.Random = field(default_factory=random.Random)

    def as_json(self) -> dict[str, object]:
        """The fault as JSON, with what is left of it."""
        return {**self.asked, "times": self.times, "skip": self.skip}


class Faults:
    """The faults in force; in memory, so a restarted emulator has none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, asked: object) -> list[dict[str, object]]:
        """Adds the given faults, one object or a list; answers all. Raises AdminError; then none was added."""
        read = [_read(item, index) for index, item in enumerate(asked if isinstance(asked, list) else [asked])]
        with self._lock:
            self._faults += read
        return self.as_json()

    def clear(self) -> list[dict[str, object]]:
        """There are no faults any more; answers so."""
        with self._lock:
            self._faults.clear()
        return self.as_json()

    def as_json(self) -> list[dict[str, object]]:
        """The faults that are left."""
        with self._lock:
            return [fault.as_json() for fault in self._faults]

    def take(self, method: str, when: str) -> list[Fault]:
        """The faults that meet this call at this point: the harmless ones, and the first that is an error. Each is used
        up by one."""
        met: list[Fault] = []
        with self._lock:
            for fault in list(self._faults):
                if fault.when == when and fault.method in (method, "*") and self._strikes(fault):
                    met.append(fault)
                    if fault.code != "OK":
                        break
        return met

    def _strikes(self, fault: Fault) -> bool:
        if fault.probability < 1 and fault.chance.random() >= fault.probability:
            return False
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.times > 0:
            fault.times -= 1
            if fault.times == 0:
                self._faults.remove(fault)
        return True


def _read(item: object, index: int) -> Fault:
    where = f"[{index}]"
    if not isinstance(item, dict):
        raise AdminError(
            f'{where}: a fault is an object such as {{"method": "ApiKeyService/Create", "code": "INTERNAL"}}'
        )
    unknown = set(item) - _FIELDS
    if unknown:
        raise AdminError(f"{where}.{sorted(unknown)[0]}: no such field; there are {', '.join(sorted(_FIELDS))}")
    method = item.get("method")
    if not isinstance(method, str) or (method != "*" and method.count("/") != 1):
        raise AdminError(f"{where}.method: {method!r} isn't a method; write it as ApiKeyService/Create, or * for all")
    when = item.get("when", "before")
    if when not in ("before", "after"):
        raise AdminError(f"{where}.when: {when!r} isn't one of before, after")
    code = item.get("code", "OK" if _harmless(item) else "UNAVAILABLE")
    code_named(code, f"{where}.code")
    times = _whole(item, "times", where, 1, lowest=-1)
    if times == 0:
        raise AdminError(f"{where}.times: 0 would never happen; write 1 or more, or -1 for always")
    probability = item.get("probability", 1.0)
    if isinstance(probability, bool) or not isinstance(probability, (int, float)) or not 0 <= probability <= 1:
        raise AdminError(f"{where}.probability: {probability!r} isn't a number from 0 to 1")
    seed = item.get("seed")
    return Fault(
        method=method.rsplit(".", 1)[-1],
        when=when,
        code=code,
        message=str(item.get("message", "")),
        times=times,
        delay_seconds=_number(item, "delayMs", where) / 1000,
        skip=_whole(item, "skip", where, 0, lowest=0),
        probability=float(probability),
        seed=seed,
        hold=bool(item.get("hold", False)),
        operation=_plan(item["operation"], f"{where}.operation") if "operation" in item else None,
        asked=dict(item),
        chance=random.Random(seed),
    )


def _harmless(item: dict[str, object]) -> bool:
    """Whether a fault without a code means none: it delays, holds, or concerns the operation."""
    return bool({"delayMs", "hold", "operation"} & set(item))


def _plan(item: object, where: str) -> OperationPlan:
    if not isinstance(item, dict) or set(item) - _OPERATION_FIELDS:
        raise AdminError(f"{where}: an object with some of {', '.join(sorted(_OPERATION_FIELDS))}")
    seconds = read_duration(item["seconds"], f"{where}.seconds").total_seconds() if "seconds" in item else None
    code = int(code_named(item["code"], f"{where}.code").value[0]) if "code" in item else 0
    message = str(item.get("message", "The operation failed, as a test asked"))
    return OperationPlan(seconds, code, message, bool(item.get("done", True)), bool(item.get("takesEffect", False)))


def _whole(item: dict[str, object], name: str, where: str, default: int, lowest: int) -> int:
    value = item.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
        raise AdminError(f"{where}.{name}: {value!r} isn't a whole number of {lowest} or more")
    return value


def _number(item: dict[str, object], name: str, where: str) -> float:
    value = item.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e9:
        raise AdminError(f"{where}.{name}: {value!r} isn't a number of 0 or more")
    return float(value)
