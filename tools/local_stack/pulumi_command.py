"""One command of the real `pulumi`, to its end."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from setup.engine.provision import Engine


class PulumiFailed(Exception):
    """A command failed; the message has its words, or says that they were shown."""


def command(engine: Engine, *arguments: str) -> list[str]:
    """What to run for it: it never asks anybody."""
    return [str(engine.executable), "--non-interactive", *arguments]


def run(
    engine: Engine, directory: Path, environment: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Runs it in `directory` with `environment` alone: its exit code and what it printed."""
    return subprocess.run(
        command(engine, *arguments),
        check=False,
        cwd=directory,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def output_of(engine: Engine, directory: Path, environment: Mapping[str, str], *arguments: str) -> str:
    """What it prints, run in `directory` with `environment` alone. Raises PulumiFailed."""
    done = run(engine, directory, environment, *arguments)
    if done.returncode != 0:
        raise PulumiFailed(f"`pulumi {' '.join(arguments)}` failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout
