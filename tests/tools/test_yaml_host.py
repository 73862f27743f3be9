"""The language host of YAML programs is built against the engine's own version, by sums that are pinned."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup.engine.places import REPOSITORY, VERSION
from tools import go_command
from tools.yaml_host import host

MODULE = REPOSITORY / "tools" / "yaml_host"


def test_it_is_built_against_the_engine_s_version() -> None:
    required = (MODULE / "go.mod").read_text()
    for part in ("pkg", "sdk"):
        assert f"github.com/pulumi/pulumi/{part}/v3 {VERSION} " in f"{required} ".replace("\n", " \n")
    assert f"tool {host.PACKAGE}" in required
    assert "github.com/pulumi/pulumi-yaml " in (MODULE / "go.sum").read_text()


def test_without_go_one_line_says_what_is_lacking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(go_command, "find_go", lambda environment: None)
    with pytest.raises(go_command.CommandMissing, match=r"^no Go on this machine: install Go"):
        host.build({}, download=False)
