"""The life of one key so far, and the reason of what comes next (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cli.borrowed import Status, decide, format_duration, format_time, next_rotation, planned_rotation
from cli.deployed import DeployedKey
from cli.forecast import Event, of_key
from cli.words import moment


@dataclass(frozen=True)
class Happened:
    """One thing that has happened to the key, or to its stack."""

    at: datetime
    what: str

    def as_json(self) -> dict[str, object]:
        """The documented shape, version 1."""
        return {"at": format_time(self.at), "what": self.what}


def life(key: DeployedKey, now: datetime) -> list[Happened]:
    """What the state knows of the key's past, in the order of time."""
    state = key.state
    found = [
        Happened(state.issued_at, f"key {state.key_id} was issued, generation {state.generation}, and takes over")
        if state.status is not Status.ADOPTED
        else Happened(state.issued_at, f"key {state.key_id} was made by hand; it was adopted by import since")
    ]
    for previous in state.previous:
        found.append(Happened(previous.issued_at, f"key {previous.key_id} was issued"))
        found.append(Happened(previous.rotated_at, f"key {previous.key_id} became a previous key"))
        if previous.extended_at:
            words = f"key {previous.key_id} was still used: it was extended until {moment(previous.expires_at, '')}"
            found.append(Happened(previous.extended_at, words))
        if previous.expires_at <= now:
            found.append(Happened(previous.expires_at, f"key {previous.key_id} works no longer: its overlap is over"))
    return sorted(found, key=lambda it: (it.at, it.what))


def of_runs(updates: Sequence[Mapping[str, Any]], most: int = 10) -> list[Happened]:
    """The stack's latest runs, as `pulumi stack history --json` lists them, by the clock of the machine that ran them."""
    found = []
    for update in updates:
        ended = update.get("endTime") or update.get("startTime")
        if not ended:
            continue
        at = datetime.fromisoformat(str(ended))
        changes = {
            str(name): int(count) for name, count in (update.get("resourceChanges") or {}).items() if name != "same"
        }
        counts = ", ".join(f"{count} {name}" for name, count in sorted(changes.items())) or "nothing changed"
        found.append(Happened(at, f"`pulumi {_command(update)}` {update.get('result', '')}: {counts}"))
    return sorted(found, key=lambda it: it.at)[-most:]


def _command(update: Mapping[str, object]) -> str:
    kind = str(update.get("kind", "update"))
    return {"update": "up", "resource-import": "import"}.get(kind, kind)


def of_operations(operations: Sequence[Mapping[str, object]], key_id: str) -> list[Happened]:
    """What the cloud says was done with a key."""
    return [
        Happened(
            datetime.fromisoformat(str(it["created_at"])),
            f"the cloud, on key {key_id}: {it.get('description') or 'an operation'}, by {it.get('created_by') or 'somebody'}",
        )
        for it in operations
        if it.get("created_at")
    ]


@dataclass(frozen=True)
class Next:
    """What comes next and why. now: what the next run does, in its own words; warnings: what it will say. events: what follows.

    at: when the key rotates, if a run comes then; due_at: when it is due by its grid.
    """

    now: tuple[str, ...]
    warnings: tuple[str, ...]
    why: str
    due_at: datetime
    at: datetime
    events: tuple[Event, ...]


def what_is_next(key: DeployedKey, now: datetime, run_every: timedelta) -> Next:
    """What the next run does with the key, and when it rotates, and why then."""
    decision = decide(key.inputs, key.state, now, key.urn, None, key.owner_mark)
    due, at = (when(key.inputs, key.state, key.urn) for when in (next_rotation, planned_rotation))
    every, overlap = format_duration(key.inputs.rotate_every), format_duration(key.inputs.overlap)
    latest = key.state.issued_at + key.inputs.lifetime - key.inputs.overlap
    if due == latest:
        why = f"so that the key keeps a whole overlap ({overlap}) of its lifetime ({format_duration(key.inputs.lifetime)})"
    else:
        why = f"every {every} from the first issue, a little earlier by the key's own name, so that keys don't rotate together"
    if at > due:
        why = f"{why}; due {moment(due, '')}, and put off by its windows and freezes"
    horizon = max(at, now) + 2 * key.inputs.overlap + 2 * run_every
    events = sorted(of_key(key, now, horizon, run_every), key=lambda event: event.at)
    return Next(
        decision.headlines + ((decision.waits,) if decision.waits else ()),
        decision.warnings,
        why,
        due,
        at,
        tuple(events[:6]),
    )
