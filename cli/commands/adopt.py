"""`yckeys adopt`: keys that were made by hand come into a stack."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli.adoption import Adoption, adoptions, import_file
from cli.deployed import Deployed
from cli.exit_codes import CouldNotLook, WrongUse
from cli.named_file import writing
from cli.options import AsJson, ProjectFolder, Stacks
from cli.printing import print_json
from cli.project import Project
from cli.stack_check import check_file
from cli.stack_file_edit import CanNotEdit, with_key
from cli.table import console
from cli.words import counted
from cli.workplace import Workplace

EXAMPLES = """Examples:

\b
  yckeys adopt -s prod                         which keys there are, and what to add to the stack file
  yckeys adopt -s prod --edit --out keys.json  adds them, and writes the file for `pulumi import --file`
  yckeys adopt -s prod --key ajexxxxxxxxxxxxxxxxx
"""


def command(
    project: ProjectFolder = None,
    stack: Stacks = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", metavar="ID", help="Only this key; may be given several times.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the file for `pulumi import --file`.")
    ] = None,
    edit: Annotated[bool, typer.Option("--edit", help="Add the keys to the stack file, whose comments stay.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find keys made by hand on the accounts of one stack, and write what brings them in.

    The next `pulumi up` after the import rotates them, with overlap: their secrets can't be read again.
    """
    workplace = Workplace.at(project)
    stacks = workplace.deployed(stack or [])
    if len(stacks) != 1:
        raise WrongUse(f"choose one stack with --stack: there are {', '.join(it.stack for it in stacks) or 'none'}")
    (chosen,) = stacks
    now = workplace.now()
    view = workplace.cloud_view(stacks, (), False, sorted(chosen.accounts))
    checked = check_file(workplace.project, chosen.stack, workplace.environment)
    if edit and checked.spec is None:
        raise CouldNotLook(f"{checked.file} has mistakes: `yckeys check -s {chosen.stack}` shows them")
    found = adoptions(chosen, checked.spec, view, now, key or ())
    unknown = sorted(set(key or ()) - {it.key.key_id for it in found})
    if unknown:
        raise WrongUse(f"--key {unknown[0]}: no account of {chosen.stack} has such a live key that was made by hand")
    if edit:
        _edit(workplace.project, chosen, found)
    if out is not None and any(not it.refused for it in found):
        with writing("--out", out):
            out.write_text(json.dumps(import_file(found), indent=2) + "\n", encoding="utf-8")
    if as_json:
        content = {"stack": chosen.stack, "keys": [it.as_json() for it in found], "import": import_file(found)}
        print_json("adopt", now, content)
    else:
        _show(found, chosen, checked.file, edit, out)


def _edit(project: Project, stack: Deployed, found: Sequence[Adoption]) -> None:
    """Adds the keys to the stack file, all or none. Raises CouldNotLook where that can't be done safely."""
    file = project.stack_file(stack.stack)
    text = file.read_bytes().decode("utf-8")
    try:
        for it in found:
            if not it.declared and not it.refused:
                text = with_key(text, it.account.name, it.name, it.key.scopes)
    except CanNotEdit as error:
        raise CouldNotLook(f"{file}: {error}") from None
    file.write_bytes(text.encode("utf-8"))


def _show(found: Sequence[Adoption], stack: Deployed, file: str, edited: bool, out: Path | None) -> None:
    printed = console()
    for it in found:
        said = f" ({it.key.description})" if it.key.description else ""
        if it.refused:
            printed.print(f"key {it.key.key_id} of {it.account.name}{said}: {it.refused}")
            continue
        printed.print(f"key {it.key.key_id} of {it.account.name}{said} becomes {it.path}")
        if it.declared:
            printed.print(f"  {file} declares it already")
        elif edited:
            printed.print(f"  {file} declares it now")
        else:
            printed.print(f"  add to its account's keys in {file}, or let --edit do it:")
            printed.print(f"    - {{ name: {it.name}, scopes: [{', '.join(it.key.scopes)}] }}")
    taken = [it for it in found if not it.refused]
    if not taken:
        printed.print(f"No key to adopt on the accounts of {stack.stack}.")
        return
    written = str(out) if out is not None else "FILE"
    printed.print(
        f"\n{counted(len(taken), 'key')} to adopt. When the stack file declares {'it' if len(taken) == 1 else 'them'}:"
    )
    if out is None:
        printed.print("  yckeys adopt … --out FILE      writes the file for the import")
    printed.print(f"  pulumi import --file {written} --stack {stack.stack} --generate-code=false --protect=false")
    printed.print(f"  pulumi preview --stack {stack.stack}    says that they rotate, with overlap")
    printed.print(f"  pulumi up --stack {stack.stack}")
