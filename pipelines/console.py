"""What a runner's log shows: lines for people, annotations where the runner knows them, and never a secret."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TextIO

_SHORTEST_SECRET = 6
MASK = "***"


@dataclass
class Console:
    """Writes to `stream`. On GitHub Actions, warnings and errors become annotations (its "workflow commands" page)."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    on_github: bool = False
    _secrets: set[str] = field(default_factory=set)

    def hide(self, secret: str, *, known_to_runner: bool = False) -> None:
        """From now on `secret` is shown as `***`: by us and, unless it masks its own settings anyway, by the runner."""
        if len(secret) < _SHORTEST_SECRET or secret in self._secrets:
            return
        self._secrets.add(secret)
        if self.on_github and not known_to_runner:
            for line in filter(None, secret.splitlines()):
                self._write(f"::add-mask::{_escaped(line)}")

    def masked(self, text: str) -> str:
        """`text` without any of the secrets that were hidden."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text

    def say(self, line: str) -> None:
        """One line."""
        self._write(self.masked(line))

    def warn(self, title: str, text: str) -> None:
        """Something that a human must know."""
        self._annotate("warning", title, text)

    def fail(self, title: str, text: str) -> None:
        """Something that went wrong."""
        self._annotate("error", title, text)

    def _annotate(self, kind: str, title: str, text: str) -> None:
        title, text = self.masked(title), self.masked(text.strip())
        if self.on_github:
            self._write(f"::{kind} title={_escaped(title, property_value=True)}::{_escaped(text)}")
        else:
            self._write(f"{kind}: {title}: {text}")

    def _write(self, line: str) -> None:
        print(line, file=self.stream, flush=True)


def _escaped(text: str, *, property_value: bool = False) -> str:
    """As workflow commands want it; commas and colons end a property's value."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if property_value else text
