"""CHANGELOG.md: what is unreleased becomes a release's notes."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from tools.release.refused import ReleaseRefused

UNRELEASED: Final = "Unreleased"
_HEADING: Final = re.compile(r"^## (.+)$", re.MULTILINE)


def released_versions(changelog: str) -> list[str]:
    """The versions that have a heading, `## 1.2.0 (2026-12-24)`."""
    return re.findall(r"^## (\d+\.\d+\.\d+)\b", changelog, re.MULTILINE)


def unreleased(changelog: str) -> str:
    """What stands under the topmost heading, which is `## Unreleased`. Raises ReleaseRefused where it isn't, or where nothing is told there."""
    first = _HEADING.search(changelog)
    if first is None or first[1].strip() != UNRELEASED:
        raise ReleaseRefused(f"CHANGELOG.md: its first heading has to be `## {UNRELEASED}`")
    following = _HEADING.search(changelog, first.end())
    told = changelog[first.end() : following.start() if following else None].strip()
    if not any(line.strip() and not line.startswith("#") for line in told.splitlines()):
        raise ReleaseRefused(f"CHANGELOG.md has nothing under `## {UNRELEASED}`: say what users get")
    return told


def with_release(changelog: str, version: str, day: dt.date) -> str:
    """The changelog with what was unreleased under a heading of the release, and an empty `## Unreleased` above it."""
    unreleased(changelog)
    heading = f"## {UNRELEASED}\n\n## {version} ({day.isoformat()})"
    return _HEADING.sub(lambda _: heading, changelog, count=1)
