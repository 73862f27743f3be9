"""The HTTP port of the loopback: waitress serves it, and one function answers every request."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import create_server

from emulator.loopback import bound_socket

_LIMITS: Final = {"max_request_header_size": 64 * 1024, "max_request_body_size": 16 * 1024 * 1024}
_MOST_CONNECTIONS: Final = 4096
"""As many as clients open; beyond select's 1,024 it takes poll."""
_UNPREFIXED: Final = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}
"""The headers that WSGI names without HTTP_."""


@dataclass(frozen=True)
class HttpRequest:
    """A request that has arrived whole."""

    method: str
    path: str
    """Without the query, percent-decoded."""
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Names in lower case. Of two hosts or origins neither hides behind the other: they are a list (RFC 9110, 5.3)."""
    body: bytes = b""
    authority: str = ""
    """The host and port that the request's target names, as requests to a proxy do; empty where it is a path alone."""
    port: int = 0
    """The port that the request has come in by."""


@dataclass(frozen=True)
class HttpResponse:
    """An answer; `content` is sent as JSON."""

    status: int
    content: object
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpServer:
    """Serves `answer`, which never raises, from threads of its own."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer
        # Its warnings tell of nothing but load.
        logging.getLogger("waitress").setLevel(logging.ERROR)

    def bind(self, port: int) -> int:
        """Takes the port (0: any that is free) of the loopback; answers which. Raises OSError when it is taken."""
        self._server = create_server(
            self._application,
            sockets=[bound_socket(port)],
            ident=None,
            threads=8,
            connection_limit=_MOST_CONNECTIONS,
            asyncore_use_poll=True,
            **_LIMITS,
        )
        self._server.channel_class = _Channel
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)
        return int(self._server.effective_port)

    def start(self) -> None:
        """Begins to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, with all connections."""
        # First those who answer, as what they write wakes the thread that sends; then that one, which ends where it
        # watches nothing any more. It closes nothing itself, for who wakes it still writes to one of the connections.
        self._server.task_dispatcher.shutdown()
        watched = self._server._map
        connections: dict[int, wasyncore.dispatcher] = {}

        def watch_nothing() -> None:
            connections.update(watched)
            watched.clear()

        if self._thread.is_alive():
            self._server.trigger.pull_trigger(watch_nothing)
            self._thread.join()
        else:
            watch_nothing()
        wasyncore.close_all(connections)

    def _application(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = self._answer(_request(environ))
        content = json.dumps(response.content).encode() + b"\n"
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **response.headers}
        start_response(f"{response.status} {HTTPStatus(response.status).phrase}", list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    def parse_header(self, header_plus: bytes) -> None:
        """Takes a method in small letters, and answers an address that can't be read: waitress drops the connection."""
        method, space, rest = header_plus.partition(b" ")
        try:
            super().parse_header(method.upper() + space + rest)
        except ValueError:
            raise ParsingError("Bad URI") from None


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser


def _request(environ: WSGIEnvironment) -> HttpRequest:
    target = urlsplit(environ["REQUEST_URI"])
    headers = {name: environ[key] for key, name in _UNPREFIXED.items() if key in environ}
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            headers[key.removeprefix("HTTP_").replace("_", "-").lower()] = value
    return HttpRequest(
        method=environ["REQUEST_METHOD"],
        path=unquote(target.path),
        query=parse_qs(target.query),
        headers=headers,
        body=environ["wsgi.input"].read(),
        authority=target.netloc,
        port=int(environ["SERVER_PORT"]),
    )
