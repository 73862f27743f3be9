"""Telling people what a job found: by a comment on the request, by issues, by the log. Nothing of the stacks' program runs here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.comment import MARKER
from pipelines.comment import comment as comment_text
from pipelines.console import Console
from pipelines.forge import Forge
from pipelines.notice import Notice
from pipelines.report import FAILED as STACK_FAILED
from pipelines.report import BadReport, StackReport, changed, of_up, read
from pipelines.run import DONE, FAILED
from pipelines.settings import Settings
from pipelines.web import WebError

_CANCELLED = "cancelled"
_NO_REPORT = "its job ended without a report: its log says why"


def comment(path: Path, settings: Settings, console: Console, forge: Forge | None) -> int:
    """Puts what `preview` found on the request; where there is none, into the log. Answers FAILED where the forge refuses."""
    reports, problem = _read(path, console)
    text = comment_text(reports, settings.commit, _NO_REPORT if problem else "")
    if problem:
        console.warn("no preview", problem)
    summary = settings.environment.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)
    try:
        if forge is None or not forge.comment(MARKER, text):
            console.say(plain(reports))
    except WebError as error:
        console.warn("no comment", f"the preview could not be put on the request: {error}")
        return FAILED
    return DONE


def tell(
    path: Path, stacks: Sequence[str], settings: Settings, console: Console, forge: Forge | None, ended: str = ""
) -> int:
    """Tells people of each stack that was to be brought up, of one that left no report as well. Answers FAILED where it couldn't.

    ended: how the jobs of `up` ended, in the runner's word. Of one that was cancelled nothing is missed: a later run took its place.
    """
    reports, problem = _read(path, console)
    if problem:
        console.warn("no report", problem)
    found = {report.stack: report for report in reports}
    notice = Notice(settings, console, forge)
    told = []
    for stack in stacks:
        if stack not in found and ended == _CANCELLED:
            console.say(f"{settings.time()} {stack}: no report, its job was cancelled")
            continue
        report = found.get(stack) or of_up(stack, STACK_FAILED, "no report", [_NO_REPORT])
        console.say(f"{settings.time()} {stack}: {report.outcome}: {report.headline}")
        told.append(notice.tell(report))
    return DONE if all(told) else FAILED


def plain(reports: Sequence[StackReport]) -> str:
    """The previews as a log shows them."""
    lines = []
    for report in reports:
        lines.append(f"{report.stack}: {report.headline}")
        lines += [f"  {line}" for line in report.quoted.splitlines()]
        for section in report.sections:
            lines += [f"  {section.title}:"] if section.title else []
            lines += [f"  - {line}" for line in section.lines]
    return "\n".join(lines) or "There are no stacks."


def _read(path: Path, console: Console) -> tuple[list[StackReport], str]:
    try:
        return [changed(report, console.masked) for report in read(path)], ""
    except BadReport as error:
        return [], str(error)
