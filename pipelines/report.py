"""What a job that ran a program says of its stacks, for the job that tells people: a file of plain text in a fixed form.

The program may be a stranger's, and the file may be its work: the job that reads it takes it for nothing but text, of a bounded length,
and runs nothing of the request's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.engine import EngineRun
from pipelines.events import ACCOUNT, Resource
from pipelines.removals import removals
from pipelines.words import happening, headline, rotates

DONE, WARNING, FAILED, IN_USE, HELD = "done", "warning", "failed", "is in use", "held back"
_OUTCOMES = (DONE, WARNING, FAILED, IN_USE, HELD)
_HUMAN, _DIES, _ROTATES = "Needs a human", "Keys that die", "Rotates"
_KEYS, _OTHERS = "Other changes to keys", "Other resources"
# The empty title is for the one line that says that nothing happens.
_TITLES = (_HUMAN, _DIES, _ROTATES, _KEYS, _OTHERS, "")
_STACK = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_LONGEST_FILE = 8 << 20
_LONGEST_TEXT = 4000
_MOST = 5000


class BadReport(Exception):
    """A file that isn't a report, or there is none; the message says which file, and why."""


@dataclass(frozen=True)
class Section:
    """Lines of one kind under their title, which is one of ours."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class StackReport:
    """One stack's run. outcome: one of the words above; quoted: the engine's own words, where it failed."""

    stack: str
    outcome: str
    headline: str
    sections: tuple[Section, ...] = ()
    quoted: str = ""

    @property
    def lines(self) -> list[str]:
        """All that a human must know, line by line."""
        return [*self.quoted.splitlines(), *(line for section in self.sections for line in section.lines)]


def of_preview(stack: str, run: EngineRun | str, more: Sequence[str] = ()) -> StackReport:
    """A preview; a text in place of a run says why there is none, and `more` is what a human must know besides."""
    if isinstance(run, str):
        return StackReport(stack, FAILED, "no preview", quoted=run)
    events = run.events
    touched, removed = [each for each in events.touched() if each.operation], removals(events)
    by_title: dict[str, list[str]] = {
        _HUMAN: [*more, *events.all_warnings()],
        _DIES: [],
        _ROTATES: [],
        _KEYS: [],
        _OTHERS: [],
    }
    for each in touched:
        by_title[_title(each, removed)].append(_line(each, removed))
    sections = [_section(title, lines) for title, lines in by_title.items()]
    shown = tuple(section for section in sections if section.lines)
    if not run.succeeded:
        said = "\n".join(events.all_errors()) or run.error_output or "\n".join(events.noise[-20:])
        return StackReport(stack, FAILED, "the preview failed", shown, said.strip())
    if not shown:
        shown = (Section("", (f"{events.unchanged} resources stay as they are",)),)
    return StackReport(stack, DONE, headline(events), shown)


def of_up(stack: str, outcome: str, summary: str, lines: Iterable[str] = ()) -> StackReport:
    """A stack that was brought up, or wasn't; `lines` are for a human."""
    needing = _section(_HUMAN, lines)
    return StackReport(stack, outcome, summary, (needing,) if needing.lines else ())


def changed(report: StackReport, change: Callable[[str], str]) -> StackReport:
    """`report` with `change` made to every text that isn't ours."""
    sections = tuple(Section(each.title, tuple(change(line) for line in each.lines)) for each in report.sections)
    return replace(report, headline=change(report.headline), sections=sections, quoted=change(report.quoted))


def written(reports: Iterable[StackReport]) -> str:
    """The file's text."""
    return json.dumps({"stacks": [asdict(report) for report in reports]}, ensure_ascii=False, indent=1) + "\n"


def read(path: Path) -> list[StackReport]:
    """The stacks of a file, or of all files in a folder. Raises BadReport."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*.json") if file.is_file())
        if not files:
            raise BadReport(f"{path.name} holds no report")
        return [report for file in files for report in read(file)]
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise BadReport(f"{path.name} can't be read: {error.strerror}") from None
    if len(content) > _LONGEST_FILE:
        raise BadReport(f"{path.name} is longer than a report can be")
    try:
        return [_stack(each) for each in _list(json.loads(content)["stacks"])]
    except (ValueError, KeyError, TypeError):
        raise BadReport(f"{path.name} is no report") from None


def _stack(content: Any) -> StackReport:
    stack, outcome = content["stack"], content["outcome"]
    if not isinstance(stack, str) or not _STACK.fullmatch(stack) or outcome not in _OUTCOMES:
        raise ValueError
    sections = tuple(
        Section(each["title"], tuple(_text(line) for line in _list(each["lines"])))
        for each in _list(content["sections"])
    )
    if any(section.title not in _TITLES for section in sections):
        raise ValueError
    return StackReport(stack, outcome, _text(content["headline"]), sections, _text(content["quoted"]))


def _text(content: object) -> str:
    if not isinstance(content, str):
        raise TypeError
    return content[-_LONGEST_TEXT:]


def _list(content: object) -> list[Any]:
    if not isinstance(content, list):
        raise TypeError
    return content[:_MOST]


def _section(title: str, lines: Iterable[str]) -> Section:
    return Section(title, tuple(lines))


def _title(resource: Resource, removed: Mapping[str, str]) -> str:
    if resource.urn in removed and (resource.is_key or resource.type == ACCOUNT):
        return _DIES
    return _OTHERS if not resource.is_key else _ROTATES if rotates(resource) else _KEYS


def _line(resource: Resource, removed: Mapping[str, str]) -> str:
    kind = "" if resource.is_key else f" ({resource.kind})"
    return f"{resource.name}{kind}: {removed.get(resource.urn) or happening(resource)}"
