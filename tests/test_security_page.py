"""SECURITY.md names whom it must name, and what it points to is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PIPELINES = (ROOT / "pipelines" / "README.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_everybody_is_told_what_they_can_do_at_worst_and_what_not() -> None:
    table = rows("What is trusted with what")
    named = " ".join(row[0] for row in table)
    for party in ("stack file", "program", "request", "deployer", "previewer", "runner", "state", "cloud"):
        assert f"**{party}**" in named
    assert {len(row) for row in table} == {4}
    assert [row[0] for row in table if not all(row)] == []


def test_every_line_has_a_proof_that_is_there() -> None:
    table = rows("What each line is proven by")
    assert len(table) > 7
    for line, proof in table:
        assert line
        assert re.search(r"`trust`|`tests/|docs/", proof), line
    folder = ROOT / "tests" / "pipelines"
    for path in re.findall(r"`((?:tests|setup|tools|third_party)/[\w./]+)`", PAGE):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"`(test_\w+\.py)`", PAGE):
        assert (folder / name).exists(), name
    for path in re.findall(r"\]\(([\w/.]+)(?:#[-\w]+)?\)", PAGE):
        assert (ROOT / path).exists(), path


def test_it_says_how_to_report() -> None:
    assert "Report a vulnerability" in PAGE
    assert "confidential issue" in PAGE


def test_a_previewer_only_reads_and_only_decrypts() -> None:
    (row,) = (line for line in PIPELINES.splitlines() if line.startswith("| previewer, which only reads"))
    assert "`storage.viewer`" in row
    assert "`kms.keys.decrypter`" in row
    assert "encrypter" not in row.replace("kms.keys.decrypter", "")


def test_runners_are_told_the_least_role_and_to_share_no_home() -> None:
    assert "role *Reporter*" in PIPELINES
    assert "*protected* variable" in PIPELINES
    assert "share no disk and no home" in PIPELINES
    assert "share no home" in PAGE
