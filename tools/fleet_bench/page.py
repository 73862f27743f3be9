"""What is kept of fleets, for a terminal and for docs/fleet.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from setup.engine.places import REPOSITORY
from tools.fleet_bench.kept import Kept
from tools.fleet_bench.tables import joined
from tools.marked_page import begin, write_between_marks

PAGE: Final = REPOSITORY / "docs" / "fleet.md"
BEGIN: Final = begin("make bench-fleet PUBLISH=1")


def text(kept: Sequence[Kept]) -> str:
    """For a terminal."""
    return "\n\n".join(
        "\n".join([*_machines(kept, table.title), table.text()]) for table in joined(each.table for each in kept)
    )


def markdown(kept: Sequence[Kept]) -> str:
    """What stands between the page's marks."""
    return "\n\n".join(
        "\n\n".join([table.markdown(), *_machines(kept, table.title)]) for table in joined(each.table for each in kept)
    )


def publish(kept: Sequence[Kept], page: Path = PAGE) -> None:
    """Writes the page's figures."""
    write_between_marks(page, markdown(kept), BEGIN)


def _machines(kept: Sequence[Kept], title: str) -> list[str]:
    """A sentence for each run of the benchmark that measured rows of the table."""
    return [each.machine.sentence for each in kept if each.table.title == title]
