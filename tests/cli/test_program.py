"""`yckeys` as a program: how it is started and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from setup import virtual_environment
from setup.engine.places import REPOSITORY
from tests.cli.conftest import Yckeys


def test_without_a_project_it_could_not_look(yckeys: Yckeys, tmp_path: Path) -> None:
    ended = yckeys("inventory", "--project", str(tmp_path))
    assert ended.code == 3
    assert f"no Pulumi.yaml in {tmp_path} or above it" in ended.errors


def test_without_an_engine_it_could_not_look(yckeys: Yckeys, tmp_path: Path) -> None:
    yckeys.environment |= {"PULUMI_BACKEND_URL": None, "PATH": str(tmp_path)}
    ended = yckeys("inventory")
    assert ended.code == 3
    assert "no `pulumi` on PATH" in ended.errors


def test_an_unknown_command_is_wrong_use(yckeys: Yckeys) -> None:
    assert yckeys("inventori").code == 2


def test_the_command_of_set_up_runs_the_clone_s_code(tmp_path: Path) -> None:
    """From another folder, on PATH, through a .venv that is a link, its path with a space in it."""
    clone = tmp_path / "a clone"
    clone.mkdir()
    for room in ("cli", "components", "provider", "sdk"):
        (clone / room).symlink_to(REPOSITORY / room)
    environment = tmp_path / "environment"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(sys.executable)
    (clone / ".venv").symlink_to(environment)
    virtual_environment._write_command(clone)
    script = clone / ".venv" / "bin" / "yckeys"
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    settings = {**os.environ, "PATH": f"{script.parent}:/usr/bin:/bin", "PYTHONPATH": packages}
    done = subprocess.run(
        ["yckeys", "--version"], cwd=tmp_path, env=settings, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "yckeys 1.0.0\n", "")


def test_nothing_of_what_ships_imports_the_command_line() -> None:
    for room in ("provider", "components"):
        for file in (REPOSITORY / room).rglob("*.py"):
            assert "import cli" not in file.read_text(encoding="utf-8").replace("from cli", "import cli"), file


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_it(yckeys: Yckeys, shell: str) -> None:
    """The shell's own way: the program answers what may follow."""
    yckeys.environment |= {
        "_YCKEYS_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "yckeys inv",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "yckeys inv",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    assert "inventory" in yckeys().out
