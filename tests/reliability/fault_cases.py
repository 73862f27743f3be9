"""Which faults a step is put through: every call that it makes, before and after it took effect, by every code, once and always."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Literal

CODES: Final = (
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    "INTERNAL",
    "RESOURCE_EXHAUSTED",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
)
WHENS: Final[tuple[Literal["before", "after"], ...]] = ("before", "after")
ONCE, ALWAYS = 1, -1
_REFUSALS: Final = ("PERMISSION_DENIED", "UNAUTHENTICATED", "RESOURCE_EXHAUSTED")
_SECOND_CODES: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "PERMISSION_DENIED")


@dataclass(frozen=True, order=True)
class Fault:
    """The call number `nth` (from 0) of `method` fails, `before` or `after` it took effect; once, or it and all that follow."""

    method: str
    nth: int
    when: str
    code: str
    times: int

    def asked(self) -> dict[str, Any]:
        """What the emulator's admin API takes."""
        return {"method": self.method, "when": self.when, "code": self.code, "times": self.times, "skip": self.nth}

    def __str__(self) -> str:
        often = "once" if self.times == ONCE else "always"
        return f"{self.method}#{self.nth + 1} {self.when} {self.code} {often}"


@dataclass(frozen=True, order=True)
class Case:
    """A step (by its name) and what fails in it."""

    step: str
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return f"{self.step}: {' + '.join(map(str, self.faults))}"


def single_faults(step: str, calls: Sequence[str]) -> Iterator[Case]:
    """Every case of one fault for a step that makes `calls`."""
    for (method, nth), when, code, times in product(_numbered(calls), WHENS, CODES, (ONCE, ALWAYS)):
        yield Case(step, (Fault(method, nth, when, code, times),))


def double_faults(case: Case, calls: Sequence[str], made: Sequence[str]) -> Iterator[Case]:
    """What fails in addition among the calls that `case` `made` beyond the `calls` of an undisturbed step: its way of coping."""
    (first,) = case.faults
    coping = [item for item in _numbered(made) if item not in set(_numbered(calls)) and item[0] != first.method]
    for (method, nth), when, code in product(coping, WHENS, _SECOND_CODES):
        # Twice the same refusal of one service can't be told from a deployer without its role: then nothing took effect.
        if code in _REFUSALS and first.code in _REFUSALS and method.partition("/")[0] == first.method.partition("/")[0]:
            continue
        yield Case(case.step, (first, Fault(method, nth, when, code, ALWAYS)))


def _numbered(calls: Sequence[str]) -> list[tuple[str, int]]:
    """Each call with how many of its method came before it."""
    return [(method, list(calls[:at]).count(method)) for at, method in enumerate(calls)]
