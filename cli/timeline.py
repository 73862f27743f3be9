"""The timeline of the report: each key's generations before and after now (pure). `timeline_picture.py` draws it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from cli.borrowed import next_rotation, planned_rotation, time_after
from cli.deployed import DeployedKey
from cli.forecast import Event, EventKind
from cli.words import counted, moment

MOST: Final = 40
"""How many keys are drawn: more than that nobody reads. Of the others the picture says how many are replaced on which day."""


@dataclass(frozen=True)
class Generation:
    """One key of a row: in use from `starts` until `replaced`, in its overlap until `ends`.

    key_id is empty for one that isn't issued yet; `replaced` is None where nothing replaces it as far as was looked.
    """

    number: int
    key_id: str
    starts: datetime
    replaced: datetime | None
    ends: datetime

    @property
    def words(self) -> str:
        """What a pointer that rests on it is told."""
        named = f"key {self.key_id}" if self.key_id else f"the key of generation {self.number}, to be issued"
        replaced = f"; replaced {moment(self.replaced, '')}" if self.replaced else ""
        return f"{named}: from {moment(self.starts, '')}{replaced}; ends {moment(self.ends, '')} UTC"


@dataclass(frozen=True)
class Row:
    """A key's generations, the earlier ones first, and when the current one is replaced: as the calendar allows it.

    scheduled_at: since when it is due; before `due_at` where it waits for a window, or for the end of a freeze.
    """

    key: DeployedKey
    due_at: datetime
    generations: Sequence[Generation]
    scheduled_at: datetime

    @property
    def waits(self) -> bool:
        """Whether its calendar puts it off."""
        return self.scheduled_at < self.due_at


@dataclass(frozen=True)
class Timeline:
    """The keys that come first, the one that is due first on top. `rotations`: how many of all keys are replaced on which day."""

    now: datetime
    begins: datetime
    until: datetime
    rows: Sequence[Row]
    keys: int
    rotations: Counter[date]

    @property
    def left_out(self) -> int:
        """How many keys have no row."""
        return self.keys - len(self.rows)

    @property
    def words(self) -> str:
        """What the picture shows."""
        which = (
            f"The {len(self.rows)} keys of {counted(self.keys, 'key')} that are replaced next"
            if self.left_out
            else "Every key that a stack declares"
        )
        more = "; below them, how many of all keys are replaced on which day" if self.left_out else ""
        return f"{which}, what is replaced next on top{more}. A new key begins before the old one ends: that is the overlap."


def timeline(keys: Sequence[DeployedKey], events: Sequence[Event], now: datetime, span: timedelta) -> Timeline:
    """The timeline of `keys` from `span` before `now` to `span` after it. `events` is what happens to them until then."""
    due = sorted(((planned_rotation(key.inputs, key.state, key.urn), key) for key in keys), key=_urgency)
    drawn = {id(key) for _, key in due[:MOST]}
    of_key: dict[int, list[Event]] = {}
    rotations: Counter[date] = Counter()
    for event in events:
        if event.kind is EventKind.ROTATES and event.at <= now + span:
            rotations[event.at.date()] += 1
            if id(event.key) in drawn:
                of_key.setdefault(id(event.key), []).append(event)
    rows = [
        Row(
            key,
            at,
            list(_generations(key, of_key.get(id(key), ()))),
            next_rotation(key.inputs, key.state, key.urn),
        )
        for at, key in due[:MOST]
    ]
    return Timeline(now, now - span, now + span, rows, len(keys), rotations)


def _urgency(due: tuple[datetime, DeployedKey]) -> tuple[datetime, str, str]:
    at, key = due
    return min(at, key.state.expires_at), key.stack, key.path


def _generations(key: DeployedKey, rotations: Sequence[Event]) -> Iterator[Generation]:
    state = key.state
    for number, previous in enumerate(state.previous, start=state.generation - len(state.previous)):
        yield Generation(number, previous.key_id, previous.issued_at, previous.rotated_at, previous.expires_at)
    number, key_id, starts, ends = state.generation, state.key_id, state.issued_at, state.expires_at
    for event in rotations:
        yield Generation(number, key_id, starts, event.at, event.ends_at or event.at)
        number, key_id, starts, ends = number + 1, "", event.at, time_after(event.at, key.inputs.lifetime)
    yield Generation(number, key_id, starts, None, ends)
