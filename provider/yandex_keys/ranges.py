"""Ranges as the API's descriptors write them: `<=256`, `1-100`, `>0`, `1,2,4`, `1s-24h`, `19700101T000000.0-2105…`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NUMBER: Final = r"-?\d+(?:\.\d+)?[smhd]?"
_MOMENT: Final = r"\d{8}T\d{6}(?:\.\d+)?"
_BETWEEN: Final = re.compile(rf"({_MOMENT}|{_NUMBER})-({_MOMENT}|{_NUMBER})")
_AGAINST: Final = re.compile(rf"(<=|>=|<|>)({_NUMBER})")


@dataclass(frozen=True)
class Range:
    """What is allowed, as numbers: counts as they are, durations in seconds, moments in seconds since 1970 (UTC)."""

    text: str
    """As it is best shown to a person."""
    low: float = float("-inf")
    high: float = float("inf")
    above: bool = False
    """`low` itself is too little."""
    below: bool = False
    """`high` itself is too much."""
    choices: frozenset[str] = frozenset()

    def holds(self, value: object) -> bool:
        """Whether `value`, a number (or one of the choices), is allowed."""
        if self.choices:
            return str(value) in self.choices
        number = float(value)  # type: ignore[arg-type]
        if number < self.low or number > self.high:
            return False
        return not (self.above and number == self.low) and not (self.below and number == self.high)

    def words(self, unit: str) -> str:
        """The range of a count in words, ready for "… allowed": `at most 256 are`."""
        plural = f"{unit}s"
        if self.choices:
            return f"{' or '.join(sorted(self.choices))} {plural} are"
        low = int(self.low) + self.above if self.low != float("-inf") else 0
        high = int(self.high) - self.below if self.high != float("inf") else None
        if high is None:
            return f"at least {low} {unit if low == 1 else plural} {'is' if low == 1 else 'are'}"
        if low <= 0:
            return f"at most {high} {'is' if high == 1 else 'are'}"
        return f"exactly {low} {'is' if low == 1 else 'are'}" if low == high else f"{low} to {high} are"


def parse_range(text: str) -> Range | None:
    """What an option's text means; None where there is no text. Raises ValueError for a form that isn't known."""
    if not text:
        return None
    if match := _AGAINST.fullmatch(text):
        sign, bound = match[1], _number(match[2])
        if sign.startswith("<"):
            return Range(text, high=bound, below=sign == "<")
        return Range(text, low=bound, above=sign == ">")
    if match := _BETWEEN.fullmatch(text):
        return Range(f"{_shown(match[1])} to {_shown(match[2])}", low=_number(match[1]), high=_number(match[2]))
    parts = text.split(",")
    if len(parts) == 1 and re.fullmatch(_NUMBER, text):
        return Range(text, low=_number(text), high=_number(text))
    return Range(text.replace(",", ", "), choices=frozenset(part.strip() for part in parts))


def _number(text: str) -> float:
    if "T" in text:
        return _moment(text).timestamp()
    if text[-1] in _UNITS:
        return float(text[:-1]) * _UNITS[text[-1]]
    return float(text)


def _moment(text: str) -> datetime:
    whole, _, fraction = text.partition(".")
    return datetime.strptime(f"{whole}.{(fraction or '0')[:6]}", "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)


def _shown(text: str) -> str:
    return _moment(text).strftime("%Y-%m-%dT%H:%M:%SZ") if "T" in text else text
