"""The HTTP side is for clients of this machine: no page of another site reads it, moves its clock or logs in by it."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import requests

from tests.emulator.local import Local

_PATHS = [
    ("GET", "/admin/state"),
    ("POST", "/admin/clock"),
    ("GET", "/services/"),
    ("GET", "/services/translate/"),
    ("POST", "/oauth/token"),
    ("GET", "/computeMetadata/v1/instance/service-accounts/default/token"),
    ("GET", "/oidc/jwks"),
    ("GET", "/"),
    ("GET", "/nowhere"),
]


@pytest.fixture
def port(local: Local) -> str:
    """The emulator's HTTP port."""
    return local.http.rpartition(":")[2]


def _asked(local: Local, method: str, path: str, **headers: str) -> requests.Response:
    """The answer to a request with these headers; `__` in their names stands for a hyphen."""
    sent = {name.replace("__", "-"): value for name, value in headers.items()}
    if path.endswith("/token"):
        sent["Metadata-Flavor"] = "Google"
    body: Any = {"advance": "1d"} if path == "/admin/clock" else None
    return requests.request(method, f"{local.http}{path}", json=body, headers=sent, timeout=20)


def _raw(port: str, request: str) -> int:
    """The status that is answered to a request written by hand."""
    with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example:{}",
        "127.0.0.1.rebound.example:{}",
        "localhost.rebound.example:{}",
        "sub.localhost:{}",
        "localhost",
        "127.0.0.1",
        "127.0.0.1:1",
        "10.0.0.1:{}",
        "169.254.169.254:{}",
        "[fe80::1]:{}",
        "0.0.0.0:{}",
        "evil@127.0.0.1:{}",
        "127.0.0.1:{}, rebound.example:{}",
    ],
)
def test_a_request_by_another_hosts_name_is_misdirected(local: Local, port: str, host: str) -> None:
    for method, path in _PATHS:
        answer = _asked(local, method, path, Host=host.format(port, port))
        assert (answer.status_code, f"127.0.0.1:{port}" in answer.json()["error"]) == (421, True), path
        assert set(answer.json()) == {"error"}
    assert local.admin("GET", "clock")["offsetSeconds"] == pytest.approx(0)


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "127.8.9.10:{}", "localhost:{}", "LocalHost:{}", "[::1]:{}"])
def test_every_name_of_the_loopback_is_its_own(local: Local, port: str, host: str) -> None:
    assert _asked(local, "GET", "/admin/clock", Host=host.format(port)).status_code == 200


def test_a_request_without_a_host_or_with_two_is_misdirected(port: str) -> None:
    own = f"Host: 127.0.0.1:{port}\n"
    assert _raw(port, f"GET /admin/clock HTTP/1.1\n{own}\n") == 200
    assert _raw(port, "GET /admin/clock HTTP/1.0\n\n") == 421
    assert _raw(port, f"GET /admin/clock HTTP/1.1\nHost: rebound.example\n{own}\n") == 421
    assert _raw(port, f"GET http://rebound.example/admin/clock HTTP/1.1\n{own}\n") == 421
    assert _raw(port, f"GET http://127.0.0.1:{port}/admin/clock HTTP/1.1\n{own}\n") == 200
    assert _raw(port, f"GET http://[ HTTP/1.1\n{own}\n") == 400


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://evil.example:{}",
        "null",
        "http://127.0.0.1:1",
        "http://localhost",
        "https://127.0.0.1:{}",
        "http://127.0.0.1:{}.evil.example",
        "file://",
    ],
)
def test_a_page_of_another_origin_is_refused(local: Local, port: str, origin: str) -> None:
    for method, path in _PATHS:
        answer = _asked(local, method, path, Origin=origin.format(port))
        assert (answer.status_code, "Origin" in answer.json()["error"]) == (403, True), path
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert local.admin("GET", "clock")["offsetSeconds"] == pytest.approx(0)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site", "anything"])
def test_a_browsers_request_from_another_site_is_refused_though_it_names_no_origin(local: Local, site: str) -> None:
    for method, path in _PATHS:
        answer = _asked(local, method, path, Sec__Fetch__Site=site)
        assert (answer.status_code, "Sec-Fetch-Site" in answer.json()["error"]) == (403, True), path
    assert local.admin("GET", "clock")["offsetSeconds"] == pytest.approx(0)


def test_a_browser_may_look_at_the_emulators_own_pages(local: Local, port: str) -> None:
    own = f"http://localhost:{port}"
    assert _asked(local, "GET", "/", Sec__Fetch__Site="none").status_code == 200
    assert _asked(local, "POST", "/admin/clock", Origin=own, Sec__Fetch__Site="same-origin").status_code == 200


def test_a_preflight_of_another_origin_is_allowed_nothing(local: Local) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = requests.options(f"{local.http}/admin/clock", headers=headers, timeout=20)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain; application/json"],
)
@pytest.mark.parametrize("path", ["clock", "settings", "faults", "release", "metadata", "oidc-token"])
def test_the_admin_api_reads_no_body_but_json(local: Local, path: str, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = requests.post(f"{local.http}/admin/{path}", data=b"{}", headers=headers, timeout=20)
    assert (answer.status_code, "application/json" in answer.json()["error"]) == (415, True)


def test_an_admin_call_without_a_body_needs_no_content_type(local: Local) -> None:
    assert requests.post(f"{local.http}/admin/release", timeout=20).json() == {"released": 0}
    assert requests.delete(f"{local.http}/admin/faults", timeout=20).status_code == 200


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data"])
def test_the_token_exchange_reads_forms_alone(local: Local, content_type: str) -> None:
    url, headers = f"{local.http}/oauth/token", {"Content-Type": content_type}
    answer = requests.post(url, data=b"grant_type=x", headers=headers, timeout=20)
    assert (answer.status_code, answer.json()["error"]) == (415, "invalid_request")
    form = requests.post(url, data={"grant_type": "x"}, timeout=20)
    assert (form.status_code, form.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-protobuf"])
def test_the_services_take_whatever_theirs_is(local: Local, content_type: str) -> None:
    secret = local.key(local.account("translator", "ai.translate.user"), "yc.ai.translate.execute").secret
    headers = {"Authorization": f"Api-Key {secret}", "Content-Type": content_type}
    answer = requests.post(f"{local.http}/services/translate/v2", data=b"x", headers=headers, timeout=20)
    assert answer.status_code == 200
