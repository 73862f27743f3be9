"""Where people meet a pipeline: the comment on a pull or merge request, and an issue for what needs a human.

Both are kept single: a later preview replaces the comment's text, and a later run adds to the open issue, or closes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from pipelines.web import fetch

_PAGE = 100
TOKENS = ("GITHUB_TOKEN", "GITLAB_TOKEN")
"""The variables that open the forges' APIs: for jobs that run no program."""


@dataclass(frozen=True)
class Forge:
    """What GitHub and GitLab do alike; addresses and names differ. Every method raises WebError.

    project: as the API names it; request: the number of the pull or merge request at hand, if there is one.
    """

    api: str
    headers: Mapping[str, str]
    project: str
    request: int | None
    # Addresses, with `project`, `request`, a comment's `id` and the `title` that is looked for.
    issues: ClassVar[str]
    search: ClassVar[str]
    comments: ClassVar[str]
    one_comment: ClassVar[str]
    # What the API calls an issue's number, its text and the remarks on it; how something is changed, and an issue closed.
    number: ClassVar[str]
    text: ClassVar[str]
    remarks: ClassVar[str]
    change: ClassVar[str]
    closed: ClassVar[Mapping[str, str]]

    def comment(self, marker: str, text: str) -> bool:
        """Puts `text`, which holds `marker`, on the request at hand, in place of an earlier one; answers False where there is no request."""
        if self.request is None:
            return False
        for said in self._listed(self.comments):
            if marker in str(said.get("body") or ""):
                self._send(self.change, self.one_comment, {"body": text}, id=said["id"])
                return True
        self._send("POST", self.comments, {"body": text})
        return True

    def report(self, title: str, text: str) -> None:
        """Opens an issue, or adds to the open one of that title."""
        number = self._open_issue(title)
        if number is None:
            self._send("POST", self.issues, {"title": title, self.text: text})
        else:
            self._send("POST", f"{self.issues}/{number}/{self.remarks}", {"body": text})

    def resolve(self, title: str, text: str) -> None:
        """Says so in the open issue of that title and closes it; does nothing where there is none."""
        number = self._open_issue(title)
        if number is not None:
            self._send("POST", f"{self.issues}/{number}/{self.remarks}", {"body": text})
            self._send(self.change, f"{self.issues}/{number}", self.closed)

    def _open_issue(self, title: str) -> int | None:
        for issue in self._listed(self.issues + self.search, title=quote(title)):
            # GitHub lists pull requests as well.
            if issue.get("title") == title and "pull_request" not in issue:
                return int(issue[self.number])
        return None

    def _listed(self, path: str, **of: str) -> Iterator[dict[str, Any]]:
        """All pages of a listing."""
        joint, number = "&" if "?" in path else "?", 1
        while True:
            page = fetch("GET", f"{self._address(path, of)}{joint}per_page={_PAGE}&page={number}", headers=self.headers)
            yield from page or ()
            if len(page or ()) < _PAGE:
                return
            number += 1

    def _send(self, method: str, path: str, content: Mapping[str, str], **of: object) -> None:
        fetch(method, self._address(path, of), headers=self.headers, content=content)

    def _address(self, path: str, of: Mapping[str, object]) -> str:
        return self.api + path.format(project=self.project, request=self.request, **of)


class GitHub(Forge):
    """https://docs.github.com/rest/issues: a pull request's comments are an issue's. Needs `pull-requests: write`, `issues: write`."""

    issues, search = "/repos/{project}/issues", "?state=open"
    comments = "/repos/{project}/issues/{request}/comments"
    one_comment = "/repos/{project}/issues/comments/{id}"
    number, text, remarks = "number", "body", "comments"
    change, closed = "PATCH", {"state": "closed", "state_reason": "completed"}


class GitLab(Forge):
    """https://docs.gitlab.com/api/notes, …/issues. Needs a project access token, role Reporter, scope `api`: a job's own may do neither."""

    issues, search = "/projects/{project}/issues", "?state=opened&in=title&search={title}"
    comments = "/projects/{project}/merge_requests/{request}/notes"
    one_comment = "/projects/{project}/merge_requests/{request}/notes/{id}"
    number, text, remarks = "iid", "description", "notes"
    change, closed = "PUT", {"state_event": "close"}


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
