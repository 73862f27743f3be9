"""`yckeys` as a program: how it is started and how it ends."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from provider.yandex_keys.version import VERSION
from setup import virtual_environment
from setup.engine.places import REPOSITORY
from tests.cli.conftest import Yckeys
from tests.cli.recorded_cloud import MOMENT, RECORDED


def test_without_a_project_it_could_not_look(yckeys: Yckeys, tmp_path: Path) -> None:
    ended = yckeys("inventory", "--project", str(tmp_path))
    assert ended.code == 3
    assert f"no Pulumi.yaml in {tmp_path} or above it" in ended.errors


def test_without_an_engine_it_could_not_look(yckeys: Yckeys, tmp_path: Path) -> None:
    yckeys.environment |= {"PULUMI_BACKEND_URL": None, "PATH": str(tmp_path)}
    ended = yckeys("inventory")
    assert ended.code == 3
    assert "no `pulumi` on PATH" in ended.errors


@pytest.mark.parametrize(
    "command",
    [
        ["inventory"],
        ["audit"],
        ["plan"],
        ["metrics"],
        ["report", "--html", "keys.html"],
        ["explain", "translator/default"],
        ["adopt"],
        ["leaked", "ajeleaked"],
    ],
    ids=lambda command: command[0],
)
def test_a_backend_without_a_stack_is_not_called_fine(own_copy: Yckeys, command: list[str]) -> None:
    """As where PULUMI_BACKEND_URL names another one than was meant."""
    for file in (own_copy.folder / "state" / ".pulumi" / "stacks" / "api-keys").glob("*.json"):
        file.unlink()
    ended = own_copy(*command)
    assert (ended.code, ended.out) == (3, "")
    assert "the backend has no stack of project api-keys: is it the right one?" in ended.errors


def test_the_cloud_alone_can_be_looked_into_without_a_stack(own_copy: Yckeys) -> None:
    for file in (own_copy.folder / "state" / ".pulumi" / "stacks" / "api-keys").glob("*.json"):
        file.unlink()
    ended = own_copy("inventory", "--cloud")
    assert (ended.code, "unmanaged" in ended.out) == (0, True)
    assert own_copy("audit", "--cloud").code == 1


def test_a_cloud_that_is_not_reached_is_told_without_advice_for_runs(
    own_copy: Yckeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.chdir(own_copy.folder)
    own_copy.environment |= {"YC_ENDPOINT": "127.0.0.1:1", "YC_TOKEN": "t1.token-of-nobody"}
    ended = own_copy("inventory", "--cloud")
    assert (ended.code, ended.out) == (3, "")
    assert "The endpoint can't be reached: check yandex-keys:endpoint or YC_ENDPOINT, and the network." in ended.errors
    assert "pulumi up" not in ended.errors
    assert "t1.token" not in ended.errors


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
    assert (done.returncode, done.stdout, done.stderr) == (0, f"yckeys {VERSION}\n", "")


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


def in_a_terminal(*arguments: str, **environment: str) -> str:
    """What a command prints on a terminal of its own."""
    ours, its_own = pty.openpty()
    settings = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PULUMI_", "YC_", "YANDEX_KEYS_", "NO_COLOR"))
        },
        "PYTHONPATH": str(REPOSITORY),
        "PULUMI_BACKEND_URL": f"file://{RECORDED / 'state'}",
        "YANDEX_KEYS_AS_OF": MOMENT,
        "TERM": "xterm-256color",
        "COLUMNS": "100",
        **environment,
    }
    command = [sys.executable, "-m", "cli", *arguments]
    process = subprocess.Popen(command, cwd=RECORDED, env=settings, stdout=its_own, stderr=its_own, stdin=its_own)
    os.close(its_own)
    printed = b""
    try:
        while read := os.read(ours, 65_536):
            printed += read
    except OSError:  # Linux says so at the end
        pass
    os.close(ours)
    assert process.wait() in (0, 1), printed
    return printed.decode()


@pytest.mark.parametrize("command", ["inventory", "plan", "audit", "check"])
def test_there_are_colours_on_a_terminal_and_nowhere_else(yckeys: Yckeys, command: str) -> None:
    assert "\x1b" not in yckeys(command).out
    colour = re.compile(r"\x1b\[[0-9;]*3[0-9]m")
    shown = in_a_terminal(command)
    # A file that is right has nothing to be coloured.
    assert bool(colour.search(shown)) == (command != "check")
    assert not colour.search(in_a_terminal(command, NO_COLOR="1"))


def test_a_terminal_gets_lines_that_fit(yckeys: Yckeys) -> None:
    shown = re.sub(r"\x1b[^a-zA-Z]*[a-zA-Z]", "", in_a_terminal("inventory"))
    assert max(len(line.strip("\r")) for line in shown.splitlines()) <= 100
    assert "No room for" in shown
