"""`python -m tests.cli.pictures`: makes the README's pictures anew, that of the inventory of the recorded scene.

That of the report shows windows and freezes too, so the scene is told again with them, by the real engine on a local cloud; and it needs Chromium.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from rich.console import Console
from typer.testing import CliRunner

from setup.engine.places import REPOSITORY
from tests.cli.browser import chromium, opened
from tests.cli.recorded_cloud import MOMENT, RECORDED, RecordedCloud
from tests.cli.scene import PROD_WITH_CALENDARS, world

IMAGES = REPOSITORY / "docs" / "images"
PICTURE = IMAGES / "report.png"
TERMINAL = IMAGES / "inventory.svg"
_SIZE = (1100, 860)
_COLUMNS = 150
# Rich would have a browser fetch its font from somewhere.
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


@contextmanager
def recorded_world() -> Iterator[dict[str, str | None]]:
    """The environment for commands on the recorded scene, whose cloud answers them meanwhile."""
    from cli import cloud_login

    cloud, real = RecordedCloud(), cloud_login.cloud_of

    @contextmanager
    def recorded(*_: Any) -> Iterator[RecordedCloud]:
        yield cloud

    cloud_login.cloud_of = recorded  # type: ignore[assignment]
    environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("PULUMI_", "YC_"))}
    environment |= {
        "PULUMI_BACKEND_URL": f"file://{RECORDED / 'state'}",
        "YANDEX_KEYS_AS_OF": MOMENT,
        "YC_CLOUD_ID": cloud.answers["cloudId"],
        "YC_FOLDER_ID": cloud.answers["folderId"],
    }
    try:
        yield environment
    finally:
        cloud_login.cloud_of = real


def inventory_picture() -> str:
    """What `yckeys inventory --cloud` shows on a terminal, as an SVG."""
    from cli.app import app
    from cli.commands import inventory

    screen = Console(
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        width=_COLUMNS,
        record=True,
        highlight=False,
        soft_wrap=True,
        markup=False,
        emoji=False,
    )
    command = ["inventory", "--cloud", "--project", str(RECORDED)]
    with recorded_world() as environment, mock.patch.object(inventory, "console", return_value=screen):
        done = CliRunner().invoke(app, command, env={**environment, "COLUMNS": str(_COLUMNS)})
    assert done.exit_code == 0, done.output
    # With an id of its own, the same picture is the same byte by byte.
    return _FONTS.sub("", screen.export_svg(title="yckeys inventory --cloud", unique_id="yckeys"))


def main() -> int:
    """Exit code 1 where there is no Chromium."""
    IMAGES.mkdir(exist_ok=True)
    TERMINAL.write_text(inventory_picture(), encoding="utf-8")
    _say(TERMINAL)
    if chromium() is None:
        print("no Chromium on PATH: it makes the picture of the page", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), PROD_WITH_CALENDARS) as told:
        page = Path(folder) / "keys.html"
        subprocess.run(
            [sys.executable, "-m", "cli", "report", "--cloud", "--html", str(page)],
            cwd=told.stack.directory,
            env={**told.environment(), "PYTHONPATH": str(REPOSITORY), "YANDEX_KEYS_AS_OF": told.cloud.now()},
            check=True,
            capture_output=True,
        )
        opened(page, f"--screenshot={PICTURE}", size=_SIZE)
    _say(PICTURE)
    return 0


def _say(picture: Path) -> None:
    print(f"wrote {picture.relative_to(REPOSITORY)}, {picture.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
