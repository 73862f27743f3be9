"""The HTTP port: what is no HTTP, or too much of it, is refused; connections stay open until the emulator ends."""

from __future__ import annotations

import socket
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from emulator.web.http_server import HttpResponse, HttpServer
from tests.emulator.local import Local

_MIB = 1024 * 1024


def _status(local: Local, request: str) -> int:
    """The status that is answered to a request written by hand; `HOST` stands for the emulator's own name."""
    address = local.http.removeprefix("http://")
    with socket.create_connection(
        (address.partition(":")[0], int(address.partition(":")[2])), timeout=20
    ) as connection:
        connection.sendall(request.replace("HOST", address).replace("\n", "\r\n").encode())
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET /admin/clock HTTP/1.1\nHost: HOST\n\n", 200),
        ("nonsense\n\n", 400),
        ("GET /admin/clock HTTP/1.1\nHost: HOST\nno colon\n\n", 400),
        ("POST /admin/clock HTTP/1.1\nHost: HOST\nContent-Length: many\n\n", 400),
        ("POST /admin/clock HTTP/1.1\nHost: HOST\nContent-Length: -1\n\n", 400),
        ("POST /admin/clock HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\nnone\n", 400),
        (f"POST /admin/clock HTTP/1.1\nHost: HOST\nContent-Length: {17 * _MIB}\n\n", 413),
        (f"GET /admin/clock HTTP/1.1\nHost: HOST\nX-Long: {'x' * 70_000}\n\n", 431),
    ],
)
def test_what_is_no_http_or_too_much_of_it_is_refused(local: Local, request_text: str, status: int) -> None:
    assert _status(local, request_text) == status
    assert local.admin("GET", "clock")["offsetSeconds"] == pytest.approx(0)


def test_no_answer_says_what_serves_it(local: Local) -> None:
    for path in ("/", "/admin/clock", "/nowhere"):
        headers = requests.get(f"{local.http}{path}", timeout=20).headers
        assert {name.lower() for name in headers} <= {"content-type", "content-length", "date", "connection"}, path


def test_a_client_that_asks_first_is_told_to_go_on(local: Local) -> None:
    address = local.http.removeprefix("http://")
    with socket.create_connection(
        (address.partition(":")[0], int(address.partition(":")[2])), timeout=20
    ) as connection:
        head = f"POST /admin/clock HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 17\r\nExpect: 100-continue\r\n\r\n".encode())
        answers = connection.makefile("rb")
        assert answers.readline().split()[1] == b"100"
        answers.readline()
        connection.sendall(b'{"advance": "1d"}')
        assert answers.readline().split()[1] == b"200"


def test_a_connection_serves_many_requests_and_ends_with_the_emulator(tmp_path: Path) -> None:
    local = Local(tmp_path)
    connection = HTTPConnection(local.http.removeprefix("http://"), timeout=20)
    for _ in range(3):
        connection.request("GET", "/admin/clock")
        assert connection.getresponse().read()
    opened = connection.sock
    local.stop()
    assert opened.recv(1) == b""
    connection.close()
    again = Local(tmp_path)
    assert again.http == local.http
    again.stop()


def test_it_ends_also_where_an_answer_that_is_just_sent_has_woken_it_first(monkeypatch: pytest.MonkeyPatch) -> None:
    server = HttpServer(lambda _: HttpResponse(200, {}))
    port = server.bind(0)
    server.start()
    trigger = server._server.trigger
    wake = trigger._physical_pull

    def wake_after_another() -> None:
        wake()
        server._thread.join()
        wake()

    monkeypatch.setattr(trigger, "_physical_pull", wake_after_another)
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=20)
