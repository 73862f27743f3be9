"""A page of which one section is made by a command: what stands between two marks."""

from __future__ import annotations

from typing import Final

END: Final = "<!-- The end of what is made. -->"


def begin(command: str) -> str:
    """The mark above what that command makes."""
    return f"<!-- What follows is made by `{command}`; it is not edited by hand. -->"


def between_marks(page: str, made: str, begin: str) -> str:
    """`page` with `made` in the place of what stands between the mark `begin` and END. Raises ValueError where they aren't there."""
    before, found, rest = page.partition(begin)
    _, end, after = rest.partition(END)
    if not found or not end:
        raise ValueError(f"the page lacks its marks {begin!r} and {END!r}")
    return f"{before}{begin}\n\n{made}\n\n{END}{after}"
