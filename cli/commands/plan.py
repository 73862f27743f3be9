"""`yckeys plan`: what will happen to the keys, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli.borrowed import VERSION
from cli.calendar_file import calendar
from cli.forecast import Event, EventKind, forecast
from cli.named_file import writing
from cli.options import AsJson, OfOwner, ProjectFolder, Stacks
from cli.printing import print_json
from cli.stack_settings import run_every
from cli.table import console, show_line
from cli.words import counted
from cli.workplace import Workplace, progress

EXAMPLES = """Examples:

\b
  yckeys plan                          what happens within 30 days
  yckeys plan --days 90 -s prod --json
  yckeys plan --days 365 --ics keys.ics
"""
_STYLES = {
    EventKind.ROTATES: "bold",
    EventKind.ENDS: "yellow",
    EventKind.CHANGES: "cyan",
    EventKind.DELETES: "dim",
}


def command(
    project: ProjectFolder = None,
    stack: Stacks = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="How many days to look ahead.")] = 30,
    owner: OfOwner = "",
    ics: Annotated[
        Path | None, typer.Option("--ics", metavar="FILE", help="Write the events as a calendar file too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what will happen, day by day: rotations, ends of previous keys, deletions.

    It is decided by the same code that acts, from the stacks' states. Runs are taken to come as often as yandex-keys:runEvery says, from now on;
    what a stack file asks for since the last `pulumi up`, `pulumi preview` shows.
    """
    workplace = Workplace.at(project)
    stacks = workplace.deployed(stack or [])
    now = workplace.now()
    runs = {it.stack: run_every(workplace.project, it.stack, workplace.environment) for it in stacks}
    with progress("looking ahead"):
        keys = (key for it in stacks for key in it.keys if not owner or key.owner == owner)
        events = forecast(keys, now, now + timedelta(days=days), runs)
    if ics is not None:
        with writing("--ics", ics):
            ics.write_text(calendar(events, now, VERSION), encoding="utf-8", newline="")
    if as_json:
        names = [it.stack for it in stacks]
        print_json("plan", now, {"days": days, "stacks": names, "events": [event.as_json() for event in events]})
    else:
        _show(events, now, days, len(stacks))


def _show(events: Sequence[Event], now: datetime, days: int, stacks: int) -> None:
    out = console()
    width = max((len(_name(event, stacks)) for event in events), default=0)
    for day, of_day in groupby(events, key=lambda event: event.at.date()):
        ahead = (day - now.date()).days
        when = "today" if ahead == 0 else "tomorrow" if ahead == 1 else f"in {ahead} days"
        out.print(Text(f"{day:%a %Y-%m-%d}, {when}", style="bold"))
        for event in of_day:
            line = Text(f"  {event.at:%H:%M}  {_name(event, stacks).ljust(width)}  ")
            line.append(str(event.kind).ljust(8), style=_STYLES[event.kind])
            hang = len(line) + 1
            line.append(f" {event.said}")
            show_line(out, line, hang)
        out.print()
    kinds = {kind: sum(event.kind is kind for event in events) for kind in EventKind}
    counts = {
        EventKind.ROTATES: "rotation",
        EventKind.ENDS: "end",
        EventKind.CHANGES: "change",
        EventKind.DELETES: "deletion",
    }
    parts = ", ".join(counted(count, counts[kind]) for kind, count in kinds.items() if count)
    show_line(out, f"{counted(days, 'day')}, {counted(stacks, 'stack')}: {parts or 'nothing happens'}. Times are UTC.")


def _name(event: Event, stacks: int) -> str:
    return f"{event.key.stack} {event.key.path}" if stacks > 1 else event.key.path
