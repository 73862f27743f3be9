"""What an emulator's first start makes in its folder (authority, certificate, the deployer's key): made once by each test process, and copied.

Finding the primes of the deployer's key takes longer than all else that a start does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from emulator.server import start


def as_first_started(directory: Path) -> Path:
    """The folder, which may not be there yet, as an emulator leaves it that was started on it and stopped."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, (mode, content) in _made().items():
        file = directory / name
        file.touch(mode)
        file.write_bytes(content)
    return directory


@cache
def _made() -> Mapping[str, tuple[int, bytes]]:
    with tempfile.TemporaryDirectory() as temporary:
        start(temporary).stop()
        # Its ports are the next emulator's own matter.
        files = [file for file in Path(temporary).iterdir() if file.name not in ("lock", "ports.json")]
        return {file.name: (file.stat().st_mode & 0o777, file.read_bytes()) for file in files}
