"""Where the local stack keeps what it leaves, all of it git-ignored."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STACK = "local"
PROJECT = "api-keys"


@dataclass(frozen=True)
class Places:
    """The paths of one clone."""

    repository: Path

    @property
    def local(self) -> Path:
        """All that a run leaves."""
        return self.repository / ".local"

    @property
    def emulator(self) -> Path:
        """The local cloud's data, its log, and the two records of its process."""
        return self.local / "emulator"

    @property
    def ready(self) -> Path:
        """The local cloud's ready line, for whoever wants to reach it."""
        return self.emulator / "ready.json"

    @property
    def process(self) -> Path:
        """Which process the local cloud is."""
        return self.emulator / "process.json"

    @property
    def emulator_log(self) -> Path:
        """What the local cloud says while it runs."""
        return self.emulator / "emulator.log"

    @property
    def state(self) -> Path:
        """The local stack's backend."""
        return self.local / "state"

    @property
    def pulumi_home(self) -> Path:
        """The engine's home, so that the user's own is left alone."""
        return self.local / "pulumi"

    @property
    def cloud_of_state(self) -> Path:
        """Which local cloud the state was made with: its data may be thrown away and the state kept."""
        return self.state / "cloud.json"

    @property
    def stack_locks(self) -> Path:
        """Where the file backend keeps its locks of this stack."""
        return self.state / ".pulumi" / "locks" / "organization" / PROJECT / STACK

    @property
    def stack_checkpoint(self) -> Path:
        """Where the file backend keeps this stack; not there before its first `up`."""
        return self.state / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json"

    @property
    def virtual_environment(self) -> Path:
        """The project's `.venv`."""
        return self.repository / ".venv"


def write_private(path: Path, content: Mapping[str, object]) -> None:
    """Writes JSON that only the user may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(content) + "\n")
    fresh.replace(path)


def read_json(path: Path) -> dict[str, object] | None:
    """The JSON object in a file; None where there is none, or none that can be read."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None
