"""Where people meet a pipeline: the comment on a pull or merge request, and an issue for what needs a human.

Both are kept single: a later preview replaces the comment's text, and a later run adds to the open issue, or closes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from pipelines.web import fetch

_PAGE = 100
TOKENS = ("GITHUB_TOKEN", "GITLAB_TOKEN")
"""The variables that open the forges' APIs: for jobs that run no program."""


class Forge(Protocol):
    """What GitHub and GitLab have in common here. Every method raises WebError."""

    def comment(self, marker: str, text: str) -> bool:
        """Puts `text`, which holds `marker`, on the request at hand; answers False where there is none."""

    def open_issue(self, title: str) -> int | None:
        """The number of the open issue of that very title."""

    def report(self, title: str, text: str) -> None:
        """Opens an issue, or adds to the open one of that title."""

    def resolve(self, title: str, text: str) -> None:
        """Says so in the open issue of that title and closes it; does nothing where there is none."""


@dataclass(frozen=True)
class _Rest:
    """The moves that both APIs make alike; the addresses differ."""

    api: str
    headers: Mapping[str, str]

    def _call(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
        return fetch(method, f"{self.api}{path}", headers=self.headers, content=content)

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        joint, number = "&" if "?" in path else "?", 1
        while True:
            page = self._call("GET", f"{path}{joint}per_page={_PAGE}&page={number}") or []
            yield from page
            if len(page) < _PAGE:
                return
            number += 1

    def _put_comment(self, listing: str, one: str, change: str, marker: str, text: str) -> bool:
        for said in self._all(listing):
            if marker in str(said.get("body") or ""):
                self._call(change, one.format(said["id"]), {"body": text})
                return True
        self._call("POST", listing, {"body": text})
        return True


@dataclass(frozen=True)
class GitHub(_Rest):
    """https://docs.github.com/rest/issues: a pull request's comments are an issue's. Needs `pull-requests: write`, `issues: write`."""

    repository: str
    request: int | None

    def comment(self, marker: str, text: str) -> bool:
        if self.request is None:
            return False
        comments = f"/repos/{self.repository}/issues/comments/{{}}"
        listing = f"/repos/{self.repository}/issues/{self.request}/comments"
        return self._put_comment(listing, comments, "PATCH", marker, text)

    def open_issue(self, title: str) -> int | None:
        for issue in self._all(f"/repos/{self.repository}/issues?state=open"):
            if issue.get("title") == title and "pull_request" not in issue:
                return int(issue["number"])
        return None

    def report(self, title: str, text: str) -> None:
        number = self.open_issue(title)
        if number is None:
            self._call("POST", f"/repos/{self.repository}/issues", {"title": title, "body": text})
        else:
            self._call("POST", f"/repos/{self.repository}/issues/{number}/comments", {"body": text})

    def resolve(self, title: str, text: str) -> None:
        number = self.open_issue(title)
        if number is not None:
            self._call("POST", f"/repos/{self.repository}/issues/{number}/comments", {"body": text})
            closed = {"state": "closed", "state_reason": "completed"}
            self._call("PATCH", f"/repos/{self.repository}/issues/{number}", closed)


@dataclass(frozen=True)
class GitLab(_Rest):
    """https://docs.gitlab.com/api/notes, …/issues. Needs a project access token, role Reporter, scope `api`: a job's own may do neither."""

    project: str
    request: int | None

    def comment(self, marker: str, text: str) -> bool:
        if self.request is None:
            return False
        listing = f"/projects/{self.project}/merge_requests/{self.request}/notes"
        return self._put_comment(listing, f"{listing}/{{}}", "PUT", marker, text)

    def open_issue(self, title: str) -> int | None:
        for issue in self._all(f"/projects/{self.project}/issues?state=opened&in=title&search={quote(title)}"):
            if issue.get("title") == title:
                return int(issue["iid"])
        return None

    def report(self, title: str, text: str) -> None:
        number = self.open_issue(title)
        if number is None:
            self._call("POST", f"/projects/{self.project}/issues", {"title": title, "description": text})
        else:
            self._call("POST", f"/projects/{self.project}/issues/{number}/notes", {"body": text})

    def resolve(self, title: str, text: str) -> None:
        number = self.open_issue(title)
        if number is not None:
            self._call("POST", f"/projects/{self.project}/issues/{number}/notes", {"body": text})
            self._call("PUT", f"/projects/{self.project}/issues/{number}", {"state_event": "close"})


def find(environment: Mapping[str, str]) -> Forge | None:
    """The forge whose runner this is, where it gave us a token; None elsewhere."""
    if environment.get("GITHUB_ACTIONS") == "true" and environment.get("GITHUB_TOKEN"):
        headers = {
            "Authorization": f"Bearer {environment['GITHUB_TOKEN']}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        api = environment.get("GITHUB_API_URL") or "https://api.github.com"
        return GitHub(api, headers, environment["GITHUB_REPOSITORY"], _pull_request(environment))
    if environment.get("GITLAB_CI") == "true" and environment.get("GITLAB_TOKEN"):
        request = environment.get("CI_MERGE_REQUEST_IID")
        headers = {"PRIVATE-TOKEN": environment["GITLAB_TOKEN"]}
        return GitLab(
            environment["CI_API_V4_URL"], headers, environment["CI_PROJECT_ID"], int(request) if request else None
        )
    return None


def _pull_request(environment: Mapping[str, str]) -> int | None:
    """Its number, from the event that started the workflow."""
    try:
        event = json.loads(Path(environment.get("GITHUB_EVENT_PATH", "")).read_text(encoding="utf-8"))
        return int(event["pull_request"]["number"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
