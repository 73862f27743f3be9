"""How `yckeys` ends where it is used wrongly, and where nobody reads on what it prints."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from setup.engine.places import REPOSITORY
from tests.cli.conftest import Ended, Yckeys

PAGE = REPOSITORY / "docs" / "yckeys.md"
READER_GONE = 141


def into_a_closed_pipe(yckeys: Yckeys, *arguments: str) -> Ended:
    """`yckeys` as a process of its own, whose reader is gone before it prints anything."""
    settings = {name: value for name, value in yckeys.environment.items() if value is not None}
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=yckeys.folder,
            env={**os.environ, **settings, "PYTHONPATH": str(REPOSITORY)},
            check=False,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(writing)
    return Ended(done.returncode, "", done.stderr)


@pytest.mark.parametrize(
    "arguments",
    # Printed by Rich, at once, in one piece that still waits as the command ends, by Typer; and one that has findings.
    [["plan"], ["schema"], ["inventory", "--json"], ["--help"], ["plan", "--help"], ["audit"]],
    ids=" ".join,
)
def test_a_reader_that_stops_early_is_neither_a_finding_nor_a_traceback(yckeys: Yckeys, arguments: list[str]) -> None:
    assert into_a_closed_pipe(yckeys, *arguments) == Ended(READER_GONE, "", "")


def test_the_exit_code_of_a_reader_that_stopped_early_is_on_the_page() -> None:
    assert f"\n| {READER_GONE} | " in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "option", "allowed"),
    [
        (["inventory", "--state", "wrong"], "--state", "'current', 'previous', 'adopted', 'undelivered', 'missing'"),
        (["inventory", "--sort", "wrong"], "--sort", "'name', 'state', 'age'"),
        (["audit", "--fail-on", "wrong"], "--fail-on", "'error', 'warning', 'note', 'never'"),
        (["consume", "prod/translator/default", "--for", "wrong"], "--for", "'functions', 'containers'"),
    ],
    ids=lambda it: it if isinstance(it, str) and it.startswith("--") else "",
)
def test_a_wrong_choice_is_told_in_one_line_with_the_option_and_what_it_takes(
    yckeys: Yckeys, arguments: list[str], option: str, allowed: str
) -> None:
    ended = yckeys(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.errors.startswith(f"yckeys: {option}: 'wrong' is not one of {allowed}")
    assert ended.errors.count("\n") == 1


def test_a_figure_out_of_its_range_names_its_option(yckeys: Yckeys) -> None:
    ended = yckeys("plan", "--days", "0")
    assert ended.code == 2
    assert ended.errors.startswith("yckeys: --days: ")


def test_an_argument_that_is_missing_is_asked_for_by_its_name(yckeys: Yckeys) -> None:
    ended = yckeys("explain")
    assert ended.code == 2
    assert "Missing argument 'KEY'" in ended.errors


def test_the_cloud_that_a_check_asks_is_said_in_its_own_help(yckeys: Yckeys) -> None:
    shown = " ".join(yckeys("check", "--help", columns=120).out.split())
    assert "--cloud Ask the cloud too whether it can take what the files say." in shown
