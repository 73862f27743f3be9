"""Pages and pictures that commands fill in; whatever a name or a description holds comes out as text."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli.words import counted, length, moment

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

FOLDER: Final = Path(__file__).parent


@cache
def environment() -> Environment:
    """The templates, with the words for times and counts."""
    # Other commands don't pay for it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, object] = {"moment": moment, "length": length, "counted": counted, "coded": _coded}
    made.filters.update(filters)
    return made


def _coded(words: str) -> Markup:
    """`words` with what stands between backticks set as code."""
    from markupsafe import Markup

    parts = [Markup("<code>{}</code>" if at % 2 else "{}").format(part) for at, part in enumerate(words.split("`"))]
    return Markup("").join(parts)
