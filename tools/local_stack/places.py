"""Where the local stack keeps what it leaves, all of it git-ignored."""

from __future__ import annotations

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
    def has_stack(self) -> bool:
        """Whether the file backend keeps this stack, as it does from its first `up` on: compressed, or as an earlier version wrote it."""
        folder = self.state / ".pulumi" / "stacks" / PROJECT
        return any((folder / f"{STACK}{suffix}").exists() for suffix in (".json", ".json.zst"))

    @property
    def virtual_environment(self) -> Path:
        """The project's `.venv`."""
        return self.repository / ".venv"
