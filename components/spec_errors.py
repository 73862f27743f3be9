"""What is wrong with a stack file, as lines that name the path, what is wrong and what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import PydanticCustomError

LONGEST_SHOWN: Final = 60
"""Characters of a user's value that a line shows: a slip of 10 MB still makes one short line."""
MOST_SHOWN: Final = 1000
"""Lines that one error shows."""
UNION_TAGS: Final = frozenset({"<flag>", "<call>"})
"""What pydantic puts into a location for the branch of a union; no part of the path that the user knows."""
_PLAIN_FIELD: Final = re.compile(r"[-_a-zA-Z0-9]{1,40}")


@dataclass(frozen=True)
class Problem:
    """One thing to mend: `path` as in `accounts[0].keys[1].overlap`, what is `wrong` there, what would be `right`."""

    path: str
    wrong: str
    right: str

    def __str__(self) -> str:
        return f"{self.path}: {self.wrong}: {self.right}"


class SpecError(Exception):
    """The stack file can't be used. `problems` has every reason; the text of the error is their lines under a count."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: Final = tuple(problems)
        count = len(self.problems)
        lines = [f"  {problem}" for problem in self.problems[:MOST_SHOWN]]
        if count > MOST_SHOWN:
            lines.append(f"  and {count - MOST_SHOWN} more")
        super().__init__("\n".join([f"the stack file has {count} problem{'' if count == 1 else 's'}:", *lines]))


def rule_error(wrong: str, right: str) -> PydanticCustomError:
    """What a validator raises, so that the line keeps `wrong` and `right` apart."""
    return PydanticCustomError("rule", "{wrong}: {right}", {"wrong": wrong, "right": right})


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


def path_of(root: str, location: Iterable[int | str]) -> str:
    """The path that a user reads, such as `accounts[0].keys[1].overlap`, for pydantic's `location` below `root`."""
    path = root
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step not in UNION_TAGS and step != "[key]":
            path += f".{step}" if _PLAIN_FIELD.fullmatch(step) else f"[{shown(step)}]"
    return path.removeprefix(".")


def did_you_mean(word: str, known: Iterable[str], plural: str) -> str:
    """A remedy for `word`, which isn't one of the `known`: the nearest of them, or all of them."""
    names = sorted(known)
    plain = {_plain(name): name for name in names}
    near = difflib.get_close_matches(_plain(word[:LONGEST_SHOWN]), plain, n=1, cutoff=0.6)
    return f"did you mean {plain[near[0]]}?" if near else f"{plural}: {', '.join(names)}"


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


def problems_of(errors: Iterable[Any], root: str, fields: Iterable[str], call_fields: Iterable[str]) -> list[Problem]:
    """pydantic's own `errors()` as problems below the path `root`; `fields` are the names that are known there, and
    `call_fields` those under `verify`."""
    problems = []
    for error in errors:
        location: tuple[int | str, ...] = error["loc"]
        known = call_fields if "<call>" in location else fields
        wrong, right = _words(error, str(location[-1]) if location else "", known)
        problems.append(Problem(path_of(root, location), wrong, right))
    return problems


def _words(error: Any, field: str, known: Iterable[str]) -> tuple[str, str]:
    match error["type"]:
        case "rule":
            return error["ctx"]["wrong"], error["ctx"]["right"]
        case "missing":
            return "is missing", f"add `{field}:`"
        case "extra_forbidden":
            return "unknown field", did_you_mean(field, known, "known fields")
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"{shown(error['input'])} where a mapping of fields belongs", "write fields as `name: value`"
        case "invalid_key":
            return "a field's name that is not text", "write fields as `name: value`"
        case other:
            # Whatever a later pydantic adds still makes one line.
            return (
                f"{shown(error['input'])} can't be used ({other})",
                "see the field's description in stacks/schema.json",
            )
