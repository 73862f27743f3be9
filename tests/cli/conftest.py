"""`yckeys` on what was recorded, in this process; and its answers compared with the ones that are kept."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.cli.recorded_cloud import MOMENT, RECORDED, RecordedCloud

GOLDEN = Path(__file__).parent / "golden"
_FOREIGN = ("PULUMI_", "YC_", "YANDEX_KEYS_")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    errors: str


@dataclass
class Yckeys:
    """Runs commands in a project's folder, without the settings of the person who runs the tests."""

    folder: Path
    cloud: RecordedCloud
    environment: dict[str, str | None] = field(default_factory=dict)

    def __call__(self, *arguments: str, columns: int | None = None, stdin: str | None = None) -> Ended:
        from cli.app import app

        foreign: dict[str, str | None] = {name: None for name in os.environ if name.startswith(_FOREIGN)}
        width = {"COLUMNS": str(columns) if columns else None}
        done = CliRunner().invoke(
            app,
            [*arguments],
            input=stdin,
            env={**foreign, **width, **self.environment},
            prog_name="yckeys",
        )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ended(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def yckeys(monkeypatch: pytest.MonkeyPatch) -> Yckeys:
    """`yckeys` where the recorded project is, at the recorded moment, with the recorded cloud."""
    cloud = RecordedCloud()

    @contextmanager
    def recorded(*_: Any) -> Iterator[RecordedCloud]:
        yield cloud

    monkeypatch.setattr("cli.cloud_login.cloud_of", recorded)
    monkeypatch.chdir(RECORDED)
    environment: dict[str, str | None] = {
        "PULUMI_BACKEND_URL": f"file://{RECORDED / 'state'}",
        "YANDEX_KEYS_AS_OF": MOMENT,
        "YC_CLOUD_ID": cloud.answers["cloudId"],
        "YC_FOLDER_ID": cloud.answers["folderId"],
    }
    return Yckeys(RECORDED, cloud, environment)


@pytest.fixture
def own_copy(yckeys: Yckeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yckeys:
    """As `yckeys`, on a copy of the recorded project that a test may change."""
    folder = tmp_path / "project"
    shutil.copytree(RECORDED, folder)
    monkeypatch.chdir(folder)
    yckeys.folder = folder
    yckeys.environment["PULUMI_BACKEND_URL"] = f"file://{folder / 'state'}"
    return yckeys


@contextmanager
def changed_outputs(yckeys: Yckeys, name: str, stack: str = "prod") -> Iterator[dict[str, Any]]:
    """The outputs of a resource in the copy's state, by the resource's type and name, to be changed."""
    file = yckeys.folder / "state" / ".pulumi" / "stacks" / "api-keys" / f"{stack}.json"
    state = json.loads(file.read_text())
    resources = state["checkpoint"]["latest"]["resources"]
    (resource,) = (it for it in resources if it["urn"].endswith(name))
    yield resource["outputs"]
    file.write_text(json.dumps(state))


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with the one that is kept under a name; `UPDATE_GOLDEN=1` keeps the text instead, for somebody to read in the diff."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return compare
