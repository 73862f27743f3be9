"""All that the project pins and runs: the packages of the locks, and the Go modules that the engine and the tools are built of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LOCKS = ("requirements.lock", "requirements-dev.lock", "policy/requirements.lock")
_ENGINE = Path("setup/engine/go.mod")
_TOOLS = "tools/*/go.mod"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;]+)", re.M)
_REQUIRED = re.compile(r"^\s*(?:require )?(?P<name>[^\s/]+\.\S+) v(?P<version>\d\S*)", re.M)


@dataclass(frozen=True, order=True)
class Pinned:
    """One version of one package. ecosystem: as the database names it, `PyPI` or `Go`."""

    ecosystem: str
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def pinned(repository: Path) -> list[Pinned]:
    """Each once, in order."""
    return sorted({*_packages(repository), *_modules(repository)})


def _packages(repository: Path) -> Iterator[Pinned]:
    for lock in _LOCKS:
        for match in _PIN.finditer((repository / lock).read_text(encoding="utf-8")):
            yield Pinned("PyPI", match["name"], match["version"])


def _modules(repository: Path) -> Iterator[Pinned]:
    for file in (repository / _ENGINE, *repository.glob(_TOOLS)):
        for match in _REQUIRED.finditer(file.read_text(encoding="utf-8")):
            yield Pinned("Go", match["name"], match["version"])
