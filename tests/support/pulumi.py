"""The real `pulumi` for tests: got once for the whole clone, run with a state, a home and a passphrase of each test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from setup.engine.provision import Engine, provide
from tests.support import key_service
from tools.local_stack.pulumi_command import run
from tools.local_stack.shell_environment import engine_variables, process_environment

# The engine ends before its garbage matters; collecting it is a fifth of a small command's processor time.
UNCOLLECTED: Final = {"GOGC": "off", "GOMEMLIMIT": "512MiB"}


@cache
def engine() -> Engine:
    """The engine: from PATH, from `.local/engine`, or got now. Several test processes at once get it once (a lock)."""
    return provide(os.environ)


def engine_environment(directory: Path, by: Engine | None = None) -> dict[str, str]:
    """The whole environment of a `pulumi` whose state (`state/`) and home (`pulumi-home/`) lie in `directory`.

    The engine, its language host and this Python's environment are on PATH; no plugin is ever downloaded. Settings of the
    person who runs the tests do not reach a test.
    """
    state = directory / "state"
    state.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    variables = engine_variables(state, directory / "pulumi-home", "the passphrase of a test") | key_service.variables()
    return process_environment(
        os.environ, {"PATH": (by or engine()).search_path(path), **variables, **UNCOLLECTED, "NO_COLOR": "1"}
    )


def as_users_have_it(environment: Mapping[str, str]) -> dict[str, str]:
    """That environment with the engine collecting its garbage, for who measures what users wait for."""
    return {name: value for name, value in environment.items() if name not in UNCOLLECTED}


def run_pulumi(
    environment: Mapping[str, str], directory: Path, *arguments: str, check: bool = True, by: Engine | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `pulumi --non-interactive …` in `directory`; a failure, unless expected, shows all that it printed."""
    done = run(by or engine(), directory, environment, *arguments)
    if check and done.returncode != 0:
        raise AssertionError(f"pulumi {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done
