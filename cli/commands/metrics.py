"""`yckeys metrics`: figures for Prometheus."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from cli.audit import audit
from cli.gathering import gathered
from cli.metrics import metrics, text_of
from cli.named_file import writing
from cli.options import AsAudit, AsJson, Folders, ProjectFolder, Stacks, WholeCloud
from cli.printing import print_json
from cli.workplace import Workplace, progress

EXAMPLES = """Examples:

\b
  yckeys metrics --textfile /var/lib/node_exporter/yckeys.prom
  yckeys metrics --cloud                 on standard output, with what the cloud says
"""
_READABLE = 0o644


def command(
    project: ProjectFolder = None,
    stack: Stacks = None,
    folder: Folders = None,
    cloud: WholeCloud = False,
    config: AsAudit = None,
    textfile: Annotated[
        Path | None,
        typer.Option("--textfile", metavar="FILE", help="Write there, whole or not at all; a name ending in .prom."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write figures for Prometheus: ends, next rotations, generations, last runs, findings.

    Alert rules and a Grafana dashboard for them are in cli/monitoring.
    """
    workplace = Workplace.at(project)
    evidence = gathered(workplace, stack, folder, cloud, config)
    stacks, now = evidence.stacks, evidence.now
    with progress("reading the stacks' histories"):
        runs = workplace.engine.last_successful_runs([it.stack for it in stacks])
    samples = metrics(stacks, evidence.records, audit(evidence), runs, now)
    if textfile is not None:
        _write(textfile, text_of(samples))
    if as_json:
        shown: list[dict[str, object]] = [
            {"name": it.name, "labels": dict(it.labels), "value": it.value} for it in samples
        ]
        print_json("metrics", now, {"stacks": [it.stack for it in stacks], "samples": shown})
    elif textfile is None:
        sys.stdout.write(text_of(samples))


def _write(file: Path, text: str) -> None:
    """Writes the whole file or leaves the one that is there: a collector may read at any moment."""
    with writing("--textfile", file):
        descriptor, fresh = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as fresh_file:
                fresh_file.write(text)
            os.chmod(fresh, _READABLE)
            os.replace(fresh, file)
        except OSError:
            os.unlink(fresh)
            raise
