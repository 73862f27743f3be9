"""Several local clouds that one deployer can log in to: copies of one that has just been made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.local_cloud import LocalCloud

_QUOTA = 1_000
"""The keys that a cloud takes, unless it is asked for more (the page of IAM's quotas and limits)."""
_OF_A_DECLARED_KEY = 2
"""In an overlap, the current one and the previous one."""


def clouds_that_hold(stacks: int, keys: int) -> int:
    """How many clouds so many stacks want, of so many declared keys each, where all of them rotate on one day."""
    of_one_cloud = max(1, _QUOTA // max(1, _OF_A_DECLARED_KEY * keys))
    return -(-stacks // of_one_cloud)


# The days between two rotations are left out, on which previous keys are retired: at the second, a key counts a third time until they are.
_RAISED_QUOTA = 2 * _QUOTA


@contextmanager
def clouds(directory: Path, count: int) -> Iterator[list[LocalCloud]]:
    """So many, each on its own port, with the same certificate authority, deployer and folder id, and nothing else in them."""
    template = directory / "cloud-0"
    with LocalCloud(template):
        pass
    for number in range(1, count):
        shutil.copytree(template, directory / f"cloud-{number}")
    with ExitStack() as running:
        made = [running.enter_context(LocalCloud(directory / f"cloud-{number}")) for number in range(count)]
        for cloud in made:
            cloud.set(apiKeyQuota=_RAISED_QUOTA)
        yield made
