"""The local cloud as it answered when the scene was recorded, for commands that look into it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "recorded"
MOMENT = (RECORDED / "moment.txt").read_text().strip() if RECORDED.exists() else ""


def asked(name: str, request: Mapping[str, Any]) -> str:
    """A call and what it asked for, as one text."""
    return f"{name} {json.dumps(request, sort_keys=True)}"


class RecordedCloud:
    """Answers as `cli.cloud_login.Lookup` does, from what was recorded; counts the calls."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = json.loads((RECORDED / "cloud.json").read_text())
        self.calls: Counter[str] = Counter()
        self.deployer = str(self.answers["deployer"])

    def listed(self, name: str, items: str, request: Mapping[str, Any], about: str) -> list[dict[str, Any]]:
        self.calls[name] += 1
        return list(self.answers[asked(name, request)])

    def found(self, name: str, request: Mapping[str, Any], about: str) -> dict[str, Any] | None:
        self.calls[name] += 1
        answer: dict[str, Any] | Exception | None = self.answers.get(asked(name, request))
        if isinstance(answer, Exception):
            raise answer
        return answer

    @staticmethod
    def each(ask: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [ask(item) for item in items]
