"""Servers on this machine that behave as no service should: each connection is answered by a script that writes to it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Server:
    """A server whose n-th connection is answered by the n-th of its scripts, and those after by the last."""

    port: int
    requests: list[str] = field(default_factory=list)
    """The head of each request, as it came."""
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when a script could write no more: the other side has closed."""

    def url(self, path: str = "/", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"


Script = Callable[[socket.socket], None]


def answer(status: int, body: bytes | str = b"", *headers: str) -> Script:
    """A whole answer."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Word", f"Content-Length: {len(content)}", *headers, "", ""]
    return lambda connection: connection.sendall("\r\n".join(lines).encode() + content)


def drip(beginning: bytes, drop: bytes, end: bytes, drops: int = 3000, every: float = 0.01) -> Script:
    """`beginning`, then a drop each hundredth of a second, and `end` after half a minute: a test that waits for it fails, and doesn't hang."""

    def script(connection: socket.socket) -> None:
        connection.sendall(beginning)
        pause = threading.Event()
        for _ in range(drops):
            connection.sendall(drop)
            pause.wait(every)
        connection.sendall(end)

    return script


def silence(connection: socket.socket) -> None:
    """Says nothing, until the other side closes, or half a minute has passed; then it accepts whatever was asked."""
    connection.settimeout(30)
    with contextlib.suppress(TimeoutError):
        while connection.recv(4096):
            pass
        raise ConnectionResetError
    answer(200)(connection)


@contextmanager
def serving(*scripts: Script, reads: bool = True) -> Iterator[Server]:
    """A server with these scripts. `reads`: whether the head of a request is waited for."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening.getsockname()[1])
        threads = []

        def serve(connection: socket.socket, script: Script) -> None:
            with connection:
                try:
                    if reads:
                        server.requests.append(_head(connection))
                    script(connection)
                except OSError:
                    server.gone.set()

        def accept() -> None:
            number = 0
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    script = scripts[min(number, len(scripts) - 1)]
                    number += 1
                    threads.append(threading.Thread(target=serve, args=(connection, script), daemon=True))
                    threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join(1)


def _head(connection: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(4096)
        if not piece:
            break
        head += piece
    return head.decode()
