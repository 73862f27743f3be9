"""A new key is tried before it counts: within its time whatever the service does, with nothing of the machine's, and no error holds its secret."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from emulator.certificates import server_certificate
from provider.yandex_keys.api_key import verification
from provider.yandex_keys.api_key.key import Verify
from provider.yandex_keys.api_key.verification import SERVICES_VARIABLE, verify
from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.errors import Cancelled, VerificationFailed

from .http_servers import Script, answer, drip, serving, silence

SECRET: Final = "AQVNxK3v9-Zq_7LmP2sT5wYbR8dFgH1jC4nQ6uEa"
SHORT: Final = timedelta(seconds=0.5)
NO_CLOUD: Any = None


@pytest.fixture(autouse=True)
def _the_services_are_the_real_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SERVICES_VARIABLE, raising=False)


def cloud(wait: Callable[[float], bool] | None = None) -> Cloud:
    return Cloud(NO_CLOUD, wait=wait or threading.Event().wait)


def refused(url: str, **wanted: Any) -> str:
    with pytest.raises(VerificationFailed) as failed:
        verify(Verify(url, **{"timeout": SHORT, **wanted}), SECRET, cloud())
    assert SECRET not in str(failed.value)
    return str(failed.value)


def test_a_key_that_its_service_accepts_counts() -> None:
    with serving(answer(204)) as server:
        verify(Verify(server.url("/a?b=c"), "POST", 204), SECRET, cloud())
    (request,) = server.requests
    assert request.startswith("POST /a?b=c HTTP/1.1\r\n")
    assert f"\r\nAuthorization: Api-Key {SECRET}\r\n" in request


def test_a_refusal_is_told_with_the_services_answer() -> None:
    with serving(answer(400, "what\n is that?\x1b[31m \u202e")) as server:
        said = refused(server.url(), timeout=timedelta(hours=1))
    assert said == (
        f"the new key was refused by GET {server.url()}: it answered 400: what is that?\\x1b[31m \\u202e; "
        "it was removed, and what was there before stays current"
    )


def test_a_key_that_is_not_known_yet_is_tried_again() -> None:
    with serving(answer(401), answer(403), answer(503), answer(200)) as server:
        verify(Verify(server.url()), SECRET, cloud(lambda seconds: False))
    assert len(server.requests) == 4


def test_a_key_that_stays_unknown_is_refused_when_the_time_is_up() -> None:
    with serving(answer(401, "unknown key")) as server:
        assert "it answered 401: unknown key" in refused(server.url())
    assert len(server.requests) > 1


HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
REFUSAL: Final = b"HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n"
NEVER_ENDING: Final[dict[str, tuple[Script, str]]] = {
    "a silent server": (silence, "it gave no answer in time"),
    "dripping headers": (drip(HEAD + b"X: ", b"x", b"\r\n\r\nOK"), "it gave no answer in time"),
    "one header after the other": (drip(HEAD, b"X: y\r\n", b"\r\nOK", 90, 0.3), "it gave no answer in time"),
    "ever more to come": (drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + b"\r\nOK"), "it gave no answer in time"),
    "a dripping body": (drip(REFUSAL, b"1\r\nx\r\n", b"0\r\n\r\n"), "it answered 400: xx"),
}


@pytest.mark.parametrize("how", NEVER_ENDING)
def test_the_time_bounds_a_service_that_never_ends(how: str) -> None:
    script, said = NEVER_ENDING[how]
    with serving(script) as server:
        assert said in refused(server.url())
        assert server.gone.wait(10), "the connection was left open"


def test_the_time_bounds_a_handshake_that_never_comes() -> None:
    with serving(silence, reads=False) as server:
        assert "it gave no answer in time" in refused(server.url(scheme="https"))


def test_the_time_bounds_a_look_up_of_the_name_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    found = threading.Event()

    def slow(*_: Any, **__: Any) -> Any:
        found.wait(30)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    assert "it gave no answer in time" in refused("https://name.example/")
    found.set()


def test_nobody_who_listens_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = refused(f"http://127.0.0.1:{port}/", timeout=timedelta(seconds=2))
    assert said.startswith(f"the new key was not verified by GET http://127.0.0.1:{port}/: it can't be reached (")


@pytest.mark.parametrize("how", NEVER_ENDING)
def test_cancelling_ends_the_call_at_once(how: str) -> None:
    cancelled = threading.Event()
    script, _ = NEVER_ENDING[how]

    def begun(connection: socket.socket) -> None:
        cancelled.set()
        script(connection)

    with serving(begun) as server:
        with pytest.raises(Cancelled):
            verify(Verify(server.url(), timeout=timedelta(hours=1)), SECRET, cloud(cancelled.wait))
        assert server.gone.wait(10), "the connection was left open"


def test_cancelling_ends_the_wait_for_the_next_try() -> None:
    with serving(answer(401)) as server, pytest.raises(Cancelled):
        verify(Verify(server.url()), SECRET, cloud(lambda seconds: seconds > 0))
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 400])
def test_of_a_body_without_end_a_few_kilobytes_are_read(status: int) -> None:
    sent = 0

    def endless(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(f"HTTP/1.1 {status} Word\r\nContent-Length: 2000000000\r\n\r\n".encode())
        while sent < 2_000_000_000:
            sent += connection.send(b"x" * 1_000_000)

    with serving(endless) as server:
        if status == 200:
            verify(Verify(server.url()), SECRET, cloud())
        else:
            assert "it answered 400: xxx" in refused(server.url(), timeout=timedelta(hours=1))
        assert server.gone.wait(10)
    assert sent < 100_000_000  # what fits into the buffers between the two


def test_a_redirect_is_not_followed_and_its_body_not_read() -> None:
    with serving(answer(200)) as sink:
        redirect = answer(302, "elsewhere", f"Location: {sink.url()}", f"Refresh: 0; url={sink.url()}")
        with serving(redirect) as server:
            said = refused(server.url(), timeout=timedelta(hours=1))
    assert "it answered 302, a redirect, which is not followed: elsewhere" in said
    assert sink.requests == []


def test_nothing_of_the_machines_goes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password theirs\ndefault login me password theirs\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(answer(200)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        with serving(answer(401, "", "Set-Cookie: session=theirs"), answer(200)) as server:
            verify(Verify(server.url()), SECRET, cloud(lambda seconds: False))
    assert proxy.requests == []
    assert len(server.requests) == 2
    for request in server.requests:
        assert f"\r\nAuthorization: Api-Key {SECRET}\r\n" in request
        assert "cookie" not in request.lower()
        assert "theirs" not in request


def test_a_certificate_that_only_the_machine_trusts_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "ca.pem"))

    def shaking_hands(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(4096)
            answer(200)(secure)

    with serving(shaking_hands, reads=False) as server:
        said = refused(f"https://localhost:{server.port}/", timeout=timedelta(hours=1))
    assert "it can't be reached (SSLError)" in said


ECHOES: Final[dict[str, Callable[[str], str]]] = {
    "as it is": lambda secret: f"Unknown api key '{secret}'",
    "its first half": lambda secret: f"Unknown api key '{secret[:20]}…'",
    "its last half": lambda secret: f"Unknown api key '…{secret[20:]}'",
}


@pytest.mark.parametrize("how", ECHOES)
def test_an_answer_that_repeats_the_key_is_not_repeated(how: str) -> None:
    with serving(answer(400, ECHOES[how](SECRET))) as server:
        said = refused(server.url(), timeout=timedelta(hours=1))
    assert not any(SECRET[at : at + 8] in said for at in range(len(SECRET) - 7))


def test_a_thread_that_fails_prints_nothing(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    with serving(lambda connection: connection.sendall(b"\x00\xff not http\r\n\r\n")) as server:
        assert "it can't be reached (" in refused(server.url(), timeout=timedelta(seconds=2))
    assert capfd.readouterr() == ("", "")


def test_calls_of_yandex_clouds_services_go_where_these_are_played(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(200)) as played:
        monkeypatch.setenv(SERVICES_VARIABLE, played.url("/services"))
        verify(Verify("https://translate.api.cloud.yandex.net/translate/v2/languages?a=b", "POST"), SECRET, cloud())
    assert played.requests[0].startswith(
        "POST /services/translate.api.cloud.yandex.net/translate/v2/languages?a=b HTTP/1.1\r\n"
    )


@pytest.mark.parametrize("services", ["https://services.example/", "http://169.254.169.254/", "nonsense"])
def test_the_services_are_played_on_this_machine_only(services: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SERVICES_VARIABLE, services)
    with pytest.raises(VerificationFailed, match="the new key was not tried"):
        verify(Verify("https://translate.api.cloud.yandex.net/"), SECRET, cloud())


@pytest.mark.parametrize("url", ["https://cloud.yandex.net.example/", "https://example.com/", "http://127.0.0.1/"])
def test_what_is_not_yandex_clouds_is_never_led_elsewhere(url: str) -> None:
    assert verification._played_at(url, "http://127.0.0.1:1/services") == url
