"""`yckeys check`: whether stack files are right, before anything is run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from cli.cloud_check import check_in_cloud
from cli.exit_codes import CouldNotLook, ExitCode, WrongUse
from cli.made import Made
from cli.options import AsJson, ProjectFolder, Stacks
from cli.printing import print_json
from cli.project import Project
from cli.quota_check import QuotaDemand, demands, problems_of
from cli.reader_check import check_readers
from cli.removal_check import removals
from cli.stack_check import Checked, FileProblem, Weight, check_file
from cli.table import console
from cli.words import counted
from cli.workplace import Workplace

EXAMPLES = """Examples:

\b
  yckeys check                     every stack file of the project, offline
  yckeys check -s prod --cloud     and whether the cloud can take it: scopes, folders, readers, roles, KMS keys, quotas
"""


def command(
    project: ProjectFolder = None,
    stack: Stacks = None,
    cloud: Annotated[
        bool, typer.Option("--cloud", help="Ask the cloud too whether it can take what the files say.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check stack files: every mistake at once, each with its line and remedy.

    It asks nobody, and needs no engine. With --cloud it also asks the cloud, which it changes in nothing, and reads the stacks' states
    for what is new.
    """
    workplace = Workplace.at(project)
    names = _chosen(workplace.project, stack or [])
    checked = [check_file(workplace.project, name, workplace.environment) for name in names]
    problems = [problem for it in checked for problem in it.problems]
    quotas: list[QuotaDemand] = []
    if cloud:
        found, quotas = _asked(workplace, checked)
        problems += found
    if as_json:
        content = {
            "files": [it.file for it in checked],
            "askedTheCloud": cloud,
            "problems": [problem.as_json() for problem in problems],
            "quotas": [quota.as_json() for quota in quotas],
        }
        now = workplace.now()
        print_json("check", now, content)
    else:
        _show(problems, len(checked))
    if any(problem.weight is Weight.ERROR for problem in problems):
        raise typer.Exit(ExitCode.FINDINGS)


def _chosen(project: Project, named: Sequence[str]) -> list[str]:
    known = project.declared_stacks()
    unknown = [name for name in named if not project.stack_file(name).is_file()]
    if unknown:
        raise WrongUse(
            f"--stack {unknown[0]}: there is no {project.stack_file(unknown[0])}; there are {', '.join(known) or 'none'}"
        )
    if not known:
        raise CouldNotLook(f"no stack file in {project.stack_folder}: `pulumi stack init` makes the first")
    return list(dict.fromkeys(named)) or known


def _asked(workplace: Workplace, checked: Sequence[Checked]) -> tuple[list[FileProblem], list[QuotaDemand]]:
    """What the cloud says of each file, and of all of them together what its quotas don't hold."""
    project, names = workplace.project, [it.stack for it in checked]
    made = _made(workplace, names)
    with workplace.cloud(names) as lookup:
        problems = [problem for it in checked for problem in check_in_cloud(lookup, project, it, lookup.deployer)]
        problems += check_readers(lookup, project, checked)
        problems.sort(key=lambda it: (names.index(it.stack), it.line, it.path))
        quotas = demands(lookup, [it for it in checked if it.spec is not None], made)
    problems += [problem for it in checked for problem in removals(project, it, made[it.stack])]
    return [*problems, *(problem for quota in quotas for problem in problems_of(quota, project))], quotas


def _made(workplace: Workplace, names: Sequence[str]) -> dict[str, Made]:
    """What the states have of the files' keys. A state that can't be read fails no check of a file."""
    try:
        there = set(workplace.engine.stack_names())
        known = [name for name in names if name in there]
        stacks = workplace.deployed(known) if known else []
    except CouldNotLook as error:
        return dict.fromkeys(names, Made(unread=str(error)))
    by_name = {it.stack: it for it in stacks}
    return {name: Made(by_name[name]) if name in by_name else Made() for name in names}


def _show(problems: Sequence[FileProblem], files: int) -> None:
    out = console()
    for problem in problems:
        line = Text(f"{problem.file}:{problem.line}: ")
        line.append(str(problem.weight), style="bold red" if problem.weight is Weight.ERROR else "cyan")
        line.append(f" {problem.path}: {problem.wrong}: {problem.right}")
        out.print(line)
    if problems:
        out.print()
    counts = [
        counted(count, str(weight)) for weight in Weight if (count := sum(it.weight is weight for it in problems))
    ]
    out.print(f"{counted(files, 'stack file')}: {', '.join(counts) or 'nothing is wrong'}.")
