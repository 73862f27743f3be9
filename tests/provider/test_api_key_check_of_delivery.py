"""What is wrong with the place that a secret goes to, and with the call that a new key must pass before it goes there."""

from __future__ import annotations

from typing import Any

import pytest

from provider.yandex_keys.api_key.inputs import checked

from .input_bags import bag, problems

DURATION = "is not a duration: write a whole number and a unit, such as 90d, 36h or 15m"


@pytest.mark.parametrize("value", ["e6qsecret", ["e6qsecret"], 5, True])
def test_lockbox_is_an_object(value: object) -> None:
    assert problems(lockbox=value) == {"lockbox": "must be an object with secretId"}


@pytest.mark.parametrize("lockbox", [{}, {"secretId": ""}, {"secretId": None}])
def test_lockbox_needs_a_secret(lockbox: dict[str, Any]) -> None:
    assert problems(lockbox=lockbox) == {"lockbox.secretId": "is required: the id of a Lockbox secret"}


@pytest.mark.parametrize("secret_id", [5, True, ["e6q"], "two words", "x" * 51])
def test_a_lockbox_secret_is_an_id(secret_id: object) -> None:
    expected = "must be the id of a Lockbox secret, such as e6qxxxxxxxxxxxxxxxxx"
    assert problems(lockbox={"secretId": secret_id}) == {"lockbox.secretId": expected}


@pytest.mark.parametrize("name", ["secretEntry", "keyIdEntry"])
@pytest.mark.parametrize("entry", ["", 5, ["a"], "two words", "ключ", "a\n", "x" * 257])
def test_an_entry_is_named_as_lockbox_allows(name: str, entry: object) -> None:
    assert list(problems(lockbox={"secretId": "e6q", name: entry})) == [f"lockbox.{name}"]


def test_the_two_entries_differ() -> None:
    expected = "must differ from secretEntry: one would overwrite the other"
    same = {"secretId": "e6q", "secretEntry": "same", "keyIdEntry": "same"}
    assert problems(lockbox=same) == {"lockbox.keyIdEntry": expected}
    assert problems(lockbox={"secretId": "e6q", "keyIdEntry": "api_key"}) == {"lockbox.keyIdEntry": expected}


@pytest.mark.parametrize("value", ["https://example.com", [], 5, True])
def test_verify_is_an_object(value: object) -> None:
    assert problems(verify=value) == {"verify": "must be an object with url"}


def test_verify_has_defaults() -> None:
    expected = {"url": "https://example.com", "method": "GET", "expectStatus": 200, "timeout": "60s"}
    assert checked(bag(verify={"url": "https://example.com"}))["verify"] == expected


@pytest.mark.parametrize(
    "url", ["https://example.com:8443/path?q=1", "http://127.0.0.1:80/", "http://localhost", "http://[::1]:1/"]
)
def test_a_new_key_may_be_sent_over_tls_or_to_this_machine(url: str) -> None:
    assert checked(bag(verify={"url": url}))["verify"]["url"] == url


@pytest.mark.parametrize(
    "url",
    [
        *(None, "", 5, ["https://example.com"], "example.com", "ftp://example.com", "http://example.com", "https://"),
        *("http://127.0.0.1.example.com", "https://user:word@example.com", "https://exa mple.com", "https://a\nb"),
        *("https://example.com:99999", "https://example.com:0", "https://example.com:x", "https://[::1", "//localhost"),
        *("https://example.com\\@evil.example", "https://example.com/\u202e", "https://" + "a" * 2048),
    ],
)
def test_a_new_key_is_sent_nowhere_else(url: object) -> None:
    expected = "must be an https:// address without a password: the new key is sent there"
    assert problems(verify={"url": url}) == {"verify.url": expected}


@pytest.mark.parametrize("method", ["get", "PUT", "DELETE", "", 5, ["GET"]])
def test_verify_uses_a_method_that_the_key_allows(method: object) -> None:
    found = problems(verify={"url": "https://example.com", "method": method})
    assert found == {"verify.method": "must be one of GET, HEAD, POST"}


@pytest.mark.parametrize("status", [99, 600, 200.5, "200", True, [200]])
def test_verify_expects_a_status_of_http(status: object) -> None:
    found = problems(verify={"url": "https://example.com", "expectStatus": status})
    assert found == {"verify.expectStatus": "must be an HTTP status from 100 to 599"}


@pytest.mark.parametrize("status", [100, 599])
def test_verify_takes_any_status_of_http(status: int) -> None:
    verify = checked(bag(verify={"url": "https://example.com", "expectStatus": status}))["verify"]
    assert verify["expectStatus"] == status


def test_verify_waits_a_second_at_least_and_an_hour_at_most() -> None:
    assert checked(bag(verify={"url": "https://example.com", "timeout": "1s"}))["verify"]["timeout"] == "1s"
    assert checked(bag(verify={"url": "https://example.com", "timeout": "1h"}))["verify"]["timeout"] == "1h"
    long = problems(verify={"url": "https://example.com", "timeout": "3601s"})
    assert long == {"verify.timeout": "3601s is longer than 1h, and `pulumi up` waits that long: write 1h or less"}
    assert problems(verify={"url": "https://example.com", "timeout": 60})["verify.timeout"].endswith(DURATION)
