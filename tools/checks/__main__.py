"""`python -m tools.checks`: runs every check, also after one has failed, and says at the end which did."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from setup.engine.places import REPOSITORY
from setup.engine.provision import Engine, EngineMissing, provide
from setup.progress import elapsed, say
from tools import go_command
from tools.kubernetes_schemas import external_secrets
from tools.promtool import command as promtool
from tools.sdk_generator import generator
from tools.typescript import packages
from tools.yaml_host import host

_PACKAGES = [
    "__main__.py",
    "components",
    "provider",
    "emulator",
    "cli",
    "pipelines",
    "policy",
    "third_party",
    "setup",
    "tools",
    "tests",
]


def checks(repository: Path) -> list[tuple[str, list[str]]]:
    """Name and command of each check. Types are checked strictly: pyproject.toml says so."""
    python = sys.executable
    typed = [name for name in _PACKAGES if (repository / name).is_file() or any((repository / name).rglob("*.py"))]
    return [
        ("format", [python, "-m", "ruff", "format", "--check", "."]),
        ("lint", [python, "-m", "ruff", "check", "."]),
        ("types", [python, "-m", "mypy", "--strict", *typed]),
        ("tests", [python, "-m", "pytest", "-n", str(_workers()), "--dist", "worksteal"]),
    ]


def _workers() -> int:
    """One more than there are processors: a test of the real engine often waits, while processes start by turns or one has to end."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors + 1


def run(commands: list[tuple[str, list[str]]], directory: Path) -> list[str]:
    """Runs each command under its heading; answers the names of those that failed."""
    # The tests start the plugin, the program and the emulator hundreds of times: a machine that keeps no bytecode would compile them anew each time.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    failed = []
    for name, command in commands:
        print(f"\n== {name} ==", flush=True)
        started = time.monotonic()
        code = subprocess.run(command, check=False, cwd=directory, env=environment).returncode
        print(f"-- {name}: {'passed' if code == 0 else 'FAILED'} in {elapsed(time.monotonic() - started)}", flush=True)
        if code != 0:
            failed.append(name)
    return failed


def provide_go_commands(engine: Engine) -> None:
    """Where Go has built the engine, it gets for the tests the SDK generator, of the same modules, the language host of YAML programs, promtool and
    schemas of manifests."""
    if engine.origin != "built":
        return
    lacking = (generator.GeneratorMissing, generator.GeneratorFailed, go_command.CommandMissing, go_command.BuildFailed)
    for build in (generator.build, host.build, promtool.build, external_secrets.fetch):
        try:
            build(os.environ, download=True)
        except lacking as error:
            # The tests say what they can't do without it.
            say(str(error))


def provide_node_packages() -> None:
    """Where npm can get them, what the TypeScript example is compiled with."""
    try:
        packages.provide(os.environ, download=True)
    except packages.PackagesMissing as error:
        # The tests are left out, and say so.
        say(str(error))


def main() -> int:
    """Exit code 0 when every check passed."""
    argparse.ArgumentParser(prog="python -m tools.checks", description=__doc__).parse_args()
    try:
        # The end-to-end tests need it; got before they run, with its progress shown.
        provide_go_commands(provide(os.environ))
        provide_node_packages()
    except EngineMissing as error:
        print(error, file=sys.stderr)
        return 1
    failed = run(checks(REPOSITORY), REPOSITORY)
    # Shown only: advisories come without any change here, and must not fail the checks. `make advisories` fails on them.
    print("\n== known vulnerabilities ==", flush=True)
    subprocess.run([sys.executable, "-m", "tools.advisories"], check=False, cwd=REPOSITORY)
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
