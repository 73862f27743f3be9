"""Several local clouds that one deployer can log in to: copies of one that has just been made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.local_cloud import LocalCloud


@contextmanager
def clouds(directory: Path, count: int) -> Iterator[list[LocalCloud]]:
    """So many, each on its own port, with the same certificate authority, deployer and folder id, and nothing else in them."""
    template = directory / "cloud-0"
    with LocalCloud(template):
        pass
    for number in range(1, count):
        shutil.copytree(template, directory / f"cloud-{number}")
    with ExitStack() as running:
        yield [running.enter_context(LocalCloud(directory / f"cloud-{number}")) for number in range(count)]
