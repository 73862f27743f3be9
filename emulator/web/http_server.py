"""A small HTTP/1.1 server on an event loop of its own: keep-alive, one handler for everything, the loopback only."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_LARGEST_HEAD = 64 * 1024
_LARGEST_BODY = 16 * 1024 * 1024


@dataclass(frozen=True)
class HttpRequest:
    """A request that has arrived whole."""

    method: str
    path: str
    """Without the query, percent-decoded."""
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""
    authority: str = ""
    """The host and port that the request's target names, as requests to a proxy do; empty where it is a path alone."""
    port: int = 0
    """The port that the request has come in by."""


@dataclass(frozen=True)
class HttpResponse:
    """An answer; `content` is sent as JSON."""

    status: int
    content: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Handler(Protocol):
    """What answers requests."""

    def is_quick(self, request: HttpRequest) -> bool:
        """Whether the answer takes so little that it may be made on the event loop itself."""
        ...

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The answer; never raises."""
        ...


class _BadRequest(Exception):
    """Not HTTP, or too much of it."""


class HttpServer:
    """Serves one handler from a thread of its own."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="http")
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._socket: socket.socket | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def bind(self, port: int) -> int:
        """Takes the port (0: any that is free) of the loopback; answers which. Raises OSError when it is taken."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            listener.close()
            raise OSError(f"port {port} of 127.0.0.1 is taken") from error
        self._socket = listener
        return int(listener.getsockname()[1])

    def start(self) -> None:
        """Begins to serve."""
        serving = asyncio.start_server(self._serve, sock=self._socket, limit=_LARGEST_HEAD, backlog=512)
        self._server = self._loop.run_until_complete(serving)
        self._thread.start()

    def stop(self) -> None:
        """Ends, with all connections."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        elif self._socket is not None:
            self._socket.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _close(self) -> None:
        self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection stays open."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, version, headers = _parsed(head)
            split = _split(target)
            if headers.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await _body(reader, headers)
        except (_BadRequest, asyncio.LimitOverrunError) as error:
            writer.write(_rendered(HttpResponse(400, {"error": str(error)}), keep=False, with_body=True))
            await writer.drain()
            return False
        port = int(writer.get_extra_info("sockname")[1])
        request = HttpRequest(method, unquote(split.path), parse_qs(split.query), headers, body, split.netloc, port)
        if self._handler.is_quick(request):
            response = self._handler.answer(request)
        else:
            response = await self._loop.run_in_executor(self._pool, self._handler.answer, request)
        connection = headers.get("connection", "").lower()
        keep = connection != "close" and (version != "HTTP/1.0" or connection == "keep-alive")
        writer.write(_rendered(response, keep=keep, with_body=method != "HEAD"))
        await writer.drain()
        return keep


def _parsed(head: bytes) -> tuple[str, str, str, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise _BadRequest("the request line isn't HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines[1:-2]:
        name, colon, value = line.partition(":")
        if not colon:
            raise _BadRequest("a header has no colon")
        known = headers.get(name.strip().lower())
        # Two of one name are a list (RFC 9110, 5.3): of two hosts or origins neither may hide behind the other.
        headers[name.strip().lower()] = value.strip() if known is None else f"{known}, {value.strip()}"
    return words[0].upper(), words[1], words[2], headers


def _split(target: str) -> SplitResult:
    try:
        return urlsplit(target)
    except ValueError:
        raise _BadRequest("the request's address can't be read") from None


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _chunks(reader)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or int(length) > _LARGEST_BODY:
        raise _BadRequest(f"content-length: has to be a number up to {_LARGEST_BODY}")
    return await reader.readexactly(int(length)) if int(length) else b""


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            raise _BadRequest("a chunk has no size") from None
        if size < 0 or len(body) + size > _LARGEST_BODY:
            raise _BadRequest("the body is too long")
        if size == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
            return body
        body += await reader.readexactly(size)
        await reader.readexactly(2)


def _rendered(response: HttpResponse, *, keep: bool, with_body: bool) -> bytes:
    body = json.dumps(response.content).encode() + b"\n"
    phrase = HTTPStatus(response.status).phrase
    lines = [f"HTTP/1.1 {response.status} {phrase}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body if with_body else b"")
