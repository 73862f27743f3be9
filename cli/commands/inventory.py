"""`yckeys inventory`: every key that the chosen stacks and the cloud know of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer

from cli.borrowed import parse_duration
from cli.exit_codes import WrongUse
from cli.inventory import KeyRecord, KeyState, inventory
from cli.options import AsJson, Folders, OfOwner, ProjectFolder, Stacks, WholeCloud
from cli.printing import print_csv, print_json
from cli.table import Cell, Column, console, show_table
from cli.words import counted, length, moment
from cli.workplace import Workplace

_LAST = datetime.max.replace(tzinfo=UTC)
_SOON = timedelta(days=7)
EXAMPLES = """Examples:

\b
  yckeys inventory                                  the keys of all stacks
  yckeys inventory -s prod --cloud                  and every key of the whole cloud beside them
  yckeys inventory --cloud --state unmanaged        keys that no stack declares
  yckeys inventory --sort expires --expires-within 14d
  yckeys inventory --csv > keys.csv
"""


class Order(StrEnum):
    """What records are sorted by."""

    NAME = "name"
    STATE = "state"
    AGE = "age"
    LAST_USED = "last-used"
    EXPIRES = "expires"
    NEXT_ROTATION = "next-rotation"


_ORDERS: dict[Order, Callable[[KeyRecord], Any]] = {
    Order.STATE: lambda record: list(KeyState).index(record.state),
    Order.AGE: lambda record: record.issued_at,
    Order.LAST_USED: lambda record: record.last_used_at or _LAST,
    Order.EXPIRES: lambda record: record.expires_at or _LAST,
    Order.NEXT_ROTATION: lambda record: record.next_rotation_at or _LAST,
}
_COLUMNS = (
    Column("stack", rank=2),
    Column("key"),
    Column("owner", rank=3),
    Column("id", rank=4),
    Column("secret", rank=7),
    Column("state", rank=1),
    Column("age", rank=5),
    Column("last used", rank=6),
    Column("expires", rank=1),
    Column("next rotation", rank=2),
    Column("delivered to", rank=8),
    Column("scopes", rank=9),
)
_CSV = (
    "stack",
    "account",
    "accountId",
    "folderId",
    "key",
    "owner",
    "keyId",
    "maskedSecret",
    "state",
    "scopes",
    "description",
    "generation",
    "issuedAt",
    "ageDays",
    "lastUsedAt",
    "expiresAt",
    "nextRotationAt",
    "lockboxSecretId",
    "lockboxSecret",
    "entry",
    "lockboxVersionId",
    "output",
)
_STYLES = {
    KeyState.CURRENT: "green",
    KeyState.PREVIOUS: "cyan",
    KeyState.ADOPTED: "yellow",
    KeyState.UNDELIVERED: "red",
    KeyState.MISSING: "red",
    KeyState.EXPIRED: "dim",
    KeyState.ORPHAN: "yellow",
    KeyState.ANOTHER_STATE: "dim",
    KeyState.UNMANAGED: "yellow",
}


def command(
    project: ProjectFolder = None,
    stack: Stacks = None,
    folder: Folders = None,
    cloud: WholeCloud = False,
    state: Annotated[
        list[KeyState] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help=f"Keys in this state alone; may be given several times. One of {', '.join(KeyState)}.",
        ),
    ] = None,
    account: Annotated[
        str,
        typer.Option("--account", metavar="PATTERN", help="Keys of the accounts of that name; * stands for anything."),
    ] = "*",
    scope: Annotated[
        str, typer.Option("--scope", metavar="PATTERN", help="Keys with such a scope; * stands for anything.")
    ] = "",
    owner: OfOwner = "",
    expires_within: Annotated[
        str, typer.Option("--expires-within", metavar="DURATION", help="Keys that end within that time, such as 14d.")
    ] = "",
    unused_for: Annotated[
        str,
        typer.Option(
            "--unused-for", metavar="DURATION", help="Keys that are known not to have been used for that long."
        ),
    ] = "",
    sort: Annotated[Order, typer.Option("--sort", help="What to sort by.")] = Order.NAME,
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, every column of it.")] = False,
) -> None:
    """List every key: of the chosen stacks, and with --folder or --cloud of the cloud too.

    Of the cloud it lists each account once, whatever the number of its keys.
    """
    if as_json and as_csv:
        raise WrongUse("--json and --csv: choose one of them")
    ends, unused = _duration("--expires-within", expires_within), _duration("--unused-for", unused_for)
    workplace = Workplace.at(project)
    stacks = workplace.deployed(stack or [], or_none=bool(folder or cloud))
    now = workplace.now()
    records = inventory(stacks, now, workplace.cloud_view(stacks, folder or [], cloud))
    shown = [
        record
        for record in records
        if (not state or record.state in state)
        and fnmatchcase(record.account, account)
        and (not scope or any(fnmatchcase(it, scope) for it in record.scopes))
        and (not owner or record.owner == owner)
        and (ends is None or (record.expires_at is not None and now < record.expires_at <= now + ends))
        and (unused is None or (record.last_used_at is not None and record.last_used_at <= now - unused))
    ]
    if sort in _ORDERS:
        shown.sort(key=_ORDERS[sort])
    if reverse:
        shown.reverse()
    if as_json:
        names = [it.stack for it in stacks]
        print_json("inventory", now, {"stacks": names, "keys": [record.as_json(now) for record in shown]})
    elif as_csv:
        print_csv(_CSV, [_flat(record.as_json(now)) for record in shown])
    else:
        _show(shown, len(records), len(stacks), now)


def _duration(option: str, text: str) -> timedelta | None:
    if not text:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise WrongUse(f"{option}: {error}") from None


def _flat(record: dict[str, Any]) -> dict[str, object]:
    return {**record, **(record["delivered"] or {})}


def _show(records: Sequence[KeyRecord], of: int, stacks: int, now: datetime) -> None:
    out = console()
    if records:
        show_table(out, _COLUMNS, [_row(record, stacks > 1, now) for record in records])
        out.print()
    states = {state: sum(record.state is state for record in records) for state in KeyState}
    parts = ", ".join(f"{count:,} {state}" for state, count in states.items() if count)
    chosen = f" of {of:,}" if len(records) < of else ""
    out.print(f"{counted(len(records), 'key')}{chosen} in {counted(stacks, 'stack')}{f': {parts}' if parts else ''}.")


def _row(record: KeyRecord, stack: bool, now: datetime) -> list[Cell]:
    ends_soon = record.expires_at is not None and now < record.expires_at <= now + _SOON
    overdue = record.next_rotation_at is not None and record.next_rotation_at <= now
    return [
        Cell(record.stack if stack else ""),
        Cell(record.path),
        Cell(record.owner),
        Cell(record.key_id),
        Cell(record.masked_secret),
        Cell(str(record.state), _STYLES[record.state]),
        Cell(length(record.age(now))),
        Cell(moment(record.last_used_at, "unknown")),
        Cell(moment(record.expires_at, "never"), "yellow" if ends_soon or record.expires_at is None else ""),
        Cell(f"{moment(record.next_rotation_at, '')}{' (due)' if overdue else ''}", "yellow" if overdue else ""),
        Cell(record.delivery.words if record.delivery else ""),
        Cell(" ".join(record.scopes)),
    ]
