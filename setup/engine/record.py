"""The record of an installed engine: what is in its folder, by digest, and which pins it was got for.

It is compared before each use, so an engine that was swapped, half-written, restored from some cache or got for other pins is not run.
It is no defence against whoever may write it as well as the engine, which is whoever may write to this user's home or to this clone:
SECURITY.md says what follows for runners.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from setup.engine.places import VERSION, pins

Origin = Literal["release", "built"]
_FILE = "engine.json"
_ORIGINS: tuple[Origin, ...] = ("release", "built")


def write(directory: Path, origin: Origin) -> None:
    """Records all that is in `directory`/bin."""
    record = {"version": VERSION, "origin": origin, "pins": pins(), "files": _digests(directory)}
    (directory / _FILE).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def read(directory: Path) -> tuple[Origin | None, str]:
    """How the engine in `directory` came, where it is what was recorded for these pins; else None, and why not: empty where there is none."""
    if not (directory / "bin").exists():
        return None, ""
    try:
        record = json.loads((directory / _FILE).read_text(encoding="utf-8"))
        origin, recorded_pins, files = record["origin"], record["pins"], record["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return None, "nothing tells how it came"
    if recorded_pins != pins():
        return None, "it was got for other pins"
    found = _digests(directory)
    changed = sorted(name for name in {*files, *found} if files.get(name) != found.get(name))
    if changed:
        return None, f"{', '.join(changed)} is not what was installed"
    return (origin, "") if origin in _ORIGINS else (None, "nothing tells how it came")


def _digests(directory: Path) -> dict[str, str]:
    digests = {}
    for path in sorted(path for path in (directory / "bin").iterdir() if path.is_file()):
        with path.open("rb") as file:
            digests[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests
