"""The tables that `make reliability` prints, and the page that shows them."""

from __future__ import annotations

import re

from setup.engine.places import REPOSITORY
from tests.reliability.__main__ import PARTS
from tests.reliability.promises import KINDS
from tools.table import Table


def test_a_cell_that_is_wrong_fails_the_table() -> None:
    table = Table("Title", ("what", "cases", "wrong"), wrong=("wrong",))
    table.add("a", 1_000, 0)
    assert not table.failed
    table.add("b", 2, 1)
    assert table.failed
    table.total()
    assert table.text() == (
        "Title\nwhat  cases  wrong\n----  -----  -----\na     1,000      0\nb         2      1\nall   1,002      1"
    )
    assert table.markdown().splitlines()[2:] == [
        "| what | cases | wrong |",
        "|---|--:|--:|",
        "| a | 1,000 | 0 |",
        "| b | 2 | 1 |",
        "| all | 1,002 | 1 |",
    ]


def test_the_page_names_every_part_and_the_date_of_its_run() -> None:
    page = (REPOSITORY / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", page)
    assert [name for name in PARTS if f"`{name}`" not in page] == []


def test_the_tables_of_the_last_run_show_every_promise_kept() -> None:
    wrongs = {*KINDS, "wrong", "broken", "refused", "differences", "secrets found", "credentials found"}
    for name in ("reliability.md", "reliability-tables.md"):
        page = (REPOSITORY / "docs" / name).read_text(encoding="utf-8")
        looked_at = 0
        for block in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
            head, _, *rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()]
            columns = [at for at, title in enumerate(head) if title in wrongs]
            assert all(row[at] in ("0", "") for row in rows for at in columns), block
            looked_at += len(columns)
        assert looked_at > 0, name
