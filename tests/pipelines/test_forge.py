"""Comments and issues, on both forges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines import forge
from pipelines.forge import Forge, GitHub, GitLab
from pipelines.web import WebError
from tests.pipelines.fake_forge import FakeForge
from tests.pipelines.http_stub import Answer, serving

MARK = "<!-- mark -->"


def on(kind: str, url: str, request: int | None = 7) -> Forge:
    if kind == "github":
        return GitHub(url, {"Authorization": "Bearer token"}, "us/keys", request)
    return GitLab(url, {"PRIVATE-TOKEN": "token"}, "42", request)


@pytest.fixture(params=["github", "gitlab"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_later_preview_replaces_the_comment_of_the_earlier(kind: str) -> None:
    fake = FakeForge(comments=150)
    with serving(fake.answer) as stub:
        assert on(kind, stub.url).comment(MARK, f"{MARK} first")
        assert on(kind, stub.url).comment(MARK, f"{MARK} second")
    assert [comment["body"] for comment in fake.comments if MARK in comment["body"]] == [f"{MARK} second"]
    assert len(fake.comments) == 151


def test_without_a_request_there_is_no_comment(kind: str) -> None:
    with serving(FakeForge().answer) as stub:
        assert not on(kind, stub.url, request=None).comment(MARK, MARK)
    assert stub.asked == []


def test_what_needs_a_human_is_one_issue_until_it_is_past(kind: str) -> None:
    fake = FakeForge()
    with serving(fake.answer) as stub:
        it = on(kind, stub.url)
        it.resolve("keys", "clean")
        it.report("keys", "first")
        it.report("keys", "second")
        it.report("other", "another")
        it.resolve("keys", "clean again")
    assert [issue["title"] for issue in fake.issues] == ["keys", "other"]
    assert fake.said == [(10, "second"), (10, "clean again")]
    assert [issue["state"] for issue in fake.issues] == ["closed", "open"]


def test_a_refusal_is_an_error_in_words(kind: str) -> None:
    with (
        serving(lambda _: Answer({"message": "Resource not accessible by integration"}, status=403)) as stub,
        pytest.raises(WebError, match="answers 403: Resource not accessible"),
    ):
        on(kind, stub.url).comment(MARK, MARK)


def test_github_is_known_by_its_variables(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_TOKEN": "token",
        "GITHUB_REPOSITORY": "us/keys",
        "GITHUB_API_URL": "https://ghe.example/api/v3",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
    }
    found = forge.find(environment)
    assert isinstance(found, GitHub)
    assert (found.api, found.project, found.request) == ("https://ghe.example/api/v3", "us/keys", 7)
    scheduled = forge.find({**environment, "GITHUB_EVENT_PATH": ""})
    assert isinstance(scheduled, GitHub)
    assert scheduled.request is None


def test_gitlab_is_known_by_its_variables() -> None:
    environment = {
        "GITLAB_CI": "true",
        "GITLAB_TOKEN": "token",
        "CI_API_V4_URL": "https://gitlab.example/api/v4",
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
    }
    found = forge.find(environment)
    assert isinstance(found, GitLab)
    assert (found.api, found.project, found.request) == ("https://gitlab.example/api/v4", "42", 7)


@pytest.mark.parametrize("environment", [{}, {"GITHUB_ACTIONS": "true"}, {"GITLAB_CI": "true", "GITLAB_TOKEN": ""}])
def test_without_a_token_there_is_no_forge(environment: dict[str, str]) -> None:
    assert forge.find(environment) is None
