"""What is installed for a program, and installing it."""

from __future__ import annotations

import json
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
