"""Where the demo keeps what it leaves: beside what `make up` keeps, never in it."""

from __future__ import annotations

from pathlib import Path

from tools.local_stack.places import Places


class DemoPlaces(Places):
    """As the local stack's, one folder deeper."""

    @property
    def local(self) -> Path:
        """All that a demo leaves; thrown away by the next one."""
        return self.repository / ".local" / "demo"

    @property
    def project(self) -> Path:
        """The Pulumi project of the demo: this clone's program and provider, with a stack file of its own."""
        return self.local / "project"
