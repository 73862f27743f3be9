"""What is installed for a program, and installing it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from setup.language_host.interpreters import Interpreter

# Runs in the program's own environment, so it keeps to the standard library.
_LISTING = """
import importlib.metadata, json, re
found = {}
needed = set()
for distribution in importlib.metadata.distributions():
    name = distribution.metadata["Name"]
    if name:
        found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), (name, distribution.version))
        for line in distribution.requires or []:
            if "extra ==" not in line:
                needed.add(re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", line)[0]).lower())
print(json.dumps([[key in needed, *value] for key, value in sorted(found.items())]))
"""


def installed(interpreter: Interpreter, environment: dict[str, str], *, transitive: bool) -> list[tuple[str, str]]:
    """(name, version) of the distributions that `interpreter` sees; unless `transitive`, only those no other asks for.

    Raises subprocess.CalledProcessError when that Python fails.
    """
    listing = subprocess.run(
        [str(interpreter.executable), "-c", _LISTING], env=environment, check=True, capture_output=True, text=True
    )
    rows: list[tuple[bool, str, str]] = json.loads(listing.stdout)
    return [(name, version) for needed, name, version in rows if transitive or not needed]


def install_commands(virtualenv: Path | None, program_directory: Path) -> list[Sequence[str]]:
    """The commands that make the virtual environment, where there is none yet, and install requirements.txt into it."""
    commands: list[Sequence[str]] = []
    python = sys.executable
    if virtualenv is not None:
        python = str(virtualenv / "bin" / "python")
        if not Path(python).exists():
            commands.append([sys.executable, "-m", "venv", str(virtualenv)])
    requirements = program_directory / "requirements.txt"
    if requirements.exists():
        commands.append([python, "-m", "pip", "install", "--quiet", "-r", str(requirements)])
    return commands


def require(requirements: Path, folders: Sequence[str]) -> None:
    """Has requirements.txt name the packages in `folders`, each once, by paths from its own folder."""
    written = requirements.read_text(encoding="utf-8") if requirements.exists() else ""
    lines = written.splitlines()
    new = [line for line in (_from(requirements.parent, folder) for folder in folders) if line not in lines]
    if new:
        requirements.write_text("\n".join([*lines, *new]) + "\n", encoding="utf-8")


def modules_of(package: Path) -> list[str]:
    """The names by which a generated package is imported."""
    return sorted(file.parent.name for file in package.glob("*/pulumi-plugin.json"))


def _from(directory: Path, folder: str) -> str:
    """As pip reads it: a path, and no name of a package in the index."""
    relative = Path(os.path.relpath(directory / folder, directory)).as_posix()
    return relative if "/" in relative else f"./{relative}"
