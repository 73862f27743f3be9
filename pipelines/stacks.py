"""Which stacks a pipeline is for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

FOLDER = "stacks"
_PREFIX, _SUFFIX = "Pulumi.", ".yaml"
# A line of the file's own, as the engine writes it: the script runs without packages, and so without one that reads YAML.
_SECRETS_PROVIDER = re.compile(r"""^secretsprovider:\s*["']?(?P<url>[^\s"'#]+)""", re.MULTILINE)
LOCAL = "local"
"""The stack of the emulator on a developer's machine: no pipeline's business unless it is named."""


class UnknownStack(Exception):
    """A stack was named that has no file; the message lists those that have."""


def declared(repository: Path) -> list[str]:
    """The stacks that have a file, `stacks/Pulumi.<name>.yaml`, in the order of their names."""
    files = sorted((repository / FOLDER).glob(_file("?*")))
    return [file.name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for file in files]


def secrets_provider(repository: Path, stack: str) -> str:
    """What encrypts the secrets of that stack, as its file says: `hashivault://keys`; empty for a passphrase, and where there is no file."""
    file = repository / FOLDER / _file(stack.rpartition("/")[2])
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = _SECRETS_PROVIDER.search(text)
    return found["url"] if found else ""


def chosen(repository: Path, named: Sequence[str]) -> list[str]:
    """Those that were named, or else all but `local`. Raises UnknownStack."""
    known = declared(repository)
    unknown = [name for name in named if name not in known]
    if unknown:
        raise UnknownStack(f"no file {FOLDER}/{_file(unknown[0])}; there are stacks {', '.join(known) or 'none'}")
    return list(dict.fromkeys(named)) or [name for name in known if name != LOCAL]


def _file(stack: str) -> str:
    return f"{_PREFIX}{stack}{_SUFFIX}"
