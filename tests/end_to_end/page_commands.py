"""The commands of the pages, as a reader finds them: what stands behind `$ ` in a block of the console, with what the page shows beneath."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from setup.engine.places import REPOSITORY

# What differs each time: ids, times of day, days, spans in seconds, masked secrets, salts, ports.
_OF_THE_DAY = re.compile(
    r"\b(?:aje|b1g|e6q|abj)[a-z0-9]{17}\b|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\dZ)?)?|\d+(?:\.\d+)?s\b|\*{4}\w{6}|v1:\S+|127\.0\.0\.1:\d+"
)

# A command that stands alone, indented, as older pages have them.
_INDENTED = r"^    ((?:kubectl|make|pulumi|python3|sh|yc|yckeys) .*)$"


@dataclass(frozen=True)
class Command:
    """One command of a page. shown: the lines that the page shows of its answer."""

    page: str
    text: str
    shown: tuple[str, ...] = ()

    def missing_from(self, printed: str) -> list[str]:
        """What the page shows and no line of the answer has, whatever the day, the ids, and how the engine indents it."""
        lines = [_of_no_day(line) for line in printed.splitlines()]
        wanted = [line for line in self.shown if line.strip() not in ("", "…")]
        return [line for line in wanted if not any(_of_no_day(line) in it for it in lines)]


def _of_no_day(line: str) -> str:
    return " ".join(_OF_THE_DAY.sub("…", line).split())


def commands(page: str) -> list[Command]:
    """All of a page's, in its order. What goes on after a backslash is one command; a comment behind one is the page's, not the shell's."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^( *)```(\w*)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    spoken = [block for _, language, block in blocks if language in ("", "console")]
    found = [command for block in spoken for command in _of_block(page, textwrap.dedent(block))]
    prose = re.sub(r"^ *```\w*\n.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return found + [Command(page, _typed(line)) for line in re.findall(_INDENTED, prose, re.MULTILINE)]


def _of_block(page: str, block: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        text, _, shown = re.sub(r" *\\\n *", " ", part).partition("\n")
        yield Command(page, _typed(text), tuple(shown.splitlines()))


def _typed(text: str) -> str:
    return re.sub(r"\s{2,}# .*$", "", text).strip()


def pages() -> list[str]:
    """Every page that is for users."""
    found = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md"), *REPOSITORY.glob("*/README.md")]
    return sorted(str(Path(path).relative_to(REPOSITORY)) for path in found)
