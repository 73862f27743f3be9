"""The pages that are made from kept runs: which runs go together, what the page says of them, and what it refuses."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from setup.engine.places import REPOSITORY
from tests.reliability.pages import (
    BEGIN,
    PRODUCT,
    Build,
    NotPublished,
    Run,
    chosen,
    keep,
    kept,
    long_tables,
    run_of,
    section,
)
from tests.reliability.pulse import Pulse
from tools.marked_page import END, between_marks
from tools.table import Table

PARTS = ("matrix", "walks")
BUILD = Build("1f1f1f1f1f", "product one", clean=True)


def _run(part: str, hour: int = 1, **changes: object) -> Run:
    table = Table(f"Table of {part}", ("what", "cases", "wrong"), wrong=("wrong",))
    table.add("a", 1_200, 0)
    table.add("b", 34, 0)
    table.total()
    run = Run(part, BUILD, datetime(2026, 11, 28, hour, 30, tzinfo=UTC), False, 12.345, "2 cores", [table])
    return replace(run, **changes)  # type: ignore[arg-type]


def test_a_run_is_kept_as_it_was_and_read_again(tmp_path: Path) -> None:
    keep(_run("matrix"), tmp_path / "kept")
    keep(_run("walks", quick=True), tmp_path / "kept")
    (matrix, walks) = kept(tmp_path / "kept")
    assert (matrix.part, walks.part, walks.quick) == ("matrix", "walks", True)
    assert matrix.build == BUILD
    assert matrix.ended == _run("matrix").ended
    assert matrix.minutes == 12.345
    assert [table.markdown() for table in matrix.tables] == [table.markdown() for table in _run("matrix").tables]


def test_a_quick_run_leaves_the_last_full_one_where_it_is(tmp_path: Path) -> None:
    keep(_run("matrix"), tmp_path)
    keep(_run("matrix", hour=2, quick=True), tmp_path)
    assert chosen(kept(tmp_path), ["matrix"], quick=False)["matrix"].quick is False
    assert chosen(kept(tmp_path), ["matrix"], quick=True)["matrix"].quick is False


def test_a_run_of_a_part_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    keep(_run("matrix"), tmp_path)
    keep(_run("matrix", hour=5), tmp_path)
    assert [run.ended.hour for run in kept(tmp_path)] == [5]


def test_the_section_has_a_row_for_each_part_and_the_commit() -> None:
    found = chosen([_run("matrix"), _run("walks", hour=2)], PARTS, quick=False)
    assert section(found, PARTS).splitlines() == [
        "Commit 1f1f1f1f1f, 2026-11-28 01:30 UTC (the first part's end) to 2026-11-28 02:30 UTC, 2 cores. "
        "The long tables stand in [reliability-tables.md](reliability-tables.md).",
        "",
        "| part | cases | wrong | minutes |",
        "|---|--:|--:|--:|",
        "| `matrix` | 1,234 | 0 | 12.3 |",
        "| `walks` | 1,234 | 0 | 12.3 |",
        "| all | 2,468 | 0 | 24.7 |",
    ]


def test_the_long_tables_are_those_of_the_runs_in_the_order_of_the_parts() -> None:
    found = chosen([_run("walks"), _run("matrix")], PARTS, quick=False)
    text = long_tables(found, PARTS)
    assert text.index("## matrix") < text.index("**Table of matrix**") < text.index("## walks")
    assert "| a | 1,200 | 0 |" in text
    assert text.count("Commit 1f1f1f1f1f, 2026-11-28 01:30 UTC, 12.3 minutes") == 2


def test_a_part_that_has_not_run_is_named() -> None:
    with pytest.raises(NotPublished, match=r"^walks: has not run$"):
        chosen([_run("matrix")], PARTS, quick=False)


def test_a_part_that_was_quick_is_named() -> None:
    with pytest.raises(NotPublished, match=r"^walks: was quick"):
        chosen([_run("matrix"), _run("walks", hour=2, quick=True)], PARTS, quick=False)


def test_quick_runs_alone_make_no_page_but_a_quick_one() -> None:
    runs = [_run("matrix", quick=True), _run("walks", quick=True)]
    with pytest.raises(NotPublished, match=r"matrix: was quick.*\nwalks: was quick"):
        chosen(runs, PARTS, quick=False)
    text = section(chosen(runs, PARTS, quick=True), PARTS)
    assert "In quick form" in text
    assert "| `walks`, quick | 1,234 | 0 | 12.3 |" in text


def test_a_quick_page_says_which_parts_were_quick_and_which_have_not_run() -> None:
    parts = (*PARTS, "kills")
    text = section(chosen([_run("matrix"), _run("walks", quick=True)], parts, quick=True), parts)
    assert "Where `quick` is said" in text
    assert "| `kills` | not run |  |  |" in text
    assert "| `matrix` | 1,234 |" in text


def test_runs_of_two_products_make_no_page() -> None:
    other = Build("2e2e2e2e2e", "product two", clean=True)
    with pytest.raises(NotPublished, match=r"^matrix: ran on commit 1f1f1f1f1f, walks on 2e2e2e2e2e, and the product"):
        chosen([_run("matrix"), _run("walks", hour=2, build=other)], PARTS, quick=False)
    with pytest.raises(NotPublished, match="matrix: ran on commit 1f1f1f1f1f"):
        chosen([_run("matrix"), _run("walks", hour=2, build=other)], PARTS, quick=True)


def test_runs_of_one_product_go_together_and_the_page_says_whose_tests_differ() -> None:
    other = replace(BUILD, commit="2e2e2e2e2e")
    found = chosen([_run("matrix"), _run("walks", hour=2, build=other)], PARTS, quick=False)
    text = section(found, PARTS)
    assert text.startswith("Commit 2e2e2e2e2e, ")
    assert "Run on 1f1f1f1f1f, from which the tests alone differ: `matrix`." in text


def test_a_run_on_what_was_not_committed_makes_no_page() -> None:
    with pytest.raises(NotPublished, match=r"^walks: ran on what was not committed"):
        chosen([_run("matrix"), _run("walks", build=replace(BUILD, clean=False))], PARTS, quick=False)


def test_what_changes_while_a_part_runs_is_not_clean() -> None:
    before = replace(Build.here(), product="another", clean=True)
    assert run_of("matrix", before, False, 60.0, []).build == replace(before, clean=False)


def test_nothing_ran_and_nothing_is_made() -> None:
    with pytest.raises(NotPublished, match="make reliability"):
        chosen([], PARTS, quick=True)


def test_what_is_written_by_hand_stays() -> None:
    page = f"# Title\n\nWords.\n\n{BEGIN}\n\nold\n\n{END}\n\nMore words.\n"
    assert between_marks(page, "new", BEGIN) == page.replace("old", "new")
    with pytest.raises(ValueError, match="marks"):
        between_marks("# Title\n", "new", BEGIN)


def test_the_page_has_its_marks_and_the_product_is_there() -> None:
    page = (REPOSITORY / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert page.index(BEGIN) < page.index(END)
    assert [name for name in PRODUCT if not (REPOSITORY / name).exists()] == []


def test_a_part_that_runs_long_says_how_far_it_is() -> None:
    said: list[str] = []
    heard = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        if "," in line:
            heard.set()

    pulse = Pulse(say, period=0.01)
    with pulse.of("walks"):
        pulse.reached("3 of 40 seeds")
        assert heard.wait(30)
    assert said[-1].startswith("walks: ")
    assert said[-1].endswith("s, 3 of 40 seeds")
