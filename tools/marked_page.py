"""A page of which one section is made by a command: what stands between two marks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

END: Final = "<!-- The end of what is made. -->"


def begin(command: str) -> str:
    """The mark above what that command makes."""
    return f"<!-- What follows is made by `{command}`; it is not edited by hand. -->"


def between_marks(page: str, made: str, mark: str) -> str:
    """`page` with `made` in the place of what stands between `mark` and END. Raises ValueError where they aren't there."""
    before, found, rest = page.partition(mark)
    _, end, after = rest.partition(END)
    if not found or not end:
        raise ValueError(f"the page lacks its marks {mark!r} and {END!r}")
    return f"{before}{mark}\n\n{made}\n\n{END}{after}"


def write_between_marks(page: Path, made: str, mark: str) -> None:
    """Does that to a file. Raises ValueError, the file being left as it is, and OSError."""
    page.write_text(between_marks(page.read_text(encoding="utf-8"), made, mark), encoding="utf-8")
