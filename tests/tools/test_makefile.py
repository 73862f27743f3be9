"""The commands of the Makefile, and what holds for each of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from setup.engine.places import REPOSITORY

MAKEFILE = REPOSITORY / "Makefile"


def make(*arguments: str) -> str:
    """What `make` prints in an environment as bare as a pipeline's."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(Path.home())}
    command = ["make", "-C", str(REPOSITORY), *arguments]
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    return done.stdout


def targets() -> list[str]:
    return re.findall(r"^([a-z-]+):", MAKEFILE.read_text(), re.MULTILINE)


def test_make_alone_lists_every_command() -> None:
    listed = re.findall(r"^make (\S+) +\S", make("-s"), re.MULTILINE)
    assert listed == targets()
    assert {"up", "test", "down", "env"} <= set(listed)


def test_every_command_runs_a_module_that_is_there() -> None:
    for module in re.findall(r"^\t\$\(run\) (\S+)", MAKEFILE.read_text(), re.MULTILINE):
        path = REPOSITORY.joinpath(*module.split("."))
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_every_command_is_phony() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE.read_text(), re.MULTILINE)
    assert phony is not None
    assert phony[1].split() == targets()
