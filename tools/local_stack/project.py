"""A folder that holds this repository's project without being a clone of it: its program, with stack files of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

_SHARED = ("components", "provider")
COPIED = ("Pulumi.yaml", "__main__.py")


def lay_out(directory: Path, repository: Path, virtual_environment: Path) -> None:
    """Makes the folder, which must not hold a project yet; what the engine only reads is linked."""
    (directory / "stacks").mkdir(parents=True)
    for name in _SHARED:
        (directory / name).symlink_to(repository / name, target_is_directory=True)
    (directory / ".venv").symlink_to(virtual_environment, target_is_directory=True)
    for name in COPIED:
        shutil.copy(repository / name, directory / name)
