"""The tables that `make reliability` prints, and the page that shows them."""

from __future__ import annotations

import re

from tools.engine.places import REPOSITORY
from tools.reliability.__main__ import PARTS
from tools.reliability.table import Table


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
