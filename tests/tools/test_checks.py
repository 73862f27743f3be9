"""`make test` runs every check, and fails when one does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.checks.__main__ import checks, run


def test_a_failed_check_fails_the_whole_but_the_others_still_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    commands = [
        ("first", [sys.executable, "-c", "raise SystemExit(1)"]),
        ("second", [sys.executable, "-c", "print('it ran')"]),
    ]
    assert run(commands, tmp_path) == ["first"]
    output = capfd.readouterr().out
    assert "-- first: FAILED" in output
    assert "it ran" in output
    assert "-- second: passed" in output


def test_format_lint_types_and_tests_are_checked() -> None:
    names = [name for name, _ in checks(Path(__file__).parents[2])]
    assert names == ["format", "lint", "types", "tests"]
