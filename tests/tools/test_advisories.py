"""Known vulnerabilities of what is pinned: told where the database can be asked, and said to be unchecked where it can't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from setup.engine.places import REPOSITORY, VERSION
from tests.pipelines.http_stub import Answer, Asked, serving
from tools.advisories.__main__ import main
from tools.advisories.pinned import Pinned, pinned


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone that pins three packages, a Go module of its engine, and one more of a tool."""
    (tmp_path / "requirements.lock").write_text("one==1.0 \\\n    --hash=sha256:1\n")
    (tmp_path / "requirements-dev.lock").write_text(
        "one==1.0 \\\n    --hash=sha256:1\ntwo==2 ; sys_platform == 'win32' \\\n"
    )
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "requirements.lock").write_text("one==1.0 \\\n    --hash=sha256:1\nthree==3 \\\n")
    (tmp_path / "setup" / "engine").mkdir(parents=True)
    (tmp_path / "setup" / "engine" / "go.mod").write_text(
        "module a/b\n\ngo 1.25.1\n\nrequire (\n\texample.org/m/v2 v2.3.4 // indirect\n)\n"
    )
    (tmp_path / "tools" / "one").mkdir(parents=True)
    (tmp_path / "tools" / "one" / "go.mod").write_text(
        "module a/one\n\nrequire example.org/m/v2 v2.3.4\n\nrequire example.org/tool v0.1.0\n"
    )
    return tmp_path


def knowing(advisories: dict[str, list[str]]) -> Any:
    """A database that knows these ids by package, one a page."""

    def answer(asked: Asked) -> Answer:
        results = []
        for query in asked.json()["queries"]:
            ids = advisories.get(query["package"]["name"], [])
            page = int(query.get("page_token") or 0)
            more = {"next_page_token": str(page + 1)} if page + 1 < len(ids) else {}
            results.append({"vulns": [{"id": each} for each in ids[page : page + 1]], **more} if ids else {})
        return Answer({"results": results})

    return answer


def test_every_pin_is_asked_for_once(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(knowing({})) as stub:
        assert main(clone, stub.url) == 0
    (asked,) = stub.asked
    assert asked.json()["queries"] == [
        {"package": {"ecosystem": "Go", "name": "example.org/m/v2"}, "version": "2.3.4"},
        {"package": {"ecosystem": "Go", "name": "example.org/tool"}, "version": "0.1.0"},
        {"package": {"ecosystem": "PyPI", "name": "one"}, "version": "1.0"},
        {"package": {"ecosystem": "PyPI", "name": "three"}, "version": "3"},
        {"package": {"ecosystem": "PyPI", "name": "two"}, "version": "2"},
    ]
    assert capsys.readouterr().out == "advisories: 5 pinned packages checked, something is known of 0\n"


def test_what_is_known_is_named_and_fails(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(knowing({"one": ["GHSA-2", "GHSA-1"], "example.org/m/v2": ["GO-1"]})) as stub:
        assert main(clone, stub.url) == 1
    assert capsys.readouterr().out.splitlines() == [
        "advisories: example.org/m/v2 2.3.4: GO-1",
        "advisories: one 1.0: GHSA-1, GHSA-2",
        "advisories: 5 pinned packages checked, something is known of 2",
    ]


@pytest.mark.parametrize(
    "answer", [Answer(status=503), Answer(raw=b"<html>"), Answer({}), Answer({"results": []}), Answer(raw=b"[]")]
)
def test_where_nobody_can_be_asked_one_line_says_that_nothing_was_checked(
    clone: Path, capsys: pytest.CaptureFixture[str], answer: Answer
) -> None:
    with serving(lambda _: answer) as stub:
        assert main(clone, stub.url) == 0
    assert main(clone, "http://127.0.0.1:1/v1") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("advisories: 5 pinned packages were NOT checked: 127.0.0.1:")
    assert "can't be reached" in second


def test_the_tools_that_are_built_from_source_are_among_the_pins() -> None:
    all_of_them = pinned(REPOSITORY)
    for name in ("github.com/prometheus/prometheus", "github.com/pulumi/pulumi-yaml"):
        assert [it for it in all_of_them if it.name == name], name


def test_the_engine_and_the_sdk_are_among_the_pins() -> None:
    all_of_them = pinned(REPOSITORY)
    bare = VERSION.removeprefix("v")
    assert Pinned("Go", "github.com/pulumi/pulumi/pkg/v3", bare) in all_of_them
    assert Pinned("PyPI", "pulumi", bare) in all_of_them
