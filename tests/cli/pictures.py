"""`python -m tests.cli.pictures`: makes the README's picture of the report anew, of the recorded scene. It needs Chromium."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from setup.engine.places import REPOSITORY
from tests.cli.browser import chromium, opened
from tests.cli.recorded_cloud import MOMENT, RECORDED, RecordedCloud

PICTURE = REPOSITORY / "docs" / "images" / "report.png"
_SIZE = (1100, 860)


def main() -> int:
    """Exit code 1 where there is no Chromium."""
    if chromium() is None:
        print("no Chromium on PATH: it makes the picture of the page", file=sys.stderr)
        return 1
    from cli import cloud_login
    from cli.app import app

    cloud = RecordedCloud()

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
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "keys.html"
        command = ["report", "--cloud", "--project", str(RECORDED), "--html", str(page)]
        done = CliRunner().invoke(app, command, env=environment)
        assert done.exit_code == 0, done.output
        PICTURE.parent.mkdir(exist_ok=True)
        opened(page, f"--screenshot={PICTURE}", size=_SIZE)
    print(f"wrote {PICTURE.relative_to(REPOSITORY)}, {PICTURE.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
