"""The SDK's own installer of the CLI, bounded in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tools.engine.places import VERSION
from tools.progress import wait_for

# A server that doesn't answer within this is taken as unreachable.
_CONNECT_SECONDS = 10
_TOTAL_SECONDS = 300.0
_SCRIPT = f"""
import socket, sys
from semver import VersionInfo
from pulumi.automation import PulumiCommand
socket.setdefaulttimeout({_CONNECT_SECONDS})
try:
    PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse({VERSION.removeprefix("v")!r}))
except Exception as error:
    output = getattr(error, "output", None) or b""
    lines = (output.decode(errors="replace") if isinstance(output, bytes) else str(output)).strip().splitlines()
    sys.exit(lines[-1] if lines else str(error) or type(error).__name__)
"""


class InstallFailed(Exception):
    """The installer did not bring the CLI; the message is one line that says why."""


def install(directory: Path, environment: Mapping[str, str], log: Path, seconds: float = _TOTAL_SECONDS) -> None:
    """Installs the official CLI with its language hosts into `directory`/bin.

    Raises InstallFailed when its server can't be reached, or when it isn't done after `seconds`: the installer has no
    time limit of its own, and starts other programs, so it runs in a session that can be ended as a whole.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, str(directory)],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        code = wait_for(process, f"installing the Pulumi CLI {VERSION} with the SDK's installer", limit=seconds)
    except subprocess.TimeoutExpired as error:
        raise InstallFailed(f"it took longer than {seconds:.0f} seconds") from error
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code != 0:
        lines = log.read_text(errors="replace").strip().splitlines()
        raise InstallFailed(lines[-1] if lines else f"exit code {code}")
