"""Tables are the same wherever they are printed, and no wider than asked for."""

from __future__ import annotations

import pytest

from tools.table import Table


def table() -> Table:
    made = Table("How long a stack takes", ["step", "seconds", "API calls"])
    made.add("up: issue a key for each of the accounts", "1.5", 1_234)
    made.add("[bold]destroy[/bold] :sparkles:", "0.2", 7)
    return made


def test_a_table_has_no_colours_and_no_width_of_the_environment_s(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = table().text()
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "20", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    assert table().text() == plain
    assert "\033" not in plain
    assert plain.splitlines()[3] == "up: issue a key for each of the accounts      1.5      1,234"


def test_cells_are_text_whatever_they_look_like() -> None:
    assert "[bold]destroy[/bold] :sparkles:" in table().text()


@pytest.mark.parametrize("width", [80, 40, 24])
def test_a_table_is_no_wider_than_asked_for_and_keeps_its_figures(width: int) -> None:
    lines = table().text(width).splitlines()
    assert max(map(len, lines)) <= width
    assert "1,234" in "".join(lines)


def test_a_table_of_pages_is_markdown() -> None:
    assert table().markdown().splitlines()[2] == "| step | seconds | API calls |"
