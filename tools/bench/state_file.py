"""The state as the engine's backend has it on disk."""

from __future__ import annotations

from pathlib import Path


def size(state: Path) -> int:
    """The bytes of the one stack's state file, in whatever compression; without its backup and its history."""
    (file,) = (
        path for path in (state / ".pulumi" / "stacks").rglob("*.json*") if not path.name.endswith((".bak", ".attrs"))
    )
    return file.stat().st_size
