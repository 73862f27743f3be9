"""A stack of API keys on a local cloud, measured step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.local_cloud import LocalCloud
from tests.support.pulumi import as_users_have_it, engine
from tests.support.stack import Stack
from tools.bench.accounts import accounts
from tools.bench.figures import CREATE, NO_OP, REFRESH, ROTATE, Sample
from tools.bench.spent import cpu_of, spent
from tools.bench.state_file import size
from tools.local_stack.pulumi_command import command

_QUOTAS: Final = {"apiKeyQuota": 100_000, "serviceAccountQuota": 10_000}
_UNTIL_ALL_ARE_DUE: Final = "31d"
"""The default `rotateEvery` is 30 days, and `spread` only moves a rotation to an earlier time."""
UP: Final = ("up", "--yes", "--skip-preview")
ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    CREATE: UP,
    NO_OP: UP,
    REFRESH: ("refresh", "--yes", "--skip-preview"),
    ROTATE: UP,
}
"""What `pulumi` is asked for in each step, in their order in a stack's life."""


class WrongLife(Exception):
    """A step did something else than what it is to measure."""


@dataclass(frozen=True)
class Shape:
    """How many components and resources a stack has, beside itself and its providers; `changing`: how many of the resources a rotation changes."""

    components: int
    resources: int
    changing: int


class OurStack:
    """A stack of so many keys, none of them issued yet. `more`: variables for the engine on top, which may change between two steps."""

    def __init__(self, directory: Path, cloud: LocalCloud, keys: int, more: Mapping[str, str] | None = None) -> None:
        self._cloud, self._keys, self.more = cloud, keys, more or {}
        self._stack = Stack(directory, cloud)
        self._stack.write(accounts(keys))

    def life(self) -> Iterator[tuple[str, Sample]]:
        """Each step of a stack's life, one after the other. Raises CommandFailed, WrongLife."""
        for step in ARGUMENTS:
            yield step, self.step(step)

    def step(self, step: str) -> Sample:
        """One step. Raises CommandFailed, WrongLife."""
        if step == ROTATE:
            self._cloud.advance(_UNTIL_ALL_ARE_DUE)
        sample = self.measured(*ARGUMENTS[step])
        living = self._keys * (2 if step == ROTATE else 1)
        if len(self._cloud.live_keys()) != living:
            raise WrongLife(f"{step}: {len(self._cloud.live_keys())} keys live, not {living}")
        return sample

    def measured(self, *arguments: str) -> Sample:
        """What `pulumi` with these arguments takes. Raises CommandFailed."""
        environment = {**as_users_have_it(self._stack.environment), **self._cloud.environment(), **self.more}
        self._cloud.forget_calls()
        before = cpu_of(self._cloud.pid)
        taken = spent(command(engine(), *arguments), self._stack.directory, environment)
        after = cpu_of(self._cloud.pid)
        used = None if before is None or after is None else after - before
        return Sample(taken, sum(self._cloud.calls().values()), used, size(self._stack.directory / "state"))

    def shape(self) -> Shape:
        """What the engine has of it."""
        types = [str(it["type"]) for it in self._stack.resources()]
        ours = [it for it in types if not it.startswith("pulumi:")]
        components = sum(it.endswith(":ServiceAccountKeys") for it in ours)
        return Shape(components, len(ours) - components, sum(it.endswith(":ApiKey") for it in ours))


@contextmanager
def our_stack(directory: Path, keys: int, delay: int = 0, more: Mapping[str, str] | None = None) -> Iterator[OurStack]:
    """One with a cloud of its own, each of whose calls takes `delay` milliseconds longer."""
    with LocalCloud(directory / "cloud") as cloud:
        cloud.set(**_QUOTAS)
        if delay:
            cloud.faults({"method": "*", "code": "OK", "delayMs": delay, "times": -1})
        yield OurStack(directory / "stack", cloud, keys, more)
