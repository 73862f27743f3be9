"""Getting `pulumi-language-yaml`, which the engine finds on PATH."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from setup.engine.places import REPOSITORY
from tools import go_command

PACKAGE: Final = "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
_MODULE: Final = Path(__file__).parent
_COMMAND: Final = REPOSITORY / ".local" / "yaml-host" / "pulumi-language-yaml"


def build(environment: Mapping[str, str], *, download: bool) -> Path:
    """Builds the host, about 4 minutes when done for the first time; answers its path.

    `download`: whether Go may fetch modules. Raises go_command.CommandMissing and go_command.BuildFailed.
    """
    return go_command.build(
        PACKAGE,
        _COMMAND,
        _MODULE,
        environment,
        download=download,
        what="Pulumi's YAML language host",
        fetched_by="make test",
        # Without the tables for debuggers it is a third smaller.
        options=["-mod=readonly", "-ldflags", "-s -w"],
    )
