"""`yckeys report`: one file for people who look at keys and don't run them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.audit import audit
from cli.exit_codes import WrongUse
from cli.forecast import forecast
from cli.gathering import gathered
from cli.named_file import writing
from cli.options import AsAudit, AsJson, Folders, ProjectFolder, Stacks, WholeCloud
from cli.printing import print_json
from cli.report import SOON, Report
from cli.report_page import page
from cli.timeline import timeline
from cli.timeline_picture import picture, png
from cli.workplace import Workplace, progress

EXAMPLES = """Examples:

\b
  yckeys report --html keys.html           by what the stacks' states say
  yckeys report --cloud --html keys.html   with what the whole cloud says too
  yckeys report --svg keys.svg --days 90   the timeline alone, 90 days back and ahead
"""


def command(
    project: ProjectFolder = None,
    stack: Stacks = None,
    folder: Folders = None,
    cloud: WholeCloud = False,
    config: AsAudit = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report: one file that loads nothing.")
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(
            "--svg", metavar="FILE", help="Write the timeline alone, as SVG; light or dark as its reader likes."
        ),
    ] = None,
    png_file: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Write the timeline alone, as PNG.")
    ] = None,
    days: Annotated[
        int, typer.Option("--days", min=1, max=3650, help="How many days the timeline looks ahead, and back.")
    ] = 45,
    as_json: AsJson = False,
) -> None:
    """Write a report for people: figures, findings, a timeline, what comes next, and every key.

    It needs no network and no other file, goes by mail, and prints. It holds no secret.
    """
    if html is None and svg is None and png_file is None:
        raise WrongUse("name a file to write: --html FILE, --svg FILE or --png FILE")
    evidence = gathered(Workplace.at(project), stack, folder, cloud, config)
    now = evidence.now
    asked = bool(folder or cloud)
    with progress("judging"):
        span, horizon = timedelta(days=days), evidence.settings.limits.horizon
        events = forecast(evidence.keys, now, now + max(span, SOON, horizon), evidence.run_every)
        # The audit looks ahead too: one forecast is for both.
        until_horizon = [event for event in events if event.at <= now + horizon]
        findings = audit(replace(evidence, events=lambda: until_horizon, is_whole=not stack and asked))
        line = timeline([*evidence.keys], events, now, span)
        soon = [event for event in events if event.at <= now + SOON]
        report = Report(now, [it.stack for it in evidence.stacks], asked, evidence.records, findings, soon, line)
    written: dict[str, str] = {}
    with progress("writing"):
        if html is not None:
            written["html"] = _written("--html", html, page(report).encode())
        if svg is not None:
            written["svg"] = _written("--svg", svg, picture(line).encode())
        if png_file is not None:
            written["png"] = _written("--png", png_file, png(picture(line)))
    if as_json:
        print_json(
            "report",
            now,
            {"stacks": list(report.stacks), "lookedIntoTheCloud": asked, "written": written, "counts": report.counts},
        )
    else:
        typer.echo(f"wrote {', '.join(written.values())}")


def _written(option: str, file: Path, content: bytes) -> str:
    """Writes the file; answers its name. Raises CouldNotLook."""
    with writing(option, file):
        file.write_bytes(content)
    return str(file)
