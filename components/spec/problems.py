"""What is wrong with a stack file, as lines that name the path, what is wrong and what would be right."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

LONGEST_SHOWN: Final = 60
"""Characters of a user's value that a line shows: a slip of 10 MB still makes one short line."""
MOST_SHOWN: Final = 1000
"""Lines that one error shows."""
_PLAIN_FIELD: Final = re.compile(r"[-_a-zA-Z0-9]{1,40}")


@dataclass(frozen=True)
class Place:
    """Where something stands: its `path`, `accounts[0].keys[1].overlap`, and for people the same with the names of what
    is on the way, `accounts[0] (billing).keys[1] (default).overlap`."""

    path: str = ""
    named: str = ""

    def __truediv__(self, step: int | str) -> Place:
        """What stands under `step` here: a field, or an item of a list."""
        is_field = isinstance(step, str) and _PLAIN_FIELD.fullmatch(step)
        written = f".{step}" if is_field else f"[{step if isinstance(step, int) else shown(step)}]"
        return Place((self.path + written).removeprefix("."), (self.named + written).removeprefix("."))

    def of(self, name: str) -> Place:
        """This place, for people as that of what is called `name`; the beginning needs none."""
        return Place(self.path, f"{self.named} ({name})") if self.path else self

    def __str__(self) -> str:
        return self.named


def place(*steps: int | str) -> Place:
    """Where the steps lead from the beginning."""
    return functools.reduce(Place.__truediv__, steps, Place())


@dataclass(frozen=True)
class Problem:
    """One thing to mend: where it is, what is `wrong` there, what would be `right`."""

    place: Place
    wrong: str
    right: str

    @property
    def path(self) -> str:
        """Where, without names: `accounts[0].keys[1].overlap`."""
        return self.place.path

    @property
    def text(self) -> str:
        """What is wrong, and what would be right."""
        return f"{self.wrong}: {self.right}"

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.path else self.text


class SpecError(Exception):
    """What is written can't be used. `problems` has every reason; the text of the error is their lines under a
    count."""

    def __init__(self, problems: Sequence[Problem], what: str = "the stack file") -> None:
        self.problems: Final = tuple(problems)
        count = len(self.problems)
        lines = [f"  {problem}" for problem in self.problems[:MOST_SHOWN]]
        if count > MOST_SHOWN:
            lines.append(f"  and {count - MOST_SHOWN} more")
        super().__init__("\n".join([f"{what} has {count} problem{'' if count == 1 else 's'}:", *lines]))


def shown(value: object) -> str:
    """`value` for a line: quoted, on one line, cut where it is long; of a list or a mapping only the kind."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}" if isinstance(value, float) or abs(value) < 10**20 else "a very large number"
    if isinstance(value, str):
        return repr(value) if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]!r}…"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"


def did_you_mean(word: str, known: Iterable[str], plural: str) -> str:
    """A remedy for `word`, which isn't one of the `known`: the nearest of them, or all of them."""
    names = sorted(known)
    near = nearest(word, names)
    return f"did you mean {near}?" if near else f"{plural}: {', '.join(names)}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Which of the `known` names `word` may have been meant to be; None where none is near."""
    plain = {_plain(name): name for name in known}
    near = difflib.get_close_matches(_plain(word[:LONGEST_SHOWN]), plain, n=1, cutoff=0.6)
    return plain[near[0]] if near else None


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")
