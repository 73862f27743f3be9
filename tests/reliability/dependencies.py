"""The dependencies of what is shipped: requirements.lock pins every one of them with hashes, and is in step with requirements.txt.

The same is held of requirements-dev.lock, what the checks run with.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from setup.engine.places import REPOSITORY

LOCK: Final = REPOSITORY / "requirements.lock"
DEVELOPMENT: Final = REPOSITORY / "requirements-dev.lock"
_PIN: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))? \\$")
_HASH: Final = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def locked(path: Path = LOCK) -> dict[str, str]:
    """Every package of the lock that this machine takes, by its normal name, and its version."""
    pins: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        pin = _PIN.match(line)
        if pin and (not pin["marker"] or Marker(pin["marker"]).evaluate()):
            pins[canonicalize_name(pin["name"])] = pin["version"]
    return pins


def flaws(path: Path = LOCK) -> list[str]:
    """Where the lock isn't what is declared, or what is installed isn't what is locked, or a pin has no hash."""
    pins = locked(path)
    wrong = []
    declaration = path.with_suffix(".txt").name
    for wanted in _declared(declaration):
        found = pins.get(canonicalize_name(wanted.name))
        if found is None or not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{declaration} wants {wanted}, the lock has {found}")
    for block in re.split(r"\n(?=[A-Za-z0-9])", path.read_text(encoding="utf-8")):
        if _PIN.match(block.splitlines()[0]) and not _HASH.search(block):
            wrong.append(f"{block.splitlines()[0]} has no hash")
    for name, pinned in sorted(pins.items()):
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "nothing"
        if installed != pinned:
            wrong.append(f"{name} {pinned} is locked, and {installed} is installed")
    return wrong


def _declared(name: str) -> list[Requirement]:
    text = (
        (REPOSITORY / name).read_text(encoding="utf-8").replace("./third_party/pulumi_yandex", "pulumi-yandex==0.13.0")
    )
    lines = text.splitlines()
    wanted = [Requirement(line) for line in lines if line.strip() and not line.startswith(("#", "-"))]
    return [each for each in wanted if each.marker is None or each.marker.evaluate()]
