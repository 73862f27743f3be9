"""Options that several commands have, each with one name and one meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.audit_settings import FILE
from cli.exit_codes import CommandFailed
from cli.project import find_project


def _stacks_with_a_file(incomplete: str) -> list[str]:
    try:
        names = find_project(Path.cwd()).declared_stacks()
    except CommandFailed:
        return []
    return [name for name in names if name.startswith(incomplete)]


ProjectFolder = Annotated[
    Path | None,
    typer.Option(
        "--project", metavar="DIR", help="The project's folder; by default the current one or the nearest above."
    ),
]
Stacks = Annotated[
    list[str] | None,
    typer.Option(
        "--stack",
        "-s",
        metavar="NAME",
        help="A stack; may be given several times. By default all that the backend has of this project.",
        autocompletion=_stacks_with_a_file,
    ),
]
Folders = Annotated[
    list[str] | None,
    typer.Option("--folder", metavar="ID", help="Look into this folder of the cloud too; may be given several times."),
]
WholeCloud = Annotated[
    bool,
    typer.Option(
        "--cloud",
        help="Look into all folders of the clouds that the stacks' yandex-keys:cloudId, or else YC_CLOUD_ID, name.",
    ),
]
OfOwner = Annotated[
    str, typer.Option("--owner", metavar="NAME", help="Only what this owner answers for, as the stack files say it.")
]
AsAudit = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help=f"As for audit; by default {FILE} in the project.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON of the documented shape.")]
