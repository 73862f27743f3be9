"""`yckeys consume`: the ready piece for a consumer of one key."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from cli.borrowed import SERVICES, Authentication, Status, format_duration, services_for_scope, short_overlap
from cli.consumers.kinds import FROM_OUTPUTS, FROM_OUTPUTS_ALONE, PIECES, Kind
from cli.consumers.piece import File, KeyToRead, Piece, hours_and_minutes
from cli.deployed import DeployedKey
from cli.exit_codes import CouldNotLook, WrongUse
from cli.options import AsJson, ProjectFolder, Stacks
from cli.printing import print_json
from cli.stack_settings import run_every
from cli.wanted_key import key_named
from cli.workplace import Workplace

EXAMPLES = """Examples:

\b
  yckeys consume translator/default --for functions -s prod    flags with the version of the secret
  yckeys consume translator/default --for external-secrets | kubectl apply -f -
  yckeys consume translator/default --for python > key_reader.py
"""
_COLUMNS = 110
_MEMBER = "serviceAccount:"


def command(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A key as account/key, stack/account/key, or by its id.")],
    consumer: Annotated[Kind, typer.Option("--for", help="What reads the key.")],
    project: ProjectFolder = None,
    stack: Stacks = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write the files into this folder instead of printing them."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print what a consumer of a key needs, and say what it does on a rotation.

    It names the secret and never shows it.
    """
    workplace = Workplace.at(project)
    found = key_named(workplace.deployed(stack or []), key)
    to_read = _to_read(workplace, found)
    _refuse_what_cannot_be_read(found, to_read, consumer)
    piece = PIECES[consumer](to_read)
    if as_json:
        content: dict[str, object] = {
            "stack": to_read.stack,
            "account": to_read.account,
            "key": to_read.name,
            "owner": found.owner or None,
            "consumer": str(consumer),
            "files": [{"name": it.name, "text": it.text} for it in piece.files],
            "onRotation": piece.on_rotation,
            "reads": piece.reads,
            "readsEverySeconds": int(piece.reads_every.total_seconds()) if piece.reads_every else None,
            "overlap": format_duration(to_read.overlap),
            "safeOverlap": format_duration(to_read.safe_overlap(piece.reads_every)) if piece.reads_every else None,
            "readAgainWithin": hours_and_minutes(to_read.quarter),
            "todo": list(piece.todo),
            "warnings": _warnings(to_read),
        }
        print_json("consume", workplace.now(), content)
        return
    said = _said(to_read, piece)
    if out is not None:
        _write(out, piece, said)
        return
    for at, file in enumerate(piece.files):
        sys.stdout.write(_printed(file, said if at == 0 else [], len(piece.files) > 1))


def _write(folder: Path, piece: Piece, said: list[str]) -> None:
    """Raises CouldNotLook where the folder can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in piece.files:
            place = folder / file.name
            place.write_text(_printed(file, [], False), encoding="utf-8")
            if file.text.startswith("#!"):
                place.chmod(0o755)
            typer.echo(str(place))
    except OSError as error:
        raise CouldNotLook(f"{folder}: can't be written: {error.strerror}") from None
    typer.echo("\n" + "\n".join(said))


def _to_read(workplace: Workplace, key: DeployedKey) -> KeyToRead:
    lockbox = key.inputs.lockbox
    services = [SERVICES[name] for scope in key.inputs.scopes for name in services_for_scope(scope)]
    readers = key.secret.readers if key.secret else frozenset[str]()
    own = key.inputs.service_account_id
    accounts = [it.removeprefix(_MEMBER) for it in sorted(readers) if it.startswith(_MEMBER)]
    return KeyToRead(
        project=workplace.project.name,
        stack=key.stack,
        account=key.account_name,
        name=key.name,
        secret_id=lockbox.secret_id if lockbox else "",
        version_id=key.state.lockbox_version_id or "",
        secret_entry=lockbox.secret_entry if lockbox else "api_key",
        key_id_entry=lockbox.key_id_entry if lockbox else "api_key_id",
        reader_id=own if own in accounts else next(iter(accounts), ""),
        needs_id=any(it.authentication is Authentication.SMTP for it in services),
        is_output=key.inputs.expose_secret,
        overlap=key.inputs.overlap,
        run_every=run_every(workplace.project, key.stack, workplace.environment),
    )


def _refuse_what_cannot_be_read(found: DeployedKey, key: KeyToRead, consumer: Kind) -> None:
    """Raises WrongUse where the key isn't where this kind of consumer reads."""
    if found.state.status is Status.ADOPTED:
        raise WrongUse(
            f"{key.path} was imported, and its secret was never delivered: run `pulumi up`, which rotates it"
        )
    if not key.is_output and consumer in FROM_OUTPUTS_ALONE:
        raise WrongUse(
            f"{key.path} isn't an output of the stack, which {consumer} takes it from: --for external-secrets brings it from Lockbox into a cluster; "
            "or write `deliver: both` in the stack file"
        )
    if not key.secret_id and consumer not in FROM_OUTPUTS:
        kinds = " and ".join(sorted(FROM_OUTPUTS))
        raise WrongUse(
            f"{key.path} isn't in Lockbox, where {consumer} reads it: write `deliver: both` in the stack file; --for takes {kinds} as it is"
        )


def _warnings(key: KeyToRead) -> list[str]:
    short = short_overlap(key.overlap, key.run_every)
    found = [short] if short else []
    if key.secret_id and not key.reader_id:
        found.append("no service account is among the readers of its secret in the stack: name it under readers")
    return found


def _said(key: KeyToRead, piece: Piece) -> list[str]:
    """What a person must know of the piece, a paragraph each."""
    overlap, within = format_duration(key.overlap), hours_and_minutes(key.quarter)
    if piece.reads_every:
        safe = f"safe is an overlap of {format_duration(key.safe_overlap(piece.reads_every))} or more"
    else:
        safe = f"enough where that is done within {within} of each rotation (a quarter of it), and at once after a key was listed as compromised"
    return [
        f"{key.stack}/{key.path}: no secret is in here",
        f"On a rotation: {piece.on_rotation}.",
        f"Reads: {piece.reads}.",
        f"Overlap: this key has {overlap}; {safe}.",
        *(f"To do: {it}." for it in piece.todo),
        *(f"Warning: {it}." for it in _warnings(key)),
    ]


def _printed(file: File, said: list[str], named: bool) -> str:
    """The file under comments in its own language, so that all of it may go where it belongs."""
    comments = [line for paragraph in said for line in textwrap.wrap(paragraph, _COLUMNS, subsequent_indent="  ")]
    if named:
        comments.append(f"---- {file.name} ----")
    lines = [f"{file.comment} {line}" for line in comments]
    text = file.text
    # The line that names the interpreter stays the first.
    if text.startswith("#!"):
        first, _, text = text.partition("\n")
        lines.insert(0, first)
    return "\n".join(lines) + "\n" + text + ("\n" if named else "")
