"""The real `pulumi` for tests: got once for the whole clone, run with a state, a home and a passphrase of each test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from setup.engine.provision import Engine, provide

# Settings of the person who runs the tests must not reach a test.
_FOREIGN = ("PULUMI_", "YC_", "YANDEX_KEYS_")


@cache
def engine() -> Engine:
    """The engine: from PATH, from `.local/engine`, or got now. Several test processes at once get it once (a lock)."""
    return provide(os.environ)


def engine_environment(directory: Path) -> dict[str, str]:
    """The whole environment of a `pulumi` whose state (`state/`) and home (`pulumi-home/`) lie in `directory`.

    The engine, its language host and this Python's environment are on PATH; no plugin is ever downloaded.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    state = directory / "state"
    state.mkdir(parents=True, exist_ok=True)
    python = str(Path(sys.executable).parent)
    return {
        **environment,
        "PATH": engine().search_path(os.pathsep.join([python, environment.get("PATH", os.defpath)])),
        # As for the local stack: without the side files that a killed engine can leave half-written.
        "PULUMI_BACKEND_URL": f"file://{state}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": "the passphrase of a test",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(directory / "pulumi-home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_SUPPRESS_NEO_LINK": "true",
        "NO_COLOR": "1",
    }


def run_pulumi(
    environment: Mapping[str, str], directory: Path, *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Runs `pulumi --non-interactive …` in `directory`; a failure, unless expected, shows all that it printed."""
    done = subprocess.run(
        [engine().executable, "--non-interactive", *arguments],
        check=False,
        cwd=directory,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"pulumi {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done
