"""promtool is built of one version of Prometheus, by sums that are pinned; the schemas of manifests are of one version of External Secrets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from setup.engine.places import REPOSITORY
from tools import go_command
from tools.kubernetes_schemas import external_secrets
from tools.promtool import command

MODULE = REPOSITORY / "tools" / "promtool"


def test_it_is_built_of_what_is_pinned() -> None:
    assert f"tool {command.PACKAGE}" in (MODULE / "go.mod").read_text()
    assert "github.com/prometheus/prometheus " in (MODULE / "go.sum").read_text()


@pytest.mark.parametrize("get", [command.build, external_secrets.fetch])
def test_without_go_one_line_says_what_is_lacking(get: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (go_command, external_secrets):
        monkeypatch.setattr(module, "find_go", lambda environment: None)
    with pytest.raises(go_command.CommandMissing, match=r"^no Go on this machine: install Go"):
        get({}, download=False)


def fake_go(folder: Path, says: str, code: int = 0) -> None:
    (folder / "go").write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    (folder / "go").chmod(0o755)


def test_another_module_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    fake_go(tmp_path, '{"Sum": "h1:another", "Dir": "/nowhere"}')
    with pytest.raises(go_command.BuildFailed, match="has the sum h1:another, and should have h1:"):
        external_secrets.fetch({"PATH": f"{tmp_path}:/usr/bin:/bin"}, download=True)


def test_a_module_that_is_not_there_is_fetched_by_make_test_alone(tmp_path: Path) -> None:
    fake_go(tmp_path, "module lookup disabled by GOPROXY=off", code=1)
    with pytest.raises(go_command.CommandMissing, match="`make test` fetches it"):
        external_secrets.fetch({"PATH": f"{tmp_path}:/usr/bin:/bin"}, download=False)
