"""The lifespans of keys, drawn for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH = 100
_CURRENT, _PREVIOUS = "━", "╌"
_ISSUED, _ENDED, _KILLED, _GOES_ON = "●", "┤", "✖", "▶"
# Columns between two marks: room for the number of a day, and a blank.
_LEAST_GAP = 6.0
LEGEND = f"{_ISSUED} issued  {_CURRENT} current  {_PREVIOUS} previous, still working  {_ENDED} overlap over  {_KILLED} deleted at once"


@dataclass
class Lifespan:
    """One key's lifespan, in days from the beginning. Without `rotated` it is still current, without `ended` it still works."""

    name: str
    issued: float
    rotated: float | None = None
    ended: float | None = None
    killed: bool = False


def draw(lifespans: Sequence[Lifespan], marks: Sequence[float], last: float, width: int = WIDTH) -> list[str]:
    """A line a key, under a scale with the days in `marks`; `last` is today. No line is longer than `width`.

    Between two marks the scale is even; each has the room that its days need to be read, so a long wait takes less than its share.
    """
    margin = max([len("day"), *(len(lifespan.name) for lifespan in lifespans)]) + 2
    scale = _Scale.over(marks, last, margin, width - 2)
    lines = [scale.days(marks)]
    for lifespan in lifespans:
        row = [" "] * width
        row[: len(lifespan.name)] = lifespan.name
        for mark in marks:
            row[scale.column(mark)] = "│"
        end = last if lifespan.ended is None else lifespan.ended
        rotated = end if lifespan.rotated is None else min(lifespan.rotated, end)
        for column in range(scale.column(lifespan.issued), scale.column(end) + 1):
            row[column] = _CURRENT if column < scale.column(rotated) or lifespan.rotated is None else _PREVIOUS
        row[scale.column(end)] = _GOES_ON if lifespan.ended is None else _KILLED if lifespan.killed else _ENDED
        row[scale.column(lifespan.issued)] = _ISSUED
        lines.append("".join(row).rstrip())
    return lines


@dataclass(frozen=True)
class _Scale:
    """Days to columns: known at `anchors` (day, column), even between them."""

    anchors: tuple[tuple[float, float], ...]

    @classmethod
    def over(cls, marks: Sequence[float], last: float, left: int, right: int) -> _Scale:
        """From the first of the days, at `left`, to the `last`, at `right`."""
        days = sorted({*(min(mark, last) for mark in marks), last, min(0.0, *marks)} if marks else {0.0, last})
        gaps = [after - before for before, after in pairwise(days)]
        least = min(_LEAST_GAP, (right - left) / max(len(gaps), 1))
        spare = (right - left) - least * len(gaps)
        anchors = [(days[0], float(left))]
        for day, gap in zip(days[1:], gaps, strict=True):
            anchors.append((day, anchors[-1][1] + least + spare * gap / (days[-1] - days[0])))
        return cls(tuple(anchors))

    def column(self, day: float) -> int:
        day = max(self.anchors[0][0], min(day, self.anchors[-1][0]))
        for (before, left), (after, right) in pairwise(self.anchors):
            if day <= after:
                return round(left + (right - left) * (day - before) / (after - before))
        return round(self.anchors[-1][1])

    def days(self, marks: Sequence[float]) -> str:
        """The scale's own line; a day that has no room beside its neighbour is left out."""
        line = "day"
        for mark in marks:
            at = self.column(mark)
            if at > len(line):
                line = f"{line.ljust(at)}{mark:.0f}"
        return line
