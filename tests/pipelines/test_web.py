"""A token goes to whom it is for, and to nobody else."""

from __future__ import annotations

import pytest

from pipelines.web import WebError, fetch
from tests.pipelines.http_stub import Answer, serving


def test_a_redirect_is_not_followed() -> None:
    with (
        serving(lambda _: Answer()) as elsewhere,
        serving(lambda _: Answer(status=302, headers={"Location": elsewhere.url})) as stub,
    ):
        with pytest.raises(WebError, match="answers 302"):
            fetch("GET", stub.url, headers={"Authorization": "Bearer token"})
        assert elsewhere.asked == []


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(lambda _: Answer({"a": 1})) as stub:
        assert fetch("GET", stub.url, headers={}) == {"a": 1}


def test_plain_http_is_for_this_machine_alone() -> None:
    with pytest.raises(WebError, match="only https"):
        fetch("GET", "http://example.invalid/", headers={})


def test_what_cannot_be_reached_or_read_is_said_in_words() -> None:
    with pytest.raises(WebError, match=r"127.0.0.1 can't be reached"):
        fetch("GET", "http://127.0.0.1:1/", headers={})
    with (
        serving(lambda _: Answer(raw=b"<html>")) as stub,
        pytest.raises(WebError, match="something other than JSON"),
    ):
        fetch("GET", stub.url, headers={})


def test_an_empty_answer_is_none() -> None:
    with serving(lambda _: Answer(raw=b"", status=204)) as stub:
        assert fetch("DELETE", stub.url, headers={}) is None
