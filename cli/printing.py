"""What commands print for other programs: JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from cli.borrowed import format_time

VERSION: Final = 1
"""Of the shapes that `--json` prints: it goes up where a field changes its meaning or goes away, and not for new ones."""
# A spreadsheet takes what begins so for a formula; descriptions are anybody's words.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def print_json(command: str, now: datetime, content: Mapping[str, object]) -> None:
    """Prints `content` under what every answer has: version, command, and the time by which it was judged."""
    answer = {"version": VERSION, "command": command, "at": format_time(now), **content}
    sys.stdout.write(f"{_indented(answer)}\n")


def _indented(value: object, margin: str = "\n") -> str:
    """As `json.dumps(value, indent=2, ensure_ascii=False)`, in a third of the time where there is much of it.

    With an indent, Python encodes by Python; without one by C, and what separates the items of a flat mapping may be a line's end.
    """
    deeper = f"{margin}  "
    if isinstance(value, Mapping) and value:
        if any(isinstance(item, (Mapping, list, tuple)) and item for item in value.values()):
            items = (
                f"{json.dumps(str(name), ensure_ascii=False)}: {_indented(it, deeper)}" for name, it in value.items()
            )
            return f"{{{deeper}{f',{deeper}'.join(items)}{margin}}}"
        flat = json.dumps(value, ensure_ascii=False, separators=(f",{deeper}", ": "))
        return f"{{{deeper}{flat[1:-1]}{margin}}}"
    if isinstance(value, (list, tuple)) and value:
        return f"[{deeper}{f',{deeper}'.join(_indented(it, deeper) for it in value)}{margin}]"
    return json.dumps(value, ensure_ascii=False)


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Prints rows under their columns' names; lists joined by spaces, nothing for None."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    sys.stdout.write(text.getvalue())


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
