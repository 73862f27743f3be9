"""`stacks/fleet.toml`: in which order stacks are brought up, how many at once, and what one run may do at the most.

    jobs = 4

    [limits]                      # of one stack's run
    rotate = 40
    delete = 2

    [[stages]]
    name = "dev"
    stacks = ["*-dev"]

    [[stages]]
    name = "prod"
    stacks = ["*-prod", "shared"]
    pause = "30m"

TOML, for the script runs before anything is installed, and Python reads nothing else that people like to write. README.md has every setting.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pipelines.limits import Limits
from pipelines.settings import BadSetting
from pipelines.spans import parse_span
from pipelines.stacks import FOLDER

NAME: Final = f"{FOLDER}/fleet.toml"
_HOLD, _GO_ON = "hold", "go on"
MOST_JOBS: Final = 64
_PATTERN = re.compile(r"[A-Za-z0-9_.-]*\*?[A-Za-z0-9_.-]*")
_FIELDS = ("jobs", "apart", "limits", "stages")
_LIMITS = ("rotate", "delete")
_STAGE = ("name", "stacks", "pause", "on_warning")


@dataclass(frozen=True)
class Stage:
    """Stacks that are brought up after those of the stages before. pause: how long it waits after them, where they changed anything;
    holds: whether a warning of theirs holds it back, as a failure does.
    """

    name: str
    stacks: tuple[str, ...]
    pause: timedelta = timedelta(0)
    holds: bool = True

    def line_of(self, stack: str) -> str | None:
        """What `*` stands for in the stack's name, empty where it is named without; None where it is none of this stage's."""
        for pattern in self.stacks:
            before, star, after = pattern.partition("*")
            if stack == pattern:
                return ""
            long_enough = len(stack) > len(before) + len(after)
            if star and long_enough and stack.startswith(before) and stack.endswith(after):
                return stack[len(before) : len(stack) - len(after)]
        return None


@dataclass(frozen=True)
class FleetFile:
    """What the file says; without one, nothing waits for anything and nothing is limited."""

    jobs: int = 1
    apart: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    stages: tuple[Stage, ...] = ()
    exists: bool = False

    @classmethod
    def read(cls, repository: Path) -> FleetFile:
        """Raises BadSetting, with a line for each problem: where, what, and what would be right."""
        path = repository / NAME
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            raise BadSetting(
                f"{NAME}: {' '.join(str(error).split())}: give TOML, as pipelines/README.md has it"
            ) from None
        problems: list[str] = []
        read = _Reading(problems).fleet(content)
        if problems:
            raise BadSetting("\n".join(f"{NAME}: {problem}" for problem in problems))
        return read

    def stage_of(self, stack: str) -> int | None:
        """The number of the stack's stage; None where it is of none."""
        return next((number for number, stage in enumerate(self.stages) if stage.line_of(stack) is not None), None)

    def check(self, stacks: Sequence[str]) -> None:
        """Each stack must be of one stage, or stand apart. Raises BadSetting."""
        problems = []
        for stack in stacks if self.stages else ():
            found = [stage.name for stage in self.stages if stage.line_of(stack) is not None]
            if stack in self.apart:
                found.append("apart")
            if not found:
                problems.append(f"stack {stack} is of no stage: name it in one, or under `apart` if it waits for none")
            elif len(found) > 1:
                problems.append(f"stack {stack} is of {' and '.join(found)}: let one of them name it")
        if problems:
            raise BadSetting("\n".join(f"{NAME}: stages: {problem}" for problem in problems))

    def before(self, stack: str, stacks: Sequence[str]) -> list[list[str]]:
        """Those of `stacks` that it waits for, by stage, the first first.

        Where both names were written with `*`, they are of one line only where `*` stands for the same; a name without is of every line.
        """
        number = self.stage_of(stack)
        if number is None:
            return []
        line = self.stages[number].line_of(stack)
        waited_for = []
        for stage in self.stages[:number]:
            lines = {each: stage.line_of(each) for each in stacks}
            waited_for.append([each for each in stacks if lines[each] is not None and _meet(lines[each], line)])
        return [each for each in waited_for if each]


class _Reading:
    """Takes the file's values one by one; what is wrong goes to `problems`."""

    def __init__(self, problems: list[str]) -> None:
        self._problems = problems

    def fleet(self, content: Mapping[str, object]) -> FleetFile:
        self._known("", content, _FIELDS)
        jobs = self._number("jobs", content.get("jobs", 1), least=1, most=MOST_JOBS)
        limits = content.get("limits", {})
        if not isinstance(limits, dict):
            self._problems.append("limits is no table: write `[limits]`")
            limits = {}
        self._known("limits.", limits, _LIMITS)
        most = {name: self._number(f"limits.{name}", limits[name], least=0) for name in _LIMITS if name in limits}
        stages = content.get("stages", [])
        if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
            self._problems.append("stages is no list of tables: begin each stage with `[[stages]]`")
            stages = []
        read = tuple(self._stage(f"stages[{number}]", stage) for number, stage in enumerate(stages))
        names = [stage.name for stage in read]
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            self._problems.append(f"stages: {name!r} is the name of two: give each its own")
        apart = self._names("apart", content.get("apart", []))
        return FleetFile(jobs, apart, Limits(most.get("rotate"), most.get("delete")), read, exists=True)

    def _stage(self, where: str, content: Mapping[str, object]) -> Stage:
        self._known(f"{where}.", content, _STAGE)
        name = content.get("name")
        if not isinstance(name, str) or not name.strip() or "\n" in name:
            self._problems.append(f'{where}.name is {_shown(name)}: give a name such as "dev"')
            name = ""
        stacks = self._names(f"{where}.stacks", content.get("stacks"))
        text = content.get("pause", "0s")
        pause = parse_span(text) if isinstance(text, str) else None
        if pause is None:
            self._problems.append(f'{where}.pause is {_shown(text)}: give a time such as "30m" or "2h"')
        holds = content.get("on_warning", _HOLD)
        if holds not in (_HOLD, _GO_ON):
            self._problems.append(f'{where}.on_warning is {_shown(holds)}: give "{_HOLD}" or "{_GO_ON}"')
        return Stage(name, stacks, pause or timedelta(0), holds != _GO_ON)

    def _names(self, where: str, content: Any) -> tuple[str, ...]:
        right = isinstance(content, list) and all(
            isinstance(name, str) and name and _PATTERN.fullmatch(name) for name in content
        )
        if not right or (not content and where != "apart"):
            example = '["tools"]' if where == "apart" else '["dev"] or ["*-dev"], with one `*` at the most'
            self._problems.append(f"{where} is {_shown(content)}: give a list of stacks, such as {example}")
            return ()
        return tuple(content)

    def _number(self, where: str, content: object, *, least: int, most: int | None = None) -> int:
        if type(content) is not int or content < least or (most is not None and content > most):
            bounds = f"from {least} to {most}" if most is not None else f"{least} or more"
            self._problems.append(f"{where} is {_shown(content)}: give a whole number, {bounds}")
            return least
        return content

    def _known(self, where: str, content: Mapping[str, object], fields: Sequence[str]) -> None:
        for name in content:
            if name not in fields:
                self._problems.append(f"{where}{name} isn't known: there are {', '.join(fields)}")


def _meet(one: str | None, other: str | None) -> bool:
    return one == other or not one or not other


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)
