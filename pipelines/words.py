"""What happens to a stack, in words: the lines of the log, and the headline of a comment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.events import Events, Resource

# The words in which the provider's `rotation.py` says what it decided.
_ROTATES = ("rotates:", "a new key replaces it")
_RETIRES = ("retires key",)
_DOING = {"create": "is created", "update": "is changed in place", "replace": "is replaced", "delete": "is deleted"}
_DONE = {"create": "created", "update": "changed in place", "replace": "replaced", "delete": "deleted"}


def happening(resource: Resource) -> str:
    """What happens to it and why, on one line: the provider's own words where it gave any."""
    if resource.lines:
        return one_line("; ".join(resource.lines))
    words = _DOING.get(resource.operation, resource.operation)
    if resource.operation in ("update", "replace") and resource.changed:
        words += f": {', '.join(resource.changed)}"
    return words


def log_line(time: str, stack: str, resource: Resource) -> str:
    """What happened to a resource, as one line of a log that is read years later."""
    line = f"{time} {stack} {resource.name}: "
    if not resource.is_key:
        return line + f"{resource.kind} {_DONE.get(resource.operation, resource.operation)}"
    line += one_line("; ".join(resource.lines)) or f"key {_DONE.get(resource.operation, resource.operation)}"
    if rotates(resource):
        line += _new_key(resource.outputs)
    return line


def unsaid_lines(time: str, stack: str, events: Events, since: datetime) -> list[str]:
    """What a killed run, begun at `since`, had done to keys and may not have lived to say: told from the state that it left."""
    touched = {each.name: each.outputs for each in events.touched() if each.operation == "update" and not rotates(each)}
    lines = []
    for name, outputs in sorted({**events.kept, **touched}.items()):
        issued = str(outputs.get("issuedAt") or "")
        if issued and datetime.fromisoformat(issued) >= since:
            lines.append(f"{time} {stack} {name}: the run that was killed {_had_done(outputs)}{_new_key(outputs)}")
    return lines


def drift_lines(events: Events) -> list[str]:
    """What a refresh found changed, each with what became of it."""
    return [one_line(f"{each.name}: {'; '.join(each.drift)}{_put_right(each)}") for each in events.drifted()]


def _put_right(resource: Resource) -> str:
    if not resource.operation:
        return ""
    if not resource.finished:
        return " (this run could not put it right)"
    new = _new_key(resource.outputs) if resource.operation == "create" or rotates(resource) else ""
    return f" (this run has put it right{new})"


def _had_done(outputs: Mapping[str, Any]) -> str:
    if outputs.get("generation") == 1:
        return "had issued the first key"
    previous = max(outputs.get("previous") or [{}], key=lambda each: str(each.get("rotatedAt", "")))
    if not previous:
        return "had rotated it"
    return f"had rotated key {previous['keyId']}; it keeps working until {previous['expiresAt']}"


def rotates(resource: Resource) -> bool:
    """Whether its key is rotated."""
    return resource.is_key and any(words in line for line in resource.lines for words in _ROTATES)


def headline(events: Events) -> str:
    """`1 key rotates, 2 new keys, 4 other resources change, 1 warning`, or `nothing to do`."""
    counts: Counter[str] = Counter(_category(each) for each in events.touched() if each.operation)
    parts = [
        *_counted(counts["rotates"], "key rotates", "keys rotate"),
        *_counted(counts["create"], "new key", "new keys"),
        *_counted(counts["retires"], "previous key is retired", "previous keys are retired"),
        *_counted(counts["update"], "key changes in place", "keys change in place"),
        *_counted(counts["replace"], "key is replaced", "keys are replaced"),
        *_counted(counts["delete"], "key is deleted", "keys are deleted"),
        *_counted(counts["other"], "other resource changes", "other resources change"),
        *_counted(len(events.drifted()), "change by others", "changes by others"),
        *_counted(len(events.all_warnings()), "warning", "warnings"),
    ]
    return ", ".join(parts) or "nothing to do"


def one_line(text: str) -> str:
    """`text` without its line breaks."""
    return " ".join(text.split())


def _category(resource: Resource) -> str:
    if not resource.is_key:
        return "other"
    if rotates(resource):
        return "rotates"
    if resource.operation == "update" and any(line.startswith(_RETIRES) for line in resource.lines):
        return "retires"
    return resource.operation


def _counted(count: int, one: str, many: str) -> Sequence[str]:
    return [f"{count} {one if count == 1 else many}"] if count else []


def _new_key(outputs: Mapping[str, object]) -> str:
    key, until = outputs.get("keyId"), outputs.get("expiresAt")
    return f"; new key {key}, good until {until}" if key and until else ""
