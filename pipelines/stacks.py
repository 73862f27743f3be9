"""Which stacks a pipeline is for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

FOLDER = "stacks"
LOCAL = "local"
"""The stack of the emulator on a developer's machine: no pipeline's business unless it is named."""


class UnknownStack(Exception):
    """A stack was named that has no file; the message lists those that have."""


def declared(repository: Path) -> list[str]:
    """The stacks that have a file, `stacks/Pulumi.<name>.yaml`, in the order of their names."""
    prefix, suffix = "Pulumi.", ".yaml"
    files = sorted((repository / FOLDER).glob(f"{prefix}?*{suffix}"))
    return [file.name[len(prefix) : -len(suffix)] for file in files]


def chosen(repository: Path, named: Sequence[str]) -> list[str]:
    """Those that were named, or else all but `local`. Raises UnknownStack."""
    known = declared(repository)
    unknown = [name for name in named if name not in known]
    if unknown:
        raise UnknownStack(f"no file {FOLDER}/Pulumi.{unknown[0]}.yaml; there are stacks {', '.join(known) or 'none'}")
    return list(dict.fromkeys(named)) or [name for name in known if name != LOCAL]
