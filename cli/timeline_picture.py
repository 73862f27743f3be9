"""The timeline as a picture: SVG and PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from cli.borrowed import Freeze, Window
from cli.exit_codes import CouldNotLook
from cli.key_calendar import calendar_in_words, freeze_in_words, open_times, windows_in_words
from cli.templates import environment
from cli.timeline import Row, Timeline
from cli.words import counted, moment

_FONTS: Final = "Helvetica, Arial, DejaVu Sans, Liberation Sans, Noto Sans, sans-serif"
_DAY: Final = timedelta(days=1)
_STEPS: Final = (1, 7, 14, 28, 91, 364)
_MOST_TICKS: Final = 13


@dataclass(frozen=True)
class _Bar:
    """A generation as it is drawn: `x` to `replaced_x` in use, to `end_x` in its overlap; `y` is its lane."""

    x: float
    replaced_x: float
    end_x: float
    y: float
    planned: bool
    words: str


@dataclass(frozen=True)
class _Band:
    """A freeze, or a time at which a window is open. The words are for a pointer that rests on it."""

    x: float
    width: float
    words: str


@dataclass(frozen=True)
class _Wait:
    """From when it is due up to when it is replaced, or to the picture's edge."""

    x: float
    end_x: float


@dataclass(frozen=True)
class _DrawnRow:
    name: str
    stack: str
    whole_name: str
    y: float
    bars: Sequence[_Bar]
    due_x: float | None
    is_late: bool
    due_words: str
    freezes: Sequence[_Band]
    open_times: Sequence[_Band]
    wait: _Wait | None
    windows: str
    """Its windows in words."""


@dataclass(frozen=True)
class _Column:
    """How many keys are replaced on one day."""

    x: float
    y: float
    width: float
    height: float
    words: str


class _Layout:
    """Where things stand, in pixels."""

    WIDTH: Final = 1080
    LEFT: Final = 250
    RIGHT: Final = 1060
    ROW: Final = 38
    LANE: Final = 14
    COLUMNS: Final = 90
    """The height of what shows the rotations a day."""

    def __init__(self, of: Timeline) -> None:
        self._of = of
        self.has_calendars = any(row.key.inputs.calendar.windows or self._frozen(row) for row in of.rows)
        """Where nothing is drawn of windows and freezes, nothing is explained of them."""
        self.top = 98 if self.has_calendars else 74
        self._open_times: dict[tuple[Window, ...], list[_Band]] = {}
        self.bottom = self.top + self.ROW * max(len(of.rows), 1)
        self.height = self.bottom + (self.COLUMNS + 30 if of.left_out else 0) + 16

    def x(self, at: datetime) -> float:
        """Where a moment is, at the edge where it is outside."""
        of = self._of
        part = (min(max(at, of.begins), of.until) - of.begins) / (of.until - of.begins)
        return round(self.LEFT + part * (self.RIGHT - self.LEFT), 1)

    def ticks(self) -> list[tuple[float, str]]:
        """Days that are named, Mondays where weeks are counted."""
        of = self._of
        whole = (of.until - of.begins) // _DAY
        step = next((it for it in _STEPS if whole / it <= _MOST_TICKS), _STEPS[-1])
        days = (of.begins.date() + _DAY * number for number in range(1, whole + 1))
        return [
            (self.x(datetime.combine(day, time(), UTC)), f"{day.day} {day:%b}")
            for day in days
            if day.toordinal() % step == 1 % step
        ]

    def row(self, number: int, row: Row) -> _DrawnRow:
        """A row, its generations in two lanes by turns, so that an overlap is seen."""
        of, y = self._of, self.top + self.ROW * number
        shown = [it for it in row.generations if it.ends > of.begins and it.starts < of.until]
        bars = [
            _Bar(
                self.x(it.starts),
                self.x(it.replaced or it.ends),
                self.x(it.ends),
                y + 5 + self.LANE * (it.number % 2),
                it.starts > of.now or not it.key_id,
                it.words,
            )
            for it in shown
        ]
        key = row.key
        calendar = key.inputs.calendar
        is_late = row.due_at <= of.now
        windows = windows_in_words(calendar.windows)
        due_words = f"{'due since' if is_late else 'next rotation'} {moment(row.due_at, '')} UTC"
        if row.waits:
            due_words += f": due {moment(row.scheduled_at, '')}, waits for {calendar.waits_for(row.scheduled_at)}"
        elif calendar.next_allowed(row.due_at) > row.due_at:
            due_words += f", and not later, for it would expire before {calendar.waits_for(row.due_at)}"
        return _DrawnRow(
            _shortened(key.path),
            _under_its_name(key.stack, windows, len(calendar.windows)),
            "; ".join([f"{key.stack}/{key.path}", *calendar_in_words(calendar, of.now)]),
            y,
            bars,
            self.x(row.due_at) if of.begins <= row.due_at <= of.until else None,
            is_late,
            due_words,
            [self._band(it.begins, it.ends, freeze_in_words(it)) for it in self._frozen(row)],
            self._opened(calendar.windows),
            _Wait(self.x(row.scheduled_at), self.x(row.due_at))
            if row.waits and of.begins <= row.scheduled_at <= of.until
            else None,
            windows,
        )

    def _frozen(self, row: Row) -> list[Freeze]:
        """The freezes of a row that the picture's time touches."""
        of = self._of
        return [it for it in row.key.inputs.calendar.freezes if it.begins < of.until and it.ends > of.begins]

    def _band(self, begins: datetime, ends: datetime, words: str) -> _Band:
        x = self.x(begins)
        return _Band(x, round(self.x(ends) - x, 1), words)

    def _opened(self, windows: tuple[Window, ...]) -> list[_Band]:
        """When windows are open; nothing where the picture is too small for it: an ordinary week of it says."""
        if windows not in self._open_times:
            of, drawn = self._of, list[_Band]()
            week = open_times(windows, of.begins, of.begins + 3 * _WEEK)[1:-1]
            closed = [later[0] - earlier[1] for earlier, later in pairwise(week)]
            shortest = min([*(end - start for start, end in week), *closed], default=timedelta(0))
            if shortest / (of.until - of.begins) * (self.RIGHT - self.LEFT) >= _VISIBLE:
                words = windows_in_words(windows)
                drawn = [
                    self._band(start, end, f"window: {words}")
                    for start, end in open_times(windows, of.begins, of.until)
                ]
            self._open_times[windows] = drawn
        return self._open_times[windows]

    def columns(self) -> list[_Column]:
        """How many of all keys are replaced, day by day."""
        of = self._of
        most = max(of.rotations.values(), default=1)
        floor = self.bottom + 30 + self.COLUMNS - 10
        drawn = []
        for day, count in sorted(of.rotations.items()):
            begins = self.x(max(datetime.combine(day, time(), UTC), of.now))
            ends = self.x(datetime.combine(day + _DAY, time(), UTC))
            height = round(count / most * (self.COLUMNS - 24), 1)
            words = f"{day}: {counted(count, 'rotation')}"
            drawn.append(_Column(begins, floor - height, max(round(ends - begins - 1, 1), 1), height, words))
        return drawn


