"""Parts of a fleet for jobs of a runner's matrix: stacks that wait for each other are in one part, and parts are about as large as each other."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.fleet_file import FleetFile
from pipelines.settings import BadSetting

_MOST = 256
_SHARD = re.compile(r"(\d{1,3})/(\d{1,3})")


def names(stacks: Sequence[str], file: FleetFile, count: int) -> list[str]:
    """`count` parts by the names that `of` takes, or as many as have a stack."""
    file.check(stacks)
    parts = _parts(stacks, file, count)
    return [f"{number}/{count}" for number, part in enumerate(parts, 1) if part]


def of(name: str, stacks: Sequence[str], file: FleetFile) -> list[str]:
    """The stacks of the part `2/4`, in their order. Raises BadSetting."""
    match = _SHARD.fullmatch(name)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 0 < number <= count <= _MOST:
        raise BadSetting(f"--shard is {name!r}: give a part and how many there are, such as 2/4")
    part = _parts(stacks, file, count)[number - 1]
    return [stack for stack in stacks if stack in part]


def _parts(stacks: Sequence[str], file: FleetFile, count: int) -> list[set[str]]:
    """The largest group first, each to the part that has the fewest: the same for the same stacks, whoever asks."""
    parts: list[set[str]] = [set() for _ in range(count)]
    for group in sorted(_groups(stacks, file), key=lambda each: (-len(each), min(each))):
        min(parts, key=len).update(group)
    return parts


def _groups(stacks: Sequence[str], file: FleetFile) -> list[set[str]]:
    """Stacks that wait for each other, however far apart."""
    groups: list[set[str]] = []
    for stack in stacks:
        joined = {stack, *(each for stage in file.before(stack, stacks) for each in stage)}
        apart = [group for group in groups if not group & joined]
        groups = [*apart, joined.union(*(group for group in groups if group & joined))]
    return groups
