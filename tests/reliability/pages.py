"""What the parts of the proof came to, kept run by run; and the pages that are made from runs of one and the same product."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from setup.engine.places import REPOSITORY
from tools.marked_page import begin, write_between_marks
from tools.table import Table

KEPT: Final = REPOSITORY / ".local" / "reliability"
PAGE: Final = REPOSITORY / "docs" / "reliability.md"
TABLES: Final = REPOSITORY / "docs" / "reliability-tables.md"
PRODUCT: Final = (
    "__main__.py",
    "Pulumi.yaml",
    "components",
    "emulator",
    "provider",
    "requirements.lock",
    "requirements.txt",
    "sdk",
    "third_party",
)
"""What a proof is of. Runs of two commits that differ in other things alone, its tests among them, go together on one page."""
BEGIN: Final = begin("python -m tests.reliability --publish")
_PROSE: Final = (":!docs", ":!*.md")
_TIME: Final = "%Y-%m-%d %H:%M"


class NotPublished(Exception):
    """The kept runs don't make a page; the message says why, a line for each part."""


@dataclass(frozen=True)
class Build:
    """What was run. commit: its short id; product: the ids of the trees of `PRODUCT`; clean: whether all of it but prose was committed."""

    commit: str
    product: str
    clean: bool

    @staticmethod
    def here() -> Build:
        """What lies in this repository now; nothing clean, where it is none."""
        try:
            return Build(
                _git("rev-parse", "--short=10", "HEAD").strip(),
                _git("ls-tree", "HEAD", "--", *PRODUCT),
                not _git("status", "--porcelain", "--", ".", *_PROSE),
            )
        except (OSError, subprocess.CalledProcessError):
            return Build("no commit", "", clean=False)


@dataclass(frozen=True)
class Run:
    """One part that ran to its end. ended: in UTC; machine: in general words, such as `2 cores`."""

    part: str
    build: Build
    ended: datetime
    quick: bool
    minutes: float
    machine: str
    tables: Sequence[Table]

    @property
    def cases(self) -> int:
        """The cases of all its tables."""
        return sum(table.cases for table in self.tables)

    @property
    def wrong(self) -> int:
        """How many cells are wrong."""
        return sum(table.wrong_cells for table in self.tables)


def machine() -> str:
    """This machine, in general words."""
    from tests.reliability.workers import (
        processors,
    )  # here, as it brings gRPC along, before whose import its words are turned off

    count = processors()
    return f"{count} core{'s' if count != 1 else ''}"


def run_of(part: str, before: Build, quick: bool, seconds: float, tables: Sequence[Table]) -> Run:
    """A part that has just ended. What was changed or committed while it ran wasn't what it ran from its beginning: then it isn't `clean`."""
    after = Build.here()
    build = Build(before.commit, before.product, before.clean and after.clean and after.product == before.product)
    return Run(part, build, datetime.now(UTC), quick, seconds / 60, machine(), tables)


def keep(run: Run, directory: Path = KEPT) -> None:
    """Keeps `run` in the place of the last one of its part; a quick run leaves the last full one where it is."""
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**asdict(run), "ended": run.ended.isoformat()}, indent=1)
    (directory / f"{run.part}{'.quick' if run.quick else ''}.json").write_text(text, encoding="utf-8")


