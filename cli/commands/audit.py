"""`yckeys audit`: what is wrong with the keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.audit import Evidence, audit
from cli.audit_settings import FILE, AuditSettings, audit_settings
from cli.borrowed import VERSION
from cli.cloud_access import NO_ACCESS, Access, look_at_access
from cli.cloud_keys import NOTHING, CloudView, look
from cli.deployed import Deployed
from cli.exit_codes import CouldNotLook, ExitCode, WrongUse
from cli.findings import ORDER, RULES, Finding, Severity
from cli.forecast import forecast
from cli.inventory import inventory
from cli.options import AsJson, Folders, ProjectFolder, Stacks, WholeCloud
from cli.printing import print_json
from cli.sarif import sarif
from cli.stack_file_lines import lines_of
from cli.stack_settings import run_every
from cli.table import console
from cli.words import counted
from cli.workplace import Workplace, progress

EXAMPLES = """Examples:

\b
  yckeys audit                             by what the stacks' states say
  yckeys audit --cloud                     by what the whole cloud says too
  yckeys audit --cloud --sarif keys.sarif  for a code host: findings at the lines of the stack files
  yckeys audit --fail-on error             exit code 1 for errors alone
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
    workplace = Workplace.at(project)
    judged_by = audit_settings(config or workplace.project.folder / FILE, config is not None)
    stacks = workplace.deployed(stack or [])
    now = workplace.now()
    view, rights = looked(workplace, stacks, folder or [], cloud, access)
    evidence = evidence_of(workplace, stacks, now, judged_by, view, rights)
    with progress("judging"):
        findings = audit(replace(evidence, is_whole=not stack and bool(folder or cloud)))
    counting = [finding for finding in findings if not finding.suppressed]
    if sarif_file is not None:
        _write(sarif_file, json.dumps(sarif(findings, VERSION), indent=2, ensure_ascii=False) + "\n")
    counts = {severity: sum(finding.severity is severity for finding in counting) for severity in ORDER}
    if as_json:
        content = {
            "stacks": [it.stack for it in stacks],
            "lookedIntoTheCloud": bool(folder or cloud),
            "counts": {str(severity): count for severity, count in counts.items()},
            "findings": [finding.as_json() for finding in findings],
        }
        print_json("audit", now, content)
    else:
        _show(findings, len(stacks), bool(folder or cloud))
    if fail_on is not FailOn.NEVER and any(
        ORDER.index(finding.severity) <= ORDER.index(Severity(fail_on)) for finding in counting
    ):
        raise typer.Exit(ExitCode.FINDINGS)


def looked(
    workplace: Workplace,
    stacks: Sequence[Deployed],
    folders: Sequence[str],
    whole_cloud: bool,
    one_by_one: bool = False,
) -> tuple[CloudView, Access]:
    """What the cloud says of keys and of access: calls by folder and account; `one_by_one` each declared secret and each account is asked for too."""
    if not folders and not whole_cloud:
        return NOTHING, NO_ACCESS
    names = [it.stack for it in stacks]
    with workplace.cloud(names) as lookup:
        unique = workplace.folders(lookup, names, folders, whole_cloud)
        view = look(lookup, unique)
        secrets = {it for stack in stacks for it in stack.secrets} if one_by_one else set()
        return view, look_at_access(lookup, unique, secrets, view.accounts if one_by_one else ())


def evidence_of(
    workplace: Workplace,
    stacks: Sequence[Deployed],
    now: datetime,
    judged_by: AuditSettings,
    view: CloudView,
    access: Access,
) -> Evidence:
    """All that an audit judges, of the stacks and of what the cloud was asked for."""
    project = workplace.project
    runs = {it.stack: run_every(project, it.stack, workplace.environment) for it in stacks}
    files = {it.stack: project.stack_file(it.stack) for it in stacks}
    horizon = now + judged_by.limits.horizon
    return Evidence(
        stacks,
        inventory(stacks, now, view),
        lambda: forecast((key for it in stacks for key in it.keys), now, horizon, runs),
        now,
        runs,
        judged_by,
        view,
        access,
        {name: lines_of(file) for name, file in files.items()},
        {name: file.relative_to(project.folder).as_posix() for name, file in files.items()},
    )


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CouldNotLook(f"--sarif {file}: can't be written: {error.strerror}") from None


def _show(findings: Sequence[Finding], stacks: int, looked: bool) -> None:
    out = console()
    counting = [finding for finding in findings if not finding.suppressed]
    for rule in dict.fromkeys(finding.rule for finding in counting):
        of_rule = [finding for finding in counting if finding.rule is rule]
        title = Text(str(of_rule[0].severity), style=_STYLES[of_rule[0].severity])
        title.append(f" {rule.title} ", style="bold")
        title.append(f"[{rule.name}]", style="dim")
        out.print(title)
        for finding in of_rule:
            _show_finding(out, finding)
        out.print(f"  remedy: {rule.remedy}\n")
    suppressed = len(findings) - len(counting)
    counts = [
        counted(count, str(severity))
        for severity in ORDER
        if (count := sum(finding.severity is severity for finding in counting))
    ]
    hidden = f" {counted(suppressed, 'finding is', 'findings are')} suppressed." if suppressed else ""
    blind = sum(rule.needs_cloud for rule in RULES.values())
    unseen = "" if looked else f" {blind} rules need --folder or --cloud."
    out.print(f"{counted(stacks, 'stack')}: {', '.join(counts) or 'nothing is wrong'}.{hidden}{unseen}")


def _show_finding(out: Console, finding: Finding) -> None:
    where = f"  {finding.place.file}:{finding.place.line}" if finding.place else ""
    line = Text(f"  {finding.subject}: {finding.why}")
    line.append(where, style="dim")
    out.print(line)
