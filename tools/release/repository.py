"""The clone that a release is made of, by git."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.release.refused import ReleaseRefused


def refuse_dirty(clone: Path) -> None:
    """Raises ReleaseRefused where anything isn't committed: a release is of a commit."""
    changed = changes(clone)
    if changed:
        raise ReleaseRefused(f"the clone has changes: commit them or take them away: {', '.join(changed)}")


def changes(clone: Path) -> list[str]:
    """The paths of what differs from the last commit, new files among them; of a renamed file both."""
    listed = _git(clone, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    return sorted(entry[3:] for entry in listed.split("\0") if entry)


def tags(clone: Path) -> list[str]:
    """The tags that the clone has."""
    return _git(clone, "tag", "--list").split()


def commit(clone: Path, paths: Sequence[str], message: str) -> str:
    """Commits `paths` as they are now, and answers the commit's short name."""
    _git(clone, "add", "--all", "--", *paths)
    _git(clone, "commit", "--quiet", "--message", message, "--", *paths)
    return _git(clone, "rev-parse", "--short", "HEAD").strip()


def put_back(clone: Path, paths: Sequence[str]) -> None:
    """Makes `paths` what the last commit has; a path that it doesn't have is removed."""
    if paths:
        _git(clone, "add", "--all", "--", *paths)
        _git(clone, "restore", "--source=HEAD", "--staged", "--worktree", "--", *paths)


def _git(clone: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=False, cwd=clone, capture_output=True, text=True)
    if done.returncode != 0:
        raise ReleaseRefused(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout
