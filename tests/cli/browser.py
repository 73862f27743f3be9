"""Chromium without a window, where there is one: opens a page in a colour and a width, without any network."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
# A container has neither the kernel's rights for Chromium's own sandbox nor much shared memory.
_QUIET: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
    "--enable-logging=stderr",
)


def chromium() -> str | None:
    """Where it is; None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def framed(page: Path, width: int, height: int) -> Path:
    """A page with `page` in a frame of that size: Chromium's own window is never narrower than 500. What the frame tells stands in it as `#seen`."""
    around = page.with_name(f"{page.stem}-{width}.html")
    around.write_text(
        '<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        "<script>addEventListener('message', (it) => { document.getElementById('seen').textContent = it.data; });</script>"
        f'<body style="margin:0"><iframe src="{page.name}" style="border:0;display:block;width:{width}px;height:{height}px">'
        '</iframe><pre id="seen" hidden></pre></body>',
        encoding="utf-8",
    )
    return around


def opened(page: Path, *arguments: str, dark: bool = False, size: tuple[int, int] = (1280, 1000)) -> tuple[str, str]:
    """What Chromium prints of `page`, and what it says beside, its console among it."""
    program = chromium()
    assert program is not None
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [
                program,
                *_QUIET,
                f"--user-data-dir={profile}",
                f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                f"--window-size={size[0]},{size[1]}",
                *arguments,
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
    return done.stdout, done.stderr
