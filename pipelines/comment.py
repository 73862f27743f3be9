"""The preview of all stacks as a Markdown comment for a pull or merge request."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from pipelines.engine import EngineRun
from pipelines.events import Resource
from pipelines.words import happening, headline, one_line, rotates

MARKER = "<!-- pulumi-yandex-keys: preview -->"
# GitHub takes 65,536 characters (its REST API answers 422 to more), GitLab a million.
LONGEST = 65_000
_CUT = "\n\n… the rest is in the job's log."


def comment(runs: Mapping[str, EngineRun | str], commit: str = "") -> str:
    """All stacks' previews; a text in place of a run says why there is none. Holds no secret: the engine masks them."""
    of = f" of {commit[:12]}" if commit else ""
    parts = [f"{MARKER}\n### API keys: what `pulumi up` would do{of}"]
    parts += [_section(stack, run) for stack, run in runs.items()]
    if not runs:
        parts.append("There are no stacks.")
    return shortened("\n\n".join(parts) + "\n")


def shortened(text: str, longest: int = LONGEST) -> str:
    """`text`, cut at the end of a line where it is longer than a comment may be, with its folds closed."""
    if len(text) <= longest:
        return text
    kept = text[: longest - 200].rpartition("\n")[0]
    return kept + "\n\n</details>" * (kept.count("<details") - kept.count("</details>")) + _CUT


def _section(stack: str, run: EngineRun | str) -> str:
    if isinstance(run, str):
        return _folded(stack, "no preview", [_quoted(run)], opened=True)
    events = run.events
    touched = [each for each in events.touched() if each.operation]
    body: list[str] = []
    if not run.succeeded:
        body.append(_quoted("\n".join(events.all_errors()) or run.error_output or "\n".join(events.noise[-20:])))
    body += _listed("Needs a human", [f"⚠️ {_text(line)}" for line in events.all_warnings()])
    body += _listed("Rotates", [_line(each) for each in touched if rotates(each)])
    body += _listed("Other changes to keys", [_line(each) for each in touched if each.is_key and not rotates(each)])
    body += _listed("Other resources", [_line(each) for each in touched if not each.is_key])
    summary = headline(events) if run.succeeded else "the preview failed"
    return _folded(stack, summary, body or [f"{events.unchanged} resources stay as they are."], opened=bool(body))


def _folded(stack: str, summary: str, body: Sequence[str], *, opened: bool) -> str:
    fold = "<details open>" if opened else "<details>"
    return "\n\n".join([f"{fold}\n<summary><b>{_html(stack)}</b>: {_html(summary)}</summary>", *body, "</details>"])


def _listed(title: str, lines: Sequence[str]) -> list[str]:
    return ["\n".join([f"**{title}**\n", *(f"- {line}" for line in lines)])] if lines else []


def _line(resource: Resource) -> str:
    kind = "" if resource.is_key else f" ({resource.kind})"
    return f"<code>{_text(resource.name)}</code>{kind}: {_text(happening(resource))}"


def _text(text: str) -> str:
    """As text and nothing else: no markup of its own, and nobody is notified by a name in it."""
    plain = _html(one_line(text)).replace("@", "@\u200b")
    return "".join(f"\\{character}" if character in "\\`*_[]|~#" else character for character in plain)


def _html(text: str) -> str:
    """Where Markdown isn't read: inside a block of HTML."""
    return html.escape(text, quote=False)


def _quoted(text: str) -> str:
    return f"<pre>{_html(text.strip()[-4000:])}</pre>"
