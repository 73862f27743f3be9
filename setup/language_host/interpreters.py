"""Which Python runs a program or a plugin, and in which environment."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class InterpreterMissing(Exception):
    """The virtual environment that a project names has no Python; the message says how to make one."""


@dataclass(frozen=True)
class Interpreter:
    """A Python and, where it belongs to one, its virtual environment."""

    executable: Path
    virtualenv: Path | None = None

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment to start it in: `base`, with the virtual environment activated as a shell would."""
        environment = dict(base)
        # Set by server.py for this host alone.
        environment.pop("GRPC_ENABLE_FORK_SUPPORT", None)
        if self.virtualenv is not None:
            environment["VIRTUAL_ENV"] = str(self.virtualenv)
            environment["PATH"] = os.pathsep.join([str(self.executable.parent), environment.get("PATH", os.defpath)])
            environment.pop("PYTHONHOME", None)
        return environment


def virtualenv_directory(root: str, options: Mapping[str, object]) -> Path | None:
    """The directory that the option `virtualenv` names, relative to the project file as the official host takes it."""
    named = options.get("virtualenv")
    if not isinstance(named, str) or not named:
        return None
    return Path(os.path.normpath(Path(root) / named))


def find_interpreter(root: str, options: Mapping[str, object]) -> Interpreter:
    """The Python for a project in `root` with these runtime options.

    Raises InterpreterMissing when the options name a virtual environment that isn't there.
    """
    directory = virtualenv_directory(root, options)
    if directory is None:
        found = shutil.which("python3") or shutil.which("python") or sys.executable
        return Interpreter(Path(found))
    executable = directory / "bin" / "python"
    if not executable.exists():
        raise InterpreterMissing(
            f"The 'virtualenv' option names {directory}, which has no Python. Run `pulumi install` to create it."
        )
    return Interpreter(executable, directory)
