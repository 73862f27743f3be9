"""The preview of all stacks as a Markdown comment for a pull or merge request."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.markdown import block, code
from pipelines.report import Section, StackReport

MARKER = "<!-- pulumi-yandex-keys: preview -->"
# GitHub takes 65,536 characters (its REST API answers 422 to more), GitLab a million.
LONGEST = 65_000
_CUT = "\n\n… the rest is in the job's log."


def comment(reports: Sequence[StackReport], commit: str = "", problem: str = "") -> str:
    """All stacks' previews; `problem` says why there are none. All that isn't ours in it is shown as it is, and is nothing else."""
    of = f" of {code(commit[:12])}" if commit else ""
    parts = [f"{MARKER}\n### API keys: what `pulumi up` would do{of}"]
    parts += [_stack(report) for report in reports]
    if problem:
        parts.append(f"There is no preview: {code(problem)}")
    elif not reports:
        parts.append("There are no stacks.")
    return shortened("\n\n".join(parts) + "\n")


def shortened(text: str, longest: int = LONGEST) -> str:
    """`text`, cut at the end of a line where it is longer than a comment may be, with its folds closed."""
    if len(text) <= longest:
        return text
    kept = text[: longest - 200].rpartition("\n")[0]
    for tag in ("pre", "details"):
        kept += f"\n\n</{tag}>" * (kept.count(f"<{tag}") - kept.count(f"</{tag}>"))
    return kept + _CUT


def _stack(report: StackReport) -> str:
    body = [block(report.quoted)] if report.quoted else []
    body += [_section(section) for section in report.sections]
    opened = bool(report.quoted) or any(section.title for section in report.sections)
    fold = "<details open>" if opened else "<details>"
    summary = f"<summary><b>{code(report.stack)}</b>: {code(report.headline)}</summary>"
    return "\n\n".join([f"{fold}\n{summary}", *body, "</details>"])


def _section(section: Section) -> str:
    lines = "\n".join(f"- {code(line)}" for line in section.lines)
    return f"**{section.title}**\n\n{lines}" if section.title else lines