_WEEK: Final = timedelta(days=7)
_VISIBLE: Final = 5
"""The pixels below which an open time, or the time between two, is no more seen."""
_LETTERS: Final = 32
"""As many as the names' column has room for."""
_SMALL_LETTERS: Final = 40
"""As many of the small ones under a name."""


def _shortened(name: str) -> str:
    return name if len(name) <= _LETTERS else f"…{name[1 - _LETTERS :]}"


def _under_its_name(stack: str, windows: str, count: int) -> str:
    """The stack, and when the key may be replaced, as far as there is room: a pointer that rests on it is told all."""
    named = _shortened(stack)
    if not windows:
        return named
    whole = f"{named} · {windows}"
    return whole if len(whole) <= _SMALL_LETTERS else f"{named} · {counted(count, 'window')} of the week"


def picture(of: Timeline, is_inline: bool = False) -> str:
    """The timeline as SVG, light or dark as its reader likes; `is_inline`: as a part of a page. Every name in it is escaped."""
    layout = _Layout(of)
    rows = [layout.row(number, row) for number, row in enumerate(of.rows)]
    return (
        environment()
        .get_template("timeline.svg.j2")
        .render(
            timeline=of,
            layout=layout,
            rows=rows,
            explained=_explained(rows),
            columns=layout.columns() if of.left_out else [],
            most=max(of.rotations.values(), default=0),
            fonts=_FONTS,
            is_inline=is_inline,
        )
    )


def _explained(rows: Sequence[_DrawnRow]) -> list[tuple[str, int, str]]:
    """What is explained of calendars: a mark, where its words begin, and these; of what is drawn alone."""
    freezes, waits = any(row.freezes for row in rows), any(row.wait for row in rows)
    drawn = any(row.open_times for row in rows)
    hidden = any(row.windows and not row.open_times for row in rows)
    entries = [
        *([("freeze", "freeze: no planned rotation")] if freezes else []),
        *([("window", "window: rotations only then")] if drawn else []),
        *([("wait", "due, and waiting from then on")] if waits else []),
        *([("", "windows too short to draw: under the key's name")] if hidden else []),
    ]
    placed, x = [], 0
    for mark, words in entries:
        placed.append((mark, x, words))
        x += 48 + round(6.4 * len(words))
    return placed


def png(svg: str) -> bytes:
    """The picture as PNG, light, at twice its size. Raises CouldNotLook where this machine has no font to write with."""
    # Other commands don't pay for it.
    import resvg_py

    frame = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{}</svg>'
    letter = frame.format(f'<text y="16" font-family="{_FONTS}">W</text>')
    if resvg_py.svg_to_bytes(svg_string=letter) == resvg_py.svg_to_bytes(svg_string=frame.format("")):
        raise CouldNotLook(
            "--png: this machine has no font to write with: install one (fonts-dejavu-core), or use --svg"
        )
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=2))
