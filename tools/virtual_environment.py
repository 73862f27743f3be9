"""The project's virtual environment, made and filled once for each change of the requirements.

Runs on the system's Python, before anything is installed: standard library only.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

from tools.file_lock import exclusive
from tools.progress import elapsed, say, wait_for

Purpose = Literal["runtime", "development"]

REPOSITORY = Path(__file__).resolve().parents[1]
# Each purpose, with what it installs and all the files that decide what that is.
_REQUIREMENTS: dict[Purpose, tuple[str, list[str]]] = {
    "runtime": ("requirements.txt", ["requirements.lock", "requirements.txt"]),
    "development": (
        "requirements-dev.txt",
        ["requirements.lock", "requirements.txt", "requirements-dev.lock", "requirements-dev.txt"],
    ),
}
_OLDEST = (3, 11)


class SetUpFailed(Exception):
    """The environment could not be made; the message says why and where the whole output is."""


def fingerprint(repository: Path, purpose: Purpose) -> str:
    """Changes whenever what has to be installed for `purpose` may have changed."""
    digest = hashlib.sha256()
    for name in _REQUIREMENTS[purpose][1]:
        file = repository / name
        digest.update((file.read_bytes() if file.exists() else b"") + b"\0")
    return digest.hexdigest()


def is_ready(repository: Path, purpose: Purpose) -> bool:
    """Whether the environment holds what `purpose` needs. What development needs includes the runtime."""
    wider: list[Purpose] = ["runtime", "development"] if purpose == "runtime" else ["development"]
    return any(_stamp(repository, each) == fingerprint(repository, each) for each in wider)


def provide(repository: Path, purpose: Purpose) -> None:
    """Makes `.venv` and installs the requirements, unless that was done. Raises SetUpFailed."""
    if is_ready(repository, purpose):
        return
    local = repository / ".local"
    with exclusive(local / "venv.lock", lambda: say("another run is setting up .venv; waiting for it")):
        if is_ready(repository, purpose):
            return
        environment = repository / ".venv"
        log = local / "venv.log"
        log.write_text("")
        if not _works(environment):
            say(f"making .venv with Python {sys.version_info.major}.{sys.version_info.minor}")
            _run([sys.executable, "-m", "venv", "--clear", str(environment)], "making .venv", log)
        requirements = _REQUIREMENTS[purpose][0]
        pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
        seconds = 0.0
        for options in _sources(repository, requirements):
            seconds += _run([*pip, *options], f"installing {Path(options[-1]).name}", log)
        _stamp_file(repository, purpose).write_text(fingerprint(repository, purpose))
        say(f"installed {requirements} into .venv ({elapsed(seconds)})")


def _sources(repository: Path, requirements: str) -> list[list[str]]:
    """pip's options, one list an installation: what the lock pins, by hash; then what the requirements say beyond it.

    The second changes nothing while the two are in step. A fork that adds a package for its own program need not make a lock for it.
    """
    lock = (repository / requirements).with_suffix(".lock")
    locked = [["--require-hashes", "-r", str(lock)]] if lock.exists() else []
    return [*locked, ["-r", str(repository / requirements)]]


def _stamp_file(repository: Path, purpose: Purpose) -> Path:
    return repository / ".venv" / f".installed-{purpose}"


def _stamp(repository: Path, purpose: Purpose) -> str | None:
    try:
        return _stamp_file(repository, purpose).read_text()
    except FileNotFoundError:
        return None


def _works(environment: Path) -> bool:
    """An environment whose Python went away with an upgrade, or whose making was interrupted, is made anew."""
    check = f"import pip, sys; sys.exit(sys.version_info < {_OLDEST!r})"
    try:
        tried = subprocess.run([environment / "bin" / "python", "-c", check], check=False, capture_output=True)
    except OSError:
        return False
    return tried.returncode == 0


def _run(command: list[str], title: str, log: Path) -> float:
    started = os.times().elapsed
    with log.open("a") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    code = wait_for(process, title)
    if code != 0:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR") or "ensurepip" in line] or lines[-1:]
        raise SetUpFailed(f"{title} failed: {errors[0] if errors else f'exit code {code}'} (all of its output: {log})")
    return os.times().elapsed - started


def main(arguments: list[str]) -> int:
    """`runtime` for what the product needs, `development` for what its checks need on top."""
    if arguments not in (["runtime"], ["development"]):
        say("usage: python -m tools.virtual_environment runtime|development")
        return 2
    try:
        provide(REPOSITORY, "runtime" if arguments == ["runtime"] else "development")
    except SetUpFailed as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
