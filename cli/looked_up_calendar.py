"""A calendar that answers many keys: the times at which its windows are open are reckoned once, and looked up from then on (pure).

A forecast asks the calendar a few hundred times a key, and most keys of a company share a few calendars.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from cli.borrowed import Calendar
from cli.deployed import DeployedKey
from cli.key_calendar import open_times

_BLOCK: Final = timedelta(days=32)
_BEGINS: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ENDS: Final = datetime(2105, 1, 1, tzinfo=UTC)
_FAR: Final = timedelta(days=20)
"""What is further away than this the calendar itself says: it has its own words for windows that open in weeks or never."""
_WORTH_IT: Final = 8
"""Keys of one calendar from which on looking up is less work than asking: a block takes as long as some hundred questions."""


@dataclass(frozen=True, eq=False)
class LookedUpCalendar(Calendar):
    """As the calendar of these windows and freezes, and faster from the second question on."""

    _blocks: dict[int, tuple[Sequence[datetime], Sequence[datetime]]] = field(default_factory=dict, repr=False)

    def next_allowed(self, moment: datetime) -> datetime:
        """The first time from `moment` on (UTC) at which a scheduled rotation may happen."""
        at = moment
        while _BEGINS < at < _ENDS:
            frozen = max((it.ends for it in self.freezes if it.begins <= at < it.ends), default=at)
            opened = self._first_open(frozen) if self.windows else frozen
            if opened is None:
                break
            if opened == at:
                return at
            at = opened
        return super().next_allowed(moment)

    def _first_open(self, moment: datetime) -> datetime | None:
        """The first time from `moment` on that a window has; None where that is far."""
        if not _BEGINS < moment < _ENDS:
            return None
        number = (moment - _BEGINS) // _BLOCK
        for block in (number, number + 1):
            starts, ends = self._block(block)
            at = bisect_right(ends, moment)
            if at < len(starts):
                opened = max(moment, starts[at])
                return opened if opened - moment < _FAR else None
        return None

    def _block(self, number: int) -> tuple[Sequence[datetime], Sequence[datetime]]:
        """When windows open and close in those days."""
        if number not in self._blocks:
            spans = open_times(self.windows, _BEGINS + number * _BLOCK, _BEGINS + (number + 1) * _BLOCK)
            self._blocks[number] = [start for start, _ in spans], [end for _, end in spans]
        return self._blocks[number]


def looked_up(keys: Sequence[DeployedKey]) -> list[DeployedKey]:
    """`keys`, those with the calendar of many looking it up."""
    shared = Counter(key.inputs.calendar for key in keys)
    calendars = {
        calendar: LookedUpCalendar(calendar.windows, calendar.freezes)
        for calendar, count in shared.items()
        if count >= _WORTH_IT and calendar.windows
    }
    return [_with(key, calendars.get(key.inputs.calendar)) for key in keys]


def _with(key: DeployedKey, calendar: Calendar | None) -> DeployedKey:
    return replace(key, inputs=replace(key.inputs, calendar=calendar)) if calendar is not None else key
