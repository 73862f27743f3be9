"""Getting `promtool`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from setup.engine.places import REPOSITORY
from tools import go_command

PACKAGE: Final = "github.com/prometheus/prometheus/cmd/promtool"
_MODULE: Final = Path(__file__).parent
_COMMAND: Final = REPOSITORY / ".local" / "promtool" / "promtool"


def build(environment: Mapping[str, str], *, download: bool) -> Path:
    """Builds it, some minutes when done for the first time; answers its path.

    `download`: whether Go may fetch modules. Raises go_command.CommandMissing and go_command.BuildFailed.
    """
    return go_command.build(
        PACKAGE,
        _COMMAND,
        _MODULE,
        environment,
        download=download,
        what="Prometheus' promtool",
        fetched_by="make test",
        # Without the clients of twenty clouds, which find targets and judge no rule, it is half as large.
        options=["-mod=readonly", "-tags", "remove_all_sd", "-ldflags", "-s -w"],
    )
