"""A release from its first question to its commit. Whatever fails, the clone is left as it was."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from setup.progress import say
from tools.release import changelog, installation, numbering, packages, places, repository
from tools.release.refused import ReleaseRefused


@dataclass(frozen=True)
class Release:
    """What a release came to: its commit, and the files of `dist/`."""

    version: str
    commit: str
    files: tuple[Path, ...]


def generate_sdk(clone: Path) -> None:
    """`make sdk`. Raises ReleaseRefused."""
    _run_module(clone, "tools.sdk_generator", "the SDK could not be generated")


def check(clone: Path) -> None:
    """What `make test` runs. Raises ReleaseRefused where a check fails."""
    _run_module(clone, "tools.checks", "a check failed")


def release(
    clone: Path,
    version: str,
    day: dt.date,
    *,
    generate_sdk: Callable[[Path], None] = generate_sdk,
    check: Callable[[Path], None] = check,
) -> Release:
    """Stamps `version`, checks all, builds into `dist/`, and commits the stamp. Raises ReleaseRefused; then nothing has changed but `dist/`."""
    notes = _ask(clone, version)
    try:
        places.stamp(clone, version)
        history = clone / "CHANGELOG.md"
        history.write_text(changelog.with_release(history.read_text(encoding="utf-8"), version, day), encoding="utf-8")
        say(f"{version} is stamped; sdk/python is generated of it")
        generate_sdk(clone)
        stamped = repository.changes(clone)
        others = {path: said for path, said in places.said(clone).items() if said != version}
        if others:
            raise ReleaseRefused(f"another version than {version} is said: {others}")
        check(clone)
        if repository.changes(clone) != stamped:
            raise ReleaseRefused("something changed while the checks ran: what was checked is not what is here")
        files = _build(clone, version, day, notes)
        return Release(version, repository.commit(clone, stamped, f"Release {version}"), files)
    except BaseException:
        # The clone was clean; what was changed meanwhile by somebody else stays, in files of its own.
        repository.put_back(clone, [path for path in repository.changes(clone) if _is_stamped(path)])
        raise


def _ask(clone: Path, version: str) -> str:
    """The release's notes, where it may be made. Raises ReleaseRefused."""
    repository.refuse_dirty(clone)
    history = (clone / "CHANGELOG.md").read_text(encoding="utf-8")
    now = places.said(clone)
    if len(set(now.values())) != 1:
        raise ReleaseRefused(f"the files don't agree on the version: {now}")
    used = {*numbering.versions_of(repository.tags(clone)), *changelog.released_versions(history)}
    numbering.follows(version, next(iter(now.values())), used)
    return changelog.unreleased(history)


def _build(clone: Path, version: str, day: dt.date, notes: str) -> tuple[Path, ...]:
    dist = clone / "dist"
    archive, wheel = packages.build(clone / "sdk" / "python", dist, day)
    installation.try_wheel(wheel, version)
    written = dist / f"notes-{version}.md"
    written.write_text(f"{notes}\n", encoding="utf-8")
    return archive, wheel, written


def _is_stamped(path: str) -> bool:
    by_hand = any(Path(path).match(place.files) for place in places.WRITTEN)
    return by_hand or path == "CHANGELOG.md" or path.startswith("sdk/")


def _run_module(clone: Path, module: str, failure: str) -> None:
    done = subprocess.run([sys.executable, "-u", "-m", module], check=False, cwd=clone)
    if done.returncode != 0:
        raise ReleaseRefused(f"{failure}: the version isn't released, and the clone is as it was")
