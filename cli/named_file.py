"""A file that an option names, and that can't be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.exit_codes import CouldNotLook


@contextmanager
def writing(option: str, file: Path) -> Iterator[None]:
    """Writes it in the block. Raises CouldNotLook, naming `option` and file, where the system refuses."""
    try:
        yield
    except OSError as error:
        raise CouldNotLook(f"{option} {file}: can't be written: {error.strerror}") from None
