"""The state as the engine's backend has it on disk."""

from __future__ import annotations

from pathlib import Path


def file_of(state: Path) -> Path:
    """The one stack's state file; neither its backup nor its history."""
    (file,) = (
        path for path in (state / ".pulumi" / "stacks").rglob("*.json*") if not path.name.endswith((".bak", ".attrs"))
    )
    return file


def size(state: Path) -> int:
    """Its bytes, in whatever compression."""
    return file_of(state).stat().st_size
