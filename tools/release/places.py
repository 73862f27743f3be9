"""Where the version is said. It is written in these places alone, by the release; `sdk/python` is generated of the schema, which is one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.release.refused import ReleaseRefused


@dataclass(frozen=True)
class Place:
    """Files that say the version, and how a line of theirs says it: `{}` is where it stands."""

    files: str
    line: str

    def found_in(self, repository: Path) -> list[Path]:
        return sorted(repository.glob(self.files))

    @property
    def pattern(self) -> re.Pattern[str]:
        before, after = map(re.escape, self.line.split("{}"))
        return re.compile(rf"(?<={before})(\d+\.\d+\.\d+)(?={after}$)", re.MULTILINE)


WRITTEN: Final = (
    Place("provider/yandex_keys/version.py", 'VERSION: Final = "{}"'),
    Place("provider/PulumiPlugin.yaml", "\nversion: {}"),
    Place("policy/PulumiPolicy.yaml", "\nversion: {}"),
    Place("provider/yandex_keys/schema.json", '\n  "version": "{}",'),
    Place("pyproject.toml", '\nversion = "{}"'),
    *(
        Place(f"docs/program-{language}.md", "$ pulumi package add <git address of this repository>/provider@{}")
        for language in ("go", "typescript", "yaml")
    ),
)
GENERATED: Final = (
    Place("sdk/python/pyproject.toml", '\n  version = "{}"'),
    Place("sdk/python/pulumi_yandex_keys/pulumi-plugin.json", '\n  "version": "{}",'),
    Place("sdk/python/*.dist-info/METADATA", "\nVersion: {}"),
)


def said(repository: Path) -> dict[str, str]:
    """The version that each file says, by its path in the repository. Raises ReleaseRefused."""
    return {
        str(path.relative_to(repository)): _version_in(path, place)
        for place in (*WRITTEN, *GENERATED)
        for path in _files(repository, place)
    }


def stamp(repository: Path, version: str) -> None:
    """Writes `version` wherever it is written by hand; what is generated follows by `make sdk`. Raises ReleaseRefused."""
    for place in WRITTEN:
        for path in _files(repository, place):
            _version_in(path, place)
            path.write_text(place.pattern.sub(version, path.read_text(encoding="utf-8")), encoding="utf-8")


def _files(repository: Path, place: Place) -> Iterator[Path]:
    found = place.found_in(repository)
    if not found:
        raise ReleaseRefused(f"there is no {place.files}, which says the version")
    yield from found


def _version_in(path: Path, place: Place) -> str:
    written = set(place.pattern.findall(path.read_text(encoding="utf-8")))
    if len(written) != 1:
        raise ReleaseRefused(f"{path}: one line has to be `{place.line.strip().format('x.y.z')}`")
    return str(written.pop())
