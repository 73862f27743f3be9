"""The APIs of both forges, as far as a pipeline calls them."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.pipelines.http_stub import Answer, Asked


class FakeForge:
    """Keeps comments and issues as both APIs show them; GitHub numbers an issue by `number`, GitLab by `iid`."""

    def __init__(self, comments: int = 0) -> None:
        self.comments: list[dict[str, Any]] = [{"id": number, "body": "a colleague"} for number in range(comments)]
        self.issues: list[dict[str, Any]] = []
        self.said: list[tuple[int, str]] = []

    def answer(self, asked: Asked) -> Answer:
        path, _, query = asked.path.partition("?")
        content = json.loads(asked.body) if asked.body else {}
        if match := re.search(r"/issues/(\d+)/(?:comments|notes)$", path):
            if "/repos/" in path and int(match[1]) == 7:
                return self._comments(asked, query, content)
            self.said.append((int(match[1]), content["body"]))
            return Answer({})
        if "comments" in path or "merge_requests" in path:
            return self._comments(asked, query, content)
        return self._issues(asked, path, content)

    def _comments(self, asked: Asked, query: str, content: dict[str, Any]) -> Answer:
        if asked.method == "GET":
            page = int(re.search(r"\bpage=(\d+)", query)[1])  # type: ignore[index]
            return Answer(self.comments[(page - 1) * 100 : page * 100])
        if asked.method == "POST":
            self.comments.append({"id": len(self.comments), **content})
        else:
            number = int(asked.path.rpartition("/")[2])
            self.comments[number].update(content)
        return Answer({})

    def _issues(self, asked: Asked, path: str, content: dict[str, Any]) -> Answer:
        if asked.method == "GET":
            return Answer([issue for issue in self.issues if issue["state"] == "open"])
        if asked.method == "POST":
            number = len(self.issues) + 10
            self.issues.append({"number": number, "iid": number, "state": "open", **content})
        else:
            self.issues[int(path.rpartition("/")[2]) - 10]["state"] = "closed"
        return Answer({})