def kept(directory: Path = KEPT) -> list[Run]:
    """Every run that is kept."""
    return [_read(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(directory.glob("*.json"))]


def chosen(runs: Iterable[Run], parts: Sequence[str], quick: bool) -> dict[str, Run]:
    """The run of each of `parts` that goes on the page, all of the product that ran last. `quick`: quick runs do, and some parts may have none.

    Raises NotPublished, naming the parts that keep the page from being made.
    """
    runs = [run for run in runs if run.part in parts]
    if not runs:
        raise NotPublished("no part has run: `make reliability` runs all of them")
    fit = [run for run in runs if run.build.clean and (quick or not run.quick)]
    newest = max(fit, key=lambda run: run.ended, default=None)
    found: dict[str, Run] = {}
    refused = []
    for part in parts:
        mine = sorted((run for run in runs if run.part == part), key=lambda run: run.quick)
        right = [run for run in mine if run in fit and newest is not None and run.build.product == newest.build.product]
        if right:
            found[part] = right[0]
        elif mine or not quick:
            refused.append(f"{part}: {_why_not(mine, newest)}")
    if refused:
        raise NotPublished("\n".join(refused))
    return found


def section(found: Mapping[str, Run], parts: Sequence[str], tables: str = TABLES.name) -> str:
    """The last run, as it stands in docs/reliability.md: a table of the parts with their sums."""
    table = Table("", ("part", "cases", "wrong", "minutes"), wrong=("wrong",))
    for part in parts:
        run = found.get(part)
        if run is None:
            table.add(f"`{part}`", "not run", "", "")
        else:
            table.add(f"`{part}`{', quick' if run.quick else ''}", run.cases, run.wrong, run.minutes)
    runs = list(found.values())
    minutes = sum(run.minutes for run in runs)
    table.add("all", sum(run.cases for run in runs), sum(run.wrong for run in runs), minutes)
    rows = table.markdown().split("\n\n", 1)[1]
    return f"{_of_what(runs, parts)} The long tables stand in [{tables}]({tables}).\n\n{rows}"


def long_tables(found: Mapping[str, Run], parts: Sequence[str]) -> str:
    """docs/reliability-tables.md."""
    head = f"# Reliability: the tables of the last run\n\nMade by `python -m tests.reliability --publish`. {_of_what(list(found.values()), parts)}"
    blocks = [
        "\n\n".join(
            [f"## {run.part}{', quick' if run.quick else ''}", _when(run), *(table.markdown() for table in run.tables)]
        )
        for run in found.values()
    ]
    return "\n\n".join([head, *blocks]) + "\n"


def publish(parts: Sequence[str], quick: bool, directory: Path = KEPT) -> list[str]:
    """Writes both pages from the kept runs; what is to be said about that, in lines. Raises NotPublished."""
    found = chosen(kept(directory), parts, quick)
    write_between_marks(PAGE, section(found, parts), BEGIN)
    TABLES.write_text(long_tables(found, parts), encoding="utf-8")
    commit = max(found.values(), key=lambda run: run.ended).build.commit
    said = [f"{path.relative_to(REPOSITORY)} is of commit {commit}" for path in (PAGE, TABLES)]
    if Build.here().product != next(iter(found.values())).build.product:
        said.append(f"what is checked out is another product than {commit}'s: it has not been run")
    return said


def _why_not(mine: Sequence[Run], newest: Run | None) -> str:
    if not mine:
        return "has not run"
    run = mine[0]
    if not run.build.clean:
        return f"ran on what was not committed, or was changed meanwhile, after {run.build.commit}"
    if newest is not None and run.build.product != newest.build.product:
        return f"ran on commit {run.build.commit}, {newest.part} on {newest.build.commit}, and the product differs"
    return "was quick; run it whole, or publish with --quick"


def _of_what(runs: Sequence[Run], parts: Sequence[str]) -> str:
    last = max(runs, key=lambda run: run.ended)
    first = min(runs, key=lambda run: run.ended)
    machines = " and ".join(sorted({run.machine for run in runs}))
    span = last.ended.strftime(_TIME)
    if first is not last:
        span = f"{first.ended.strftime(_TIME)} UTC (the first part's end) to {span}"
    words = [f"Commit {last.build.commit}, {span} UTC, {machines}."]
    commits = {run.build.commit for run in runs}
    for commit in sorted(commits - {last.build.commit}):
        ran = ", ".join(f"`{run.part}`" for run in runs if run.build.commit == commit)
        words.append(f"Run on {commit}, from which the tests alone differ: {ran}.")
    if all(run.quick for run in runs):
        words.append("In quick form (`QUICK=1`): a part of each.")
    elif any(run.quick for run in runs):
        words.append("Where `quick` is said, in quick form (`QUICK=1`): a part of it.")
    if len(runs) < len(parts):
        words.append("Of parts that were not run, the fixed parts in `make test` alone speak.")
    return " ".join(words)


def _when(run: Run) -> str:
    return f"Commit {run.build.commit}, {run.ended.strftime(_TIME)} UTC, {run.minutes:.1f} minutes, {run.machine}."


def _read(written: Mapping[str, Any]) -> Run:
    tables = [
        Table(item["title"], tuple(item["columns"]), tuple(item["wrong"]), [tuple(row) for row in item["rows"]])
        for item in written["tables"]
    ]
    ended = datetime.fromisoformat(written["ended"])
    return Run(**{**written, "build": Build(**written["build"]), "ended": ended, "tables": tables})


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return done.stdout
