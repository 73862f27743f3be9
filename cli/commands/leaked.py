"""`yckeys leaked`: whose a leaked key is, and the change of the stack file that ends it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.borrowed import is_credential, is_key_id
from cli.cloud_keys import NOTHING
from cli.deployed import Deployed
from cli.exit_codes import CouldNotLook, ExitCode, WrongUse
from cli.leak import Leak, Leaked, ids_of_secret, leaks_in, whose
from cli.options import AsJson, ProjectFolder, Stacks
from cli.printing import print_json
from cli.project import Project
from cli.stack_file_edit import CanNotEdit, with_compromised
from cli.stack_file_lines import line_at, lines_of
from cli.table import console
from cli.words import counted
from cli.workplace import Workplace

EXAMPLES = """Examples:

\b
  yckeys leaked ajexxxxxxxxxxxxxxxxx              adds it to `compromised` of its key
  yckeys leaked --events trail.json --commit      what the cloud's secret scanning found, on a branch of its own
  yckeys leaked --stdin < found.txt               the secret itself; it is compared, and written nowhere
"""
_LONGEST_SECRET = 4096


@dataclass(frozen=True)
class _Outcome:
    """What was done about a leaked key."""

    leaked: Leaked
    file: str = ""
    line: int = 0
    changed: bool = False
    by_hand: str = ""

    def as_json(self) -> dict[str, object]:
        """The documented shape, version 1."""
        key = self.leaked.key
        return {
            "keyId": self.leaked.key_id,
            "url": self.leaked.url or None,
            "stack": key.stack if key else None,
            "account": key.account_name if key else None,
            "key": key.name if key else None,
            "owner": (key.owner or None) if key else None,
            "part": str(self.leaked.part) if self.leaked.part else None,
            "file": self.file or None,
            "line": self.line or None,
            "changed": self.changed,
            "byHand": self.by_hand or None,
        }


def command(
    key_id: Annotated[str, typer.Argument(metavar="[KEY_ID]", help="The id of the leaked key.")] = "",
    project: ProjectFolder = None,
    stack: Stacks = None,
    events: Annotated[
        Path | None,
        typer.Option("--events", metavar="FILE", help="Events of Audit Trails: what secret scanning found."),
    ] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the leaked secret from standard input.")] = False,
    commit: Annotated[bool, typer.Option("--commit", help="Commit the change on a git branch of its own.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say whose it is; change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whose a leaked key is, and list its id under `compromised` in the stack file, whose comments stay.

    The next `pulumi up` issues and delivers a new key, and then deletes the leaked one at once.
    """
    if sum([bool(key_id), events is not None, stdin]) != 1:
        raise WrongUse("give one of KEY_ID, --events FILE and --stdin")
    if is_credential(key_id):
        raise WrongUse(
            "that is a secret, and no id: pass it by --stdin; your shell may have noted it, so clean its history"
        )
    if key_id and not is_key_id(key_id):
        raise WrongUse(f"{key_id!r} is no key's id: it is small letters and digits, as in `yckeys inventory`")
    workplace = Workplace.at(project)
    stacks = workplace.deployed(stack or [])
    leaks = _leaks(workplace, stacks, key_id, events, stdin)
    outcomes = [_act(workplace.project, leaked, dry_run) for leaked in whose(leaks, stacks)]
    branch = _commit(workplace.project, outcomes) if commit and any(it.changed for it in outcomes) else ""
    now = workplace.now()
    if as_json:
        print_json("leaked", now, {"leaks": [it.as_json() for it in outcomes], "branch": branch or None})
    else:
        _show(outcomes, branch, dry_run)
    if not outcomes or any(it.by_hand for it in outcomes):
        raise typer.Exit(ExitCode.FINDINGS)


def _leaks(
    workplace: Workplace, stacks: Sequence[Deployed], key_id: str, events: Path | None, stdin: bool
) -> list[Leak]:
    if key_id:
        return [Leak(key_id)]
    if events is not None:
        try:
            return leaks_in(events.read_text(encoding="utf-8"))
        except OSError as error:
            raise CouldNotLook(f"--events {events}: {error.strerror}") from None
        except ValueError:
            raise CouldNotLook(f"--events {events}: neither JSON nor lines of JSON") from None
    secret = sys.stdin.read(_LONGEST_SECRET).strip()
    if not stdin or len(secret) < 16 or len(secret.split()) != 1:
        raise WrongUse("--stdin: give the secret and nothing else")
    found = ids_of_secret(secret, stacks, NOTHING)
    if not found:
        # A previous key's, or one that no state knows: the cloud shows the same letters of it.
        accounts = sorted({it for stack in stacks for it in stack.accounts})
        found = ids_of_secret(secret, stacks, workplace.cloud_view(stacks, (), False, accounts))
    return [Leak(it) for it in found]


def _act(project: Project, leaked: Leaked, dry_run: bool) -> _Outcome:
    key = leaked.key
    if key is None:
        return _Outcome(
            leaked,
            by_hand=f"no chosen stack declares it: find who uses it, and run `yc iam api-key delete {leaked.key_id}`",
        )
    path = project.stack_file(key.stack)
    file = path.relative_to(project.folder).as_posix()
    try:
        text = path.read_bytes().decode("utf-8")
        edited = with_compromised(text, key.account_name, key.name, leaked.key_id)
    except FileNotFoundError:
        return _Outcome(
            leaked, file, by_hand=f"there is no {file}: list it under `compromised` where the key is declared"
        )
    except CanNotEdit as error:
        return _Outcome(leaked, file, by_hand=f"{file}: {error}")
    if edited != text and not dry_run:
        path.write_bytes(edited.encode("utf-8"))
    line = lines_of(path).of(key.account_name, key.name, "compromised") or line_at(path, [])
    return _Outcome(leaked, file, line, changed=edited != text)


def _commit(project: Project, outcomes: Sequence[_Outcome]) -> str:
    """Commits the changed files on a branch of its own; its name. Raises CouldNotLook where git refuses."""
    changed = [it for it in outcomes if it.changed]
    branch = f"leaked-{changed[0].leaked.key_id}"
    ids = ", ".join(it.leaked.key_id for it in changed)
    files = sorted({it.file for it in changed})
    message = (
        f"Keys that leaked are compromised: {ids}\n\nThe next `pulumi up` replaces them, and deletes them at once."
    )
    for arguments in (["switch", "--create", branch], ["commit", "--message", message, "--", *files]):
        done = subprocess.run(["git", *arguments], cwd=project.folder, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            said = " ".join((done.stderr or done.stdout).split())[:300]
            raise CouldNotLook(f"the stack file is changed, but `git {arguments[0]}` failed: {said}")
    return branch


def _show(outcomes: Sequence[_Outcome], branch: str, dry_run: bool) -> None:
    out = console()
    if not outcomes:
        out.print("No leaked API key is told there, or none that a chosen stack or its accounts have.")
    for it in outcomes:
        key = it.leaked.key
        found = f", found at {it.leaked.url}" if it.leaked.url else ""
        if key is None:
            out.print(f"key {it.leaked.key_id}{found}: {it.by_hand}")
            continue
        owned = f" (owner {key.owner})" if key.owner else ""
        out.print(f"key {it.leaked.key_id} is {key.stack}/{key.path}, its {it.leaked.part} key{owned}{found}")
        if it.by_hand:
            out.print(f"  {it.by_hand}")
        elif dry_run:
            out.print(
                f"  {it.file}:{it.line}: {'would be listed under compromised' if it.changed else 'is listed under compromised'}"
            )
        else:
            out.print(f"  {it.file}:{it.line}: {'now listed' if it.changed else 'is listed already'} under compromised")
    if any(not it.by_hand for it in outcomes) and not dry_run:
        where = f" Branch {branch} has it." if branch else ""
        out.print(
            f"\nIt works until `pulumi up` has run with this: that delivers a new key first, and then deletes it.{where}"
        )
    ours = sum(it.leaked.key is not None for it in outcomes)
    out.print(f"{counted(len(outcomes), 'leaked key')}, the chosen stacks declare {ours}.")
