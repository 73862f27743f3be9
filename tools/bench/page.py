"""What a run came to, in the two forms that it has: for a terminal, and for docs/performance.md with its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from setup.engine.places import REPOSITORY
from tools.bench import pictures, tables
from tools.bench.goals import goals, goals_table
from tools.bench.run import Run
from tools.marked_page import begin, write_between_marks
from tools.table import Table

PAGE: Final = REPOSITORY / "docs" / "performance.md"
BEGIN: Final = begin("make bench PUBLISH=1")
_TIMES: Final = "performance-time.svg"


def text(run: Run) -> str:
    """For a terminal."""
    found = goals(run.figures, run.plan, run.other, run.machine.is_busy)
    missed = [f"  {goal.figure}: {goal.why}" for goal in found if goal.met is False and goal.why]
    parts = [run.machine.sentence, *([f"Beside: {run.beside}."] if run.beside else []), goals_table(found).text()]
    if missed:
        parts.append("\n".join(["what missed its goal:", *missed]))
    parts += [table.text() for table in _tables(run)]
    return "\n\n".join(parts)


def markdown(run: Run) -> str:
    """What stands between the page's marks."""
    found = goals(run.figures, run.plan, run.other, run.machine.is_busy)
    missed = [f"- **{goal.figure}**: {goal.why}." for goal in found if goal.met is False and goal.why]
    beside = f" Beside: {run.beside}." if run.beside else ""
    parts = [f"{run.machine.sentence}{beside}", goals_table(found).markdown()]
    if missed:
        parts += ["What missed its goal, and what was measured that says where the rest is:", "\n".join(missed)]
    parts += [f"![{title}](images/{name})" for name, title, _ in drawn(run)]
    parts += [table.markdown() for table in _tables(run)]
    return "\n\n".join(parts)


def drawn(run: Run) -> list[tuple[str, str, str]]:
    """The pictures: name of the file, title, SVG. Of a busy machine there is none of times."""
    when = f"{run.machine.ended:%Y-%m-%d}, {run.machine.words.partition(',')[0]}"
    times = [] if run.machine.is_busy else pictures.time_panels(run.figures, run.other)
    kinds = (
        (_TIMES, "Time against keys", times),
        ("performance-cpu.svg", "CPU seconds against keys", pictures.cpu_panels(run.figures, run.other)),
        ("performance-bytes.svg", "Bytes against keys", pictures.bytes_panels(run.figures)),
    )
    return [(name, title, pictures.picture(panels, f"{title} ({when})")) for name, title, panels in kinds if panels]


def publish(run: Run, page: Path = PAGE) -> list[Path]:
    """Writes the page's figures and its pictures; answers what was written."""
    write_between_marks(page, markdown(run), BEGIN)
    (page.parent / "images" / _TIMES).unlink(missing_ok=True)
    written = [page]
    for name, _, svg in drawn(run):
        file = page.parent / "images" / name
        file.write_text(svg, encoding="utf-8")
        written.append(file)
    return written


def _tables(run: Run) -> list[Table]:
    figures = run.figures
    return [tables.times(figures, run.other), tables.roles(figures, run.plan.main), tables.sizes(figures)]
