"""All figures of a run as tables (pure)."""

from __future__ import annotations

from tools.bench.figures import CREATE, FLOOR, OURS, STEPS, Figures, Place
from tools.bench.spent import ROLES
from tools.table import Table

_MB = 1_000_000


def times(figures: Figures, beside: str = "") -> Table:
    """Each step at each size: seconds and CPU seconds, and calls."""
    others = [beside] if beside else []
    names = [OURS, FLOOR, *others]
    columns = [column for name in names for column in (name, "CPU", *(["calls"] if name != FLOOR else []))]
    table = Table("seconds, and CPU seconds, median of `runs`", ["step", "keys", "ms a call", *columns, "runs"])
    for place in sorted(
        (place for place in figures.samples if place.who == OURS and place.step in STEPS),
        key=lambda it: (it.delay, it.keys, STEPS.index(it.step)),
    ):
        cells: list[str] = []
        for name in names:
            same = Place(name, place.step, place.keys, place.delay)
            cells += [_seconds(figures.seconds(same)), _seconds(figures.cpu(same))]
            if name != FLOOR:
                calls = figures.calls(same)
                cells.append("" if calls is None else f"{calls:,.0f}")
        table.add(
            place.step,
            place.keys,
            place.delay,
            *cells,
            len(figures.samples[place]),
        )
    return table


def roles(figures: Figures, keys: int) -> Table:
    """Where the CPU seconds of each step go."""
    columns = [column for role in ROLES for column in (role, "floor's")]
    table = Table(f"CPU seconds by who uses them, {keys:,} keys", ["step", *columns, "local cloud"])
    for step in STEPS:
        ours, floor = Place(OURS, step, keys), Place(FLOOR, step, keys)
        cells = [_seconds(figures.cpu_of(place, role)) for role in ROLES for place in (ours, floor)]
        table.add(step, *cells, _seconds(figures.cloud(ours)))
    return table


def sizes(figures: Figures) -> Table:
    """State, bytes written and memory of each create."""
    table = Table(
        "the state, what a create writes, and peak memory, in MB",
        ["keys", "kB of state a key", "floor's", "written", "floor's", "plugin", "program", "engine"],
    )
    for keys in figures.sizes(OURS, CREATE):
        ours, floor = Place(OURS, CREATE, keys), Place(FLOOR, CREATE, keys)
        table.add(
            keys,
            *(_each(figures.state(place), keys) for place in (ours, floor)),
            *(_megabytes(figures.written(place)) for place in (ours, floor)),
            *(_megabytes(figures.memory(ours, role)) for role in ("plugin", "program", "engine")),
        )
    return table


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _each(size: float | None, keys: int) -> str:
    return "" if size is None else f"{size / keys / 1000:.2f}"


def _megabytes(value: float | None) -> str:
    return "" if value is None else f"{value / _MB:,.1f}"
