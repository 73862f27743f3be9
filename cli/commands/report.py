"""`yckeys report`: one file for people who look at keys and don't run them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from cli.audit import audit
from cli.audit_settings import FILE, audit_settings
from cli.commands.audit import evidence_of, looked
from cli.exit_codes import CouldNotLook, WrongUse
from cli.forecast import forecast
from cli.options import AsJson, Folders, ProjectFolder, Stacks, WholeCloud
from cli.printing import print_json
from cli.report import SOON, Report, page
from cli.workplace import Workplace, progress

EXAMPLES = """Examples:

\b
  yckeys report --html keys.html           by what the stacks' states say
  yckeys report --cloud --html keys.html   with what the whole cloud says too
"""


def command(
    project: ProjectFolder = None,
    stack: Stacks = None,
    folder: Folders = None,
    cloud: WholeCloud = False,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help=f"As for audit; by default {FILE} in the project.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report: one file that loads nothing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a report for people: figures, findings, a timeline, what comes next, and every key.

    It needs no network and no other file, goes by mail, and prints. It holds no secret.
    """
    if html is None:
        raise WrongUse("name a file to write: --html FILE")
    workplace = Workplace.at(project)
    judged_by = audit_settings(config or workplace.project.folder / FILE, config is not None)
    stacks = workplace.deployed(stack or [])
    now = workplace.now()
    view, access = looked(workplace, stacks, folder or [], cloud)
    evidence = evidence_of(workplace, stacks, now, judged_by, view, access)
    asked = bool(folder or cloud)
    with progress("judging"):
        findings = audit(replace(evidence, events=cache(evidence.events), is_whole=not stack and asked))
        events = forecast(evidence.keys, now, now + SOON, evidence.run_every)
        report = Report(now, [it.stack for it in stacks], asked, evidence.records, findings, events)
    with progress("writing"):
        _write("--html", html, page(report).encode())
    written = {"html": str(html)}
    if as_json:
        print_json(
            "report",
            now,
            {"stacks": list(report.stacks), "lookedIntoTheCloud": asked, "written": written, "counts": report.counts},
        )
    else:
        typer.echo(f"wrote {', '.join(written.values())}")


def _write(option: str, file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise CouldNotLook(f"{option} {file}: can't be written: {error.strerror}") from None
