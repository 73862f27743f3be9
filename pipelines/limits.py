"""What one run of a stack may do at the most: a mistake that would end or replace keys by the dozen is stopped before it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.events import Events
from pipelines.words import rotates

_DIES = ("delete", "replace")


@dataclass(frozen=True)
class Limits:
    """How many keys may rotate, and how many may be deleted or replaced; None where any number may."""

    rotate: int | None = None
    delete: int | None = None

    def __bool__(self) -> bool:
        return self.rotate is not None or self.delete is not None

    def exceeded(self, previewed: Events) -> list[str]:
        """What a preview says that is more than may be, in words."""
        keys = [each for each in previewed.touched() if each.is_key]
        counts = (
            ("limits.rotate", "would rotate", sum(map(rotates, keys)), self.rotate),
            ("limits.delete", "would be deleted", sum(each.operation in _DIES for each in keys), self.delete),
        )
        return list(_told(counts))


def _told(counts: tuple[tuple[str, str, int, int | None], ...]) -> Iterator[str]:
    for setting, happens, count, most in counts:
        if most is not None and count > most:
            yield (
                f"{count} {'key' if count == 1 else 'keys'} {happens}, and {setting} of stacks/fleet.toml is {most}: nothing was done; "
                "if it is meant, raise the limit, or run `python3 -m pipelines up --beyond-limits` for this stack"
            )
