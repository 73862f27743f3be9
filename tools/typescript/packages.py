"""Getting the packages; each is compared with its hash in package-lock.json, and none of their own scripts runs."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from setup.engine.places import REPOSITORY
from setup.file_lock import exclusive
from setup.progress import last_line, run_logged

_PINS: Final = ("package.json", "package-lock.json")
_FOLDER: Final = REPOSITORY / ".local" / "typescript"
_STAMP: Final = "made-from"
_WHAT: Final = "what TypeScript programs are compiled with"


class PackagesMissing(Exception):
    """They can't be had on this machine; the message says what it lacks."""


def provide(environment: Mapping[str, str], *, download: bool, folder: Path = _FOLDER) -> Path:
    """The folder `node_modules` with all of them. Once there, it is taken as it is until the pins change.

    `download`: whether npm may fetch what lacks. Raises PackagesMissing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder / "lock"):
        stamp = folder / _STAMP
        if stamp.exists() and stamp.read_text(encoding="utf-8") == _pins():
            return folder / "node_modules"
        npm = shutil.which("npm", path=environment.get("PATH"))
        if npm is None:
            raise PackagesMissing("no npm on this machine: TypeScript programs aren't compiled")
        if not download:
            raise PackagesMissing(
                "the packages of TypeScript programs aren't on this machine: `make test` fetches them"
            )
        _fetch(npm, environment, folder)
        stamp.write_text(_pins(), encoding="utf-8")
        return folder / "node_modules"


def _fetch(npm: str, environment: Mapping[str, str], folder: Path) -> None:
    for name in _PINS:
        shutil.copy(Path(__file__).with_name(name), folder)
    log = folder / "npm.log"
    # By its own habit npm tries for more than a minute where nobody answers.
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=1000"]
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *patience]
    log.write_text("")
    code = run_logged(command, f"getting {_WHAT}", log, directory=folder, environment=environment)
    if code != 0:
        raise PackagesMissing(f"npm can't get {_WHAT}: {last_line(log, 'it says nothing')}")


def _pins() -> str:
    contents = (Path(__file__).with_name(name).read_bytes() for name in _PINS)
    return hashlib.sha256(b"".join(contents)).hexdigest()
