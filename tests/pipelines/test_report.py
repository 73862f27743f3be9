"""The file that a job which ran a program leaves for the one that tells people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.report import BadReport, Section, StackReport, changed, of_up, read, written

REPORT = StackReport("prod", "warning", "1 warning", (Section("Needs a human", ("a: still used", "b: ⚠️")),), "words")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(written([REPORT, of_up("dev", "done", "nothing to do")]))
    assert read(file) == [REPORT, StackReport("dev", "done", "nothing to do")]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "report.json").write_text(written([REPORT]))
    assert [each.stack for each in read(tmp_path)] == ["prod", "prod", "dev"]


def test_its_lines_are_all_that_a_human_must_know() -> None:
    assert REPORT.lines == ["words", "a: still used", "b: ⚠️"]


def test_every_text_that_is_not_ours_can_be_masked() -> None:
    secret = StackReport("prod", "failed", "token", (Section("Rotates", ("token",)),), "token")
    assert "token" not in str(changed(secret, lambda text: text.replace("token", "***")))


def entry(**changes: Any) -> dict[str, Any]:
    return {"stack": "prod", "outcome": "done", "headline": "", "sections": [], "quoted": "", **changes}


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[]",
        "{}",
        json.dumps({"stacks": "prod"}),
        json.dumps({"stacks": [{}]}),
        json.dumps({"stacks": [entry(stack="prod](http://evil)")]}),
        json.dumps({"stacks": [entry(stack="../../etc")]}),
        json.dumps({"stacks": [entry(outcome="/merge")]}),
        json.dumps({"stacks": [entry(headline=7)]}),
        json.dumps({"stacks": [entry(sections=[{"title": "@everyone", "lines": []}])]}),
        json.dumps({"stacks": [entry(sections=[{"title": "Rotates", "lines": [["a"]]}])]}),
        json.dumps({"stacks": [entry(sections={"title": "Rotates"})]}),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(BadReport, match=r"report\.json is no report"):
        read(tmp_path / "report.json")


def test_no_file_an_empty_folder_and_one_that_is_too_long_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadReport, match="can't be read: No such file"):
        read(tmp_path / "report.json")
    with pytest.raises(BadReport, match="holds no report"):
        read(tmp_path)
    (tmp_path / "report.json").write_bytes(b" " * (9 << 20))
    with pytest.raises(BadReport, match="longer than a report can be"):
        read(tmp_path / "report.json")


def test_a_text_is_cut_to_what_people_read(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(written([StackReport("prod", "failed", "", (), "x" * 100_000 + " the end")]))
    (report,) = read(file)
    assert len(report.quoted) == 4000
    assert report.quoted.endswith("the end")
