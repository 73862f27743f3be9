"""The engine's own time: the steps of a stack's life with a bare program and a provider that does nothing, and as many resources."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import yaml

from setup.engine.places import REPOSITORY
from tests.support.fresh_stack import initialise
from tests.support.pulumi import as_users_have_it, engine, engine_environment
from tools.bench.figures import ROTATE, Sample
from tools.bench.our_stack import ARGUMENTS, Shape
from tools.bench.spent import spent
from tools.bench.state_file import size
from tools.local_stack.pulumi_command import command

_PROJECT: Final = Path(__file__).parent / "bare"
_STACK: Final = "bare"


class BareStack:
    """A stack of that shape, in which nothing is made yet. `more`: variables for the engine on top, which may change between two steps."""

    def __init__(self, directory: Path, shape: Shape, more: Mapping[str, str] | None = None) -> None:
        self.directory, self._shape, self.more = directory, shape, more or {}
        (directory / "stacks").mkdir(parents=True)
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(_PROJECT / name, directory / name)
        (directory / "provider").symlink_to(_PROJECT / "provider", target_is_directory=True)
        (directory / ".venv").symlink_to(REPOSITORY / ".venv", target_is_directory=True)
        self.environment = as_users_have_it(engine_environment(directory))
        initialise(directory, _STACK)
        self._write("first")

    def life(self) -> Iterator[tuple[str, Sample]]:
        """The same steps as in the life of a stack of API keys. Raises CommandFailed."""
        for step in ARGUMENTS:
            yield step, self.step(step)

    def step(self, step: str) -> Sample:
        """One step. Raises CommandFailed."""
        if step == ROTATE:
            self._write("second")
        return self.measured(*ARGUMENTS[step])

    def measured(self, *arguments: str) -> Sample:
        """What `pulumi` with these arguments takes. Raises CommandFailed."""
        taken = spent(command(engine(), *arguments), self.directory, {**self.environment, **self.more})
        return Sample(taken, state=size(self.directory / "state"))

    def _write(self, turn: str) -> None:
        shape = self._shape
        settings = {"components": shape.components, "things": shape.resources, "changing": shape.changing, "turn": turn}
        file = self.directory / "stacks" / f"Pulumi.{_STACK}.yaml"
        kept = (yaml.safe_load(file.read_text()) or {}) if file.exists() else {}
        config = {f"bare:{name}": str(value) for name, value in settings.items()}
        file.write_text(yaml.safe_dump({**kept, "config": config}))
