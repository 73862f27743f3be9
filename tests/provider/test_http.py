"""Sessions that carry credentials: what goes along with a request, and where it may go at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from provider.yandex_keys.errors import ConfigurationError
from provider.yandex_keys.http import address, is_link_local, is_loopback, proxy_for, session
from tests.pipelines.http_stub import Answer, Asked, Stub, serving

PROXY = "http://proxy.example:3128"
EXCHANGE = "https://auth.example/oauth/token"
BEARER = {"Authorization": "Bearer ours"}


@pytest.fixture
def sink() -> Iterator[Stub]:
    with serving(lambda asked: Answer({"said": "nothing"}, headers={"Set-Cookie": "who=we"})) as stub:
        yield stub


def test_nothing_of_the_machine_goes_along(sink: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    with session(sink.url) as opened:
        opened.get(sink.url, headers=BEARER)
        opened.get(sink.url)
    first, second = sink.asked
    assert first.headers["authorization"] == "Bearer ours"
    assert "authorization" not in second.headers
    assert "cookie" not in second.headers


def test_plain_http_never_goes_through_a_proxy(sink: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda asked: Answer({"access_token": "forged"})) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with session(sink.url) as opened:
            assert opened.get(sink.url).json() == {"said": "nothing"}
        assert proxy.asked == []


def test_https_goes_through_the_proxy_as_a_tunnel() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        heard = pool.submit(refused_tunnel, listening)
        proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{listening.getsockname()[1]}"}
        with session(EXCHANGE, proxy) as opened, pytest.raises(requests.ConnectionError):
            opened.post(EXCHANGE, data={"subject_token": "ours"}, headers=BEARER, timeout=5)
        assert heard.result().startswith(b"CONNECT auth.example:443 ")
        assert b"ours" not in heard.result()


def refused_tunnel(listening: socket.socket) -> bytes:
    caller, _ = listening.accept()
    with caller:
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += caller.recv(65_536)
        caller.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        return heard


@pytest.mark.parametrize("follow", [True, False])
def test_no_redirect_is_followed_whatever_the_call_says(sink: Stub, follow: bool) -> None:
    def redirect(asked: Asked) -> Answer:
        return Answer(status=307, headers={"Location": sink.url})

    with serving(redirect) as stub:
        with session(stub.url) as opened:
            assert opened.post(stub.url, data={"a": "b"}, allow_redirects=follow).status_code == 307
        assert len(stub.asked) == 1
    assert sink.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://auth.example/oauth/token",
        "http://10.0.0.1/",
        "http://127.1/",
        "http://localhost.example/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://somebody:else@auth.example/",
        "https://auth.example:port/",
        "https://auth.yandex.cloud\\@auth.example/",
        "https://auth.example/a b",
        "https://[::1",
        "",
    ],
)
def test_a_credential_goes_nowhere_else(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        session(url)
    assert "else" not in str(raised.value)


def test_where_plain_http_may_go() -> None:
    for url in (
        "http://127.0.0.1:80/",
        "http://[::1]:80/",
        "http://localhost/",
        "http://169.254.169.254/",
        "http://[fe80::1]/",
    ):
        assert address(url).hostname
    assert is_loopback("127.8.8.8")
    assert not is_loopback("128.0.0.1")
    assert is_link_local("169.254.0.1")
    assert not is_link_local("metadata")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://another.example"}, PROXY),
        ({"ALL_PROXY": PROXY}, PROXY),
        ({"HTTPS_PROXY": "proxy.example:3128"}, PROXY),
        ({"HTTP_PROXY": PROXY}, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "other.example, auth.example"}, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": ".example"}, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*.example"}, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "auth.example:443"}, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "auth.example:8443"}, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "th.example"}, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, PROXY),
    ],
)
def test_the_proxy_of_an_https_address(environment: dict[str, str], expected: str) -> None:
    assert proxy_for(address("https://auth.example/oauth/token"), environment) == expected


def test_addresses_and_networks_in_no_proxy() -> None:
    environment = {"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8,[fd00::1],fd00::2"}
    assert proxy_for(address("https://10.1.2.3/"), environment) == ""
    assert proxy_for(address("https://11.1.2.3/"), environment) == PROXY
    assert proxy_for(address("https://[fd00::1]:8443/"), environment) == ""
    assert proxy_for(address("https://[fd00::2]/"), environment) == ""
    assert proxy_for(address("https://127.0.0.1/"), environment) == ""
