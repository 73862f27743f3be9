"""What a runner's log shows: lines for people, annotations where the runner knows them, and never a secret."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from typing import TextIO

from pipelines.secrets import SHORTEST, forms

MASK = "***"


@dataclass
class Console:
    """Writes to `stream`. On GitHub Actions, warnings and errors become annotations (its "workflow commands" page)."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    on_github: bool = False
    _hidden: set[str] = field(default_factory=set)
    _forms: list[str] = field(default_factory=list)
    """All that is masked, longest first, so that no part of a secret stays."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    """Stacks that are brought up at once write to one log, and each hides what it got."""

    def hide(self, secret: str, *, known_to_runner: bool = False) -> None:
        """From now on `secret` is shown as `***` in all its forms: by us and, unless it masks its own settings anyway, by the runner."""
        with self._lock:
            if len(secret) < SHORTEST or secret in self._hidden:
                return
            self._hidden.add(secret)
            self._forms = sorted({*self._forms, *forms(secret)}, key=lambda form: (-len(form), form))
        if self.on_github and not known_to_runner:
            for line in filter(None, secret.splitlines()):
                self._write(f"::add-mask::{_escaped(line)}")

    def masked(self, text: str) -> str:
        """`text` without any of the secrets that were hidden."""
        for form in self._forms:
            text = text.replace(form, MASK)
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
        # Control characters of a program's output could move the terminal's cursor, and overwrite earlier lines.
        shown = "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in line)
        with self._lock:
            print(shown, file=self.stream, flush=True)


def _escaped(text: str, *, property_value: bool = False) -> str:
    """As workflow commands want it; commas and colons end a property's value."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if property_value else text
