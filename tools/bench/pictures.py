"""Pictures of a run, as SVG: lines over the number of keys, one panel a step (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.bench.figures import CREATE, FLOOR, OURS, STEPS, Figures, Place

if TYPE_CHECKING:
    from jinja2 import Environment

_FONTS: Final = "Helvetica, Arial, DejaVu Sans, Liberation Sans, Noto Sans, sans-serif"
_MB: Final = 1_000_000
_TICKS: Final = 5


@dataclass(frozen=True)
class Line:
    """What belongs to one name: points of keys and value."""

    name: str
    points: Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Panel:
    """Lines over one pair of axes, both of which begin at 0."""

    title: str
    unit: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class _Dot:
    x: float
    y: float
    words: str


@dataclass(frozen=True)
class _DrawnLine:
    style: int
    path: str
    dots: Sequence[_Dot]


class _Layout:
    """Where things stand, in pixels: panels in two columns."""

    WIDTH: Final = 1080
    TOP: Final = 52
    PANEL_WIDTH: Final = 530
    PANEL_HEIGHT: Final = 250
    LEFT: Final = 52
    RIGHT: Final = 500
    UPPER: Final = 40
    LOWER: Final = 205

    def __init__(self, panels: Sequence[Panel]) -> None:
        self.height = self.TOP + self.PANEL_HEIGHT * ((len(panels) + 1) // 2)

    def corner(self, number: int) -> tuple[int, int]:
        """Of a panel."""
        return 10 + self.PANEL_WIDTH * (number % 2), self.TOP + self.PANEL_HEIGHT * (number // 2)


class _Axes:
    """A panel's, within its corner."""

    def __init__(self, panel: Panel) -> None:
        points = [point for line in panel.lines for point in line.points]
        self.across = ticks(max(keys for keys, _ in points))
        self.up = ticks(max(value for _, value in points))

    def x(self, keys: float) -> float:
        return round(_Layout.LEFT + keys / self.across[-1] * (_Layout.RIGHT - _Layout.LEFT), 1)

    def y(self, value: float) -> float:
        return round(_Layout.LOWER - value / self.up[-1] * (_Layout.LOWER - _Layout.UPPER), 1)

    def drawn(self, panel: Panel, names: Sequence[str]) -> list[_DrawnLine]:
        """The panel's lines; each name has the same style in every panel."""
        return [
            _DrawnLine(
                names.index(line.name),
                "M" + "L".join(f"{self.x(keys)} {self.y(value)}" for keys, value in line.points),
                [
                    _Dot(self.x(keys), self.y(value), f"{line.name}, {keys:,} keys: {shown(value)} {panel.unit}")
                    for keys, value in line.points
                ],
            )
            for line in panel.lines
        ]


def ticks(most: float) -> list[float]:
    """Round values from 0 to `most` or a little more."""
    step = 10.0**-6
    factors = [2.0, 2.5, 2.0]
    while most / step > _TICKS:
        step *= factors[0]
        factors = [*factors[1:], factors[0]]
    return [step * number for number in range(int(-(-most // step)) + 1)]


def shown(value: float) -> str:
    """A figure in as few letters as tell it."""
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.2g}"


def time_panels(figures: Figures, beside: str = "") -> list[Panel]:
    """Seconds over keys, a panel a step, no call slower than the local cloud is."""
    return [_panel(figures, step, "seconds", figures.seconds, (OURS, FLOOR, beside)) for step in STEPS]


def cpu_panels(figures: Figures, beside: str = "") -> list[Panel]:
    """CPU seconds over keys, likewise: what a busy machine tells too."""
    return [_panel(figures, step, "CPU seconds", figures.cpu, (OURS, FLOOR, beside)) for step in STEPS]


def bytes_panels(figures: Figures) -> list[Panel]:
    """What a create writes, and what the state then takes, over keys; those of which nothing is known are left out."""
    panels = [
        _panel(figures, CREATE, "MB", lambda place: _in_mb(figures.written(place)), (OURS, FLOOR), "written by create"),
        _panel(figures, CREATE, "MB", lambda place: _in_mb(figures.state(place)), (OURS, FLOOR), "the state on disk"),
    ]
    return [panel for panel in panels if panel.lines]


def picture(panels: Sequence[Panel], title: str) -> str:
    """Them as SVG, light or dark as the reader likes."""
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines))
    layout = _Layout(panels)
    axes = [_Axes(panel) for panel in panels]
    return (
        _templates()
        .get_template("lines.svg.j2")
        .render(
            title=title,
            layout=layout,
            fonts=_FONTS,
            names=names,
            panels=[
                (panel, layout.corner(number), axes[number], axes[number].drawn(panel, names))
                for number, panel in enumerate(panels)
            ],
        )
    )


def _panel(
    figures: Figures,
    step: str,
    unit: str,
    value: Callable[[Place], float | None],
    names: Sequence[str],
    title: str = "",
) -> Panel:
    lines = []
    for name in filter(None, names):
        points = [
            (keys, found) for keys in figures.sizes(name, step) if (found := value(Place(name, step, keys))) is not None
        ]
        if points:
            lines.append(Line(name, points))
    return Panel(title or step, unit, lines)


def _in_mb(value: float | None) -> float | None:
    return None if value is None else value / _MB


def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["shown"] = shown
    return made
