"""Which stacks take how much of a cloud's quota (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cli.words import counted

_NAMED: Final = 3
"""How many stacks are named in a sentence: the JSON names them all."""


@dataclass(frozen=True)
class Share:
    """One stack's part. `has`: what its state has now; `makes`: what its file declares beside that; `at_once`: both, while all overlaps last.

    An audit judges states, and reads no file for what is to be made."""

    stack: str
    has: int
    at_once: int
    makes: int = 0

    def as_json(self) -> dict[str, object]:
        """The documented shape, version 1."""
        return {"stack": self.stack, "has": self.has, "makes": self.makes, "atOnce": self.at_once}


def keys_at_once(overlap: timedelta, rotate_every: timedelta) -> int:
    """How many a key counts for while its overlaps last: itself, and those of before that work on."""
    return 1 - (-overlap // rotate_every)


def most_first(counts: Mapping[str, int]) -> str:
    """Such as `prod 812, staging 40 and 23 other stacks 161`: the stacks that bring most, and how many the others do together."""
    ordered = sorted(((count, name) for name, count in counts.items() if count), key=lambda it: (-it[0], it[1]))
    named = ", ".join(f"{name} {count:,}" for count, name in ordered[:_NAMED])
    others = ordered[_NAMED:]
    if not others:
        return named
    return f"{named} and {counted(len(others), 'other stack')} {sum(count for count, _ in others):,}"
