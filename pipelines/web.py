"""JSON over HTTPS, with a deadline.

By the standard library on purpose: `comment` and `tell` hold the forge's token, and so install no package and run none; `preview` and `up` log
in from the same bare Python, since their process began before there was an environment. Of the machine it takes the proxy and the certificate
authorities that the runner has set, as the whole job does, and nothing else: no `.netrc`, no cookies.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

_SECONDS = 20.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class WebError(Exception):
    """An address could not be reached or refused; the message has its host and what it said, and no secret of ours.

    status: what it answered; 0 where nothing did.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send our token on to wherever an answer points."""

    def redirect_request(self, *args: object, **more: object) -> None:
        return None


def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: Mapping[str, object] | None = None,
    form: bool = False,
) -> Any:
    """The JSON that `url` answers (None for nothing); `content` goes out as JSON, or as a form. Raises WebError."""
    sent = dict(headers)
    body = None
    if content is not None:
        body = (urllib.parse.urlencode(content) if form else json.dumps(content)).encode()
        sent["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
    text = ask(method, url, sent, body)
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        raise WebError(f"{urllib.parse.urlsplit(url).hostname} answers something other than JSON") from None


def ask(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> str:
    """The text that `url` answers to `body`. Raises WebError."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise WebError(f"{parts.scheme}://{parts.hostname} is not asked: only https, or this machine's own loopback")
    request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if parts.hostname in _LOOPBACK:
        # A runner's proxy knows nothing of this machine's own loopback.
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=_SECONDS) as answer:
            return str(answer.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        with error:
            raise WebError(f"{parts.hostname} answers {error.code}: {_reason(error.read())}", error.code) from None
    except OSError as error:
        raise WebError(f"{parts.hostname} can't be reached: {getattr(error, 'reason', error)}") from None


def _reason(body: bytes) -> str:
    """The words that an error came with, whichever member its API puts them in."""
    text = body.decode(errors="replace").strip()
    try:
        said = json.loads(text)
    except ValueError:
        return text[:300] or "no reason given"
    if isinstance(said, dict):
        for name in ("error_description", "message", "error"):
            if said.get(name):
                return str(said[name])[:300]
    return text[:300]
