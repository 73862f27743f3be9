"""`yckeys audit`: what is wrong with the keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.audit import audit
from cli.audit_settings import FILE
from cli.borrowed import VERSION
from cli.exit_codes import ExitCode, WrongUse
from cli.findings import ORDER, RULES, Finding, Severity
from cli.gathering import gathered
from cli.named_file import writing
from cli.options import AsJson, Folders, OfOwner, ProjectFolder, Stacks, WholeCloud
from cli.printing import print_json
from cli.quota_audit import shares_of
from cli.sarif import sarif
from cli.table import console, show_line
from cli.words import counted
from cli.workplace import Workplace, progress

EXAMPLES = """Examples:

\b
  yckeys audit                             by what the stacks' states say
  yckeys audit --cloud                     by what the whole cloud says too
  yckeys audit --cloud --sarif keys.sarif  for a code host: findings at the lines of the stack files
  yckeys audit --fail-on error             exit code 1 for errors alone
  yckeys audit --owner support-team        what one team answers for
"""
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


class FailOn(StrEnum):
    """From which severity on findings make the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NEVER = "never"


def command(
    project: ProjectFolder = None,
    stack: Stacks = None,
    folder: Folders = None,
    cloud: WholeCloud = False,
    access: Annotated[
        bool,
        typer.Option(
            "--access",
            help="Ask of each declared Lockbox secret who may read it, and of each account who may make keys for it: a call each.",
        ),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help=f"Limits, severities, suppressions; by default {FILE} in the project."
        ),
    ] = None,
    owner: OfOwner = "",
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="From which severity on findings make the exit code 1.")
    ] = FailOn.WARNING,
    sarif_file: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="Write a SARIF 2.1.0 log too, for code hosts.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find what is wrong with the keys, each finding with its reason and remedy.

    Without --folder or --cloud it judges by the stacks' states, and asks nobody.
    """
    if access and not folder and not cloud:
        raise WrongUse("--access: needs --folder or --cloud")
    evidence = gathered(Workplace.at(project), stack, folder, cloud, config, access)
    with progress("judging"):
        findings = audit(replace(evidence, is_whole=not stack and bool(folder or cloud)))
    findings = [finding for finding in findings if not owner or finding.owner == owner]
    counting = [finding for finding in findings if not finding.suppressed]
    if sarif_file is not None:
        with writing("--sarif", sarif_file):
            text = json.dumps(sarif(findings, VERSION), indent=2, ensure_ascii=False)
            sarif_file.write_text(f"{text}\n", encoding="utf-8")
    counts = {severity: sum(finding.severity is severity for finding in counting) for severity in ORDER}
    if as_json:
        content = {
            "stacks": [it.stack for it in evidence.stacks],
            "lookedIntoTheCloud": bool(folder or cloud),
            "counts": {str(severity): count for severity, count in counts.items()},
            "findings": [finding.as_json() for finding in findings],
            "quotas": [quota for it in evidence.quotas for quota in it.as_json(shares_of(evidence, it))],
        }
        print_json("audit", evidence.now, content)
    else:
        _show(findings, len(evidence.stacks), bool(folder or cloud))
    if fail_on is not FailOn.NEVER and any(
        ORDER.index(finding.severity) <= ORDER.index(Severity(fail_on)) for finding in counting
    ):
        raise typer.Exit(ExitCode.FINDINGS)


def _show(findings: Sequence[Finding], stacks: int, looked: bool) -> None:
    out = console()
    counting = [finding for finding in findings if not finding.suppressed]
    for rule in dict.fromkeys(finding.rule for finding in counting):
        of_rule = [finding for finding in counting if finding.rule is rule]
        title = Text(str(of_rule[0].severity), style=_STYLES[of_rule[0].severity])
        title.append(f" {rule.title} ", style="bold")
        title.append(f"[{rule.name}]", style="dim")
        show_line(out, title)
        for finding in of_rule:
            _show_finding(out, finding)
        show_line(out, f"  remedy: {rule.remedy}")
        out.print()
    suppressed = len(findings) - len(counting)
    counts = [
        counted(count, str(severity))
        for severity in ORDER
        if (count := sum(finding.severity is severity for finding in counting))
    ]
    hidden = f" {counted(suppressed, 'finding is', 'findings are')} suppressed." if suppressed else ""
    blind = sum(rule.needs_cloud for rule in RULES.values())
    unseen = "" if looked else f" {blind} rules need --folder or --cloud."
    show_line(out, f"{counted(stacks, 'stack')}: {', '.join(counts) or 'nothing is wrong'}.{hidden}{unseen}")


def _show_finding(out: Console, finding: Finding) -> None:
    where = f"  {finding.place.file}:{finding.place.line}" if finding.place else ""
    owned = f" (owner {finding.owner})" if finding.owner else ""
    line = Text(f"  {finding.subject}: {finding.why}{owned}")
    line.append(where, style="dim")
    show_line(out, line)
