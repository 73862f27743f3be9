"""This repository as it is here, committed or not, as one commit of a repository elsewhere."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_AUTHOR = ("-c", "user.name=a test", "-c", "user.email=test@localhost")


def snapshot(repository: Path, to: Path, *tags: str) -> None:
    """Makes the repository `to`, with these tags on its one commit; what git ignores stays behind."""
    listed = git(repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (repository / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / name, to / name, follow_symlinks=False)
    git(to, "init", "--quiet", "--initial-branch=main")
    git(to, "add", "--all")
    git(to, *_AUTHOR, "commit", "--quiet", "--message=all")
    for tag in tags:
        git(to, "tag", tag)


def changed_files(repository: Path) -> str:
    """What git says of it; nothing where it is clean."""
    return git(repository, "status", "--porcelain")


def git(directory: Path, *arguments: str) -> str:
    """What git prints."""
    return subprocess.run(["git", *arguments], cwd=directory, check=True, capture_output=True, text=True).stdout
