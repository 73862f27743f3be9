"""Which version may follow the ones that there are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tools.release.refused import ReleaseRefused

_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)


def follows(version: str, now: str, released: Iterable[str]) -> None:
    """Raises ReleaseRefused where `version` isn't x.y.z, has been released, or is below what the files say or what was released.

    What the files say may itself be released: a first release is of the version that has been worked on.
    """
    if not _VERSION.fullmatch(version):
        raise ReleaseRefused(f"{version or 'no VERSION'}: a version is x.y.z, such as VERSION=1.2.0")
    used = set(released)
    if version in used:
        raise ReleaseRefused(f"{version} has been released: take a higher one")
    highest = max([now, *used], key=_ordered)
    if _ordered(version) < _ordered(highest):
        raise ReleaseRefused(f"{version} is below {highest}, which there is already: take a higher one")


def tag_of(version: str) -> str:
    """The tag that `pulumi package add <git address>@x.y.z` looks for."""
    return f"v{version}"


def versions_of(tags: Iterable[str]) -> list[str]:
    """The versions among a repository's tags."""
    return [tag[1:] for tag in tags if tag.startswith("v") and _VERSION.fullmatch(tag[1:])]


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
