"""JSON in files that only the user may read: written whole or not at all, and taken for missing where it can't be read."""

from __future__ import annotations

import json
import os
from pathlib import Path


def write(path: Path, content: object) -> None:
    """Writes by way of a file beside it, so that a reader, or a run that is killed, meets the old content or the new one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(content) + "\n")
    fresh.replace(path)


def read(path: Path) -> object:
    """The content; None where there is no such file, or none that can be read."""
    try:
        content: object = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return content


def read_object(path: Path) -> dict[str, object] | None:
    """The JSON object in the file; None where there is none, or none that can be read."""
    content = read(path)
    return content if isinstance(content, dict) else None
