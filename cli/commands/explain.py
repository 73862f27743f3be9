"""`yckeys explain`: the life of one key so far, and the reason of what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.deployed import DeployedKey
from cli.exit_codes import CommandFailed
from cli.inventory import KeyRecord, KeyState, inventory
from cli.life import Happened, Next, life, of_operations, of_runs, what_is_next
from cli.options import AsJson, ProjectFolder, Stacks
from cli.printing import print_json
from cli.stack_settings import run_every
from cli.table import console, show_line
from cli.wanted_key import key_named
from cli.words import length, moment
from cli.workplace import Workplace, progress

EXAMPLES = """Examples:

\b
  yckeys explain translator/default -s prod     by account and key
  yckeys explain ajexxxxxxxxxxxxxxxxx           by the id of a key, a previous one too
  yckeys explain translator/default --cloud     with what the cloud knows of it
"""

_HANG = len("  2030-04-06 09:00  ")


def command(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A key as account/key, stack/account/key, or by its id.")],
    project: ProjectFolder = None,
    stack: Stacks = None,
    cloud: Annotated[
        bool, typer.Option("--cloud", help="Ask the cloud too: last use, and what was done with the key.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell the life of one key so far, and why the next step comes when it does.

    Its past is what the state, the stack's history of runs and, with --cloud, the cloud know.
    """
    workplace = Workplace.at(project)
    stacks = workplace.deployed(stack or [])
    found = key_named(stacks, key)
    now = workplace.now()
    happened = life(found, now)
    view = workplace.cloud_view(stacks, (), False, [found.inputs.service_account_id] if cloud else ())
    if cloud:
        with workplace.cloud([it.stack for it in stacks]) as lookup:
            for key_id in sorted(found.state.key_ids & view.keys.keys()):
                request = {"api_key_id": key_id}
                listed = lookup.listed("ApiKeyService/ListOperations", "operations", request, f"API key {key_id}")
                happened += of_operations(listed, key_id)
    unread = ""
    try:
        with progress("reading the stack's history"):
            happened += of_runs(workplace.engine.history(found.stack))
    except CommandFailed as failure:
        unread = str(failure)
    happened.sort(key=lambda it: it.at)
    coming = what_is_next(found, now, run_every(workplace.project, found.stack, workplace.environment))
    its_own = [it for it in inventory(stacks, now, view) if it.stack == found.stack and it.path == found.path]
    if as_json:
        content = {
            "stack": found.stack,
            "account": found.account_name,
            "key": found.name,
            "owner": found.owner or None,
            "urn": found.urn,
            "keys": [record.as_json(now) for record in its_own],
            "life": [it.as_json() for it in happened],
            "historyUnread": unread or None,
            "now": list(coming.now),
            "warnings": list(coming.warnings),
            "nextRotation": {
                "at": f"{coming.at:%Y-%m-%dT%H:%M:%SZ}",
                "dueAt": f"{coming.due_at:%Y-%m-%dT%H:%M:%SZ}",
                "why": coming.why,
            },
            "events": [event.as_json() for event in coming.events],
        }
        print_json("explain", now, content)
    else:
        _show(found, its_own, happened, unread, coming, now)


def _show(
    key: DeployedKey,
    records: Sequence[KeyRecord],
    happened: Sequence[Happened],
    unread: str,
    coming: Next,
    now: datetime,
) -> None:
    out = console()
    out.print(Text(f"{key.stack}/{key.path}", style="bold"))
    if key.owner:
        out.print(f"  owner {key.owner}")
    for record in records:
        if record.state is KeyState.UNMANAGED:
            continue
        ends = moment(record.expires_at, "never")
        show_line(
            out,
            f"  {record.state} key {record.key_id} {record.masked_secret}".rstrip()
            + f": {length(record.age(now))} old, last used {moment(record.last_used_at, 'unknown')}, ends {ends}",
        )
    _heading(out, "So far")
    for it in happened:
        show_line(out, f"  {moment(it.at, '')}  {it.what}", _HANG)
    if unread:
        show_line(out, f"  The stack's history of runs could not be read: {unread}")
    _heading(out, "The next run")
    for words in coming.now or ("does nothing: nothing is due",):
        show_line(out, f"  {words}")
    for warning in coming.warnings:
        show_line(out, Text(f"  warning: {warning}", style="yellow"))
    _heading(out, "The next rotation")
    show_line(out, f"  {moment(coming.at, '')}{' (due)' if coming.at <= now else ''}: {coming.why}")
    for event in coming.events:
        show_line(out, f"  {moment(event.at, '')}  {event.kind}: {event.said}", _HANG)


def _heading(out: Console, words: str) -> None:
    out.print()
    out.print(Text(words, style="bold"))
