"""The provider's settings: what wins, and what is refused before anything starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from provider.yandex_keys.as_of import judged_as_of
from provider.yandex_keys.endpoints import DEFAULT_ENDPOINT
from provider.yandex_keys.errors import InvalidInput
from provider.yandex_keys.run import Session
from provider.yandex_keys.settings import settings
from provider.yandex_keys.times import format_time, parse_time


def problems(given: dict[str, object], environment: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(InvalidInput) as raised:
        settings(given, environment or {})
    return dict(raised.value.problems)


def test_without_settings_the_public_cloud_is_meant() -> None:
    chosen = settings({}, {})
    assert (chosen.endpoint, chosen.folder_id, chosen.as_of) == (DEFAULT_ENDPOINT, "", None)


def test_a_setting_wins_over_its_variable() -> None:
    environment = {"YC_ENDPOINT": "env.example:1", "YC_FOLDER_ID": "env", "YANDEX_KEYS_AS_OF": "2026-01-01T00:00:00Z"}
    chosen = settings({"endpoint": "api.yandexcloud.kz:2", "folderId": "set"}, environment)
    assert (chosen.endpoint, chosen.folder_id) == ("api.yandexcloud.kz:2", "set")
    assert chosen.as_of == datetime(2026, 1, 1, tzinfo=UTC)


def test_an_endpoint_without_a_port_gets_that_of_tls() -> None:
    assert settings({"endpoint": "api.cloud.yandex.net"}, {}).endpoint == "api.cloud.yandex.net:443"
    assert settings({"endpoint": "[::1]"}, {}).endpoint == "[::1]:443"


def test_every_wrong_setting_is_named_at_once() -> None:
    found = problems(
        {
            "endpoint": "https://api.cloud.yandex.net",
            "folderId": "b1g / x",
            "asOf": "tomorrow",
            "rootCertificates": "-----BEGIN CERTIFICATE-----",
            "tokenExchangeUrl": "https://auth.yandex.cloud/oauth/token",
            "cloudId": 7,
        }
    )
    assert set(found) == {"endpoint", "folderId", "asOf", "rootCertificates", "tokenExchangeUrl", "cloudId"}
    assert "without a scheme" in found["endpoint"]


def test_a_wrong_variable_is_named_by_its_own_name() -> None:
    assert set(problems({}, {"YANDEX_KEYS_AS_OF": "12:00", "YANDEX_KEYS_ROOT_CERTIFICATES": "/nowhere/ca.pem"})) == {
        "YANDEX_KEYS_AS_OF",
        "YANDEX_KEYS_ROOT_CERTIFICATES",
    }


ELSEWHERE = (
    "api.example:443",
    "api.cloud.yandex.net.example",
    "notapi.cloud.yandex.net",
    "yandexcloud.net",
    "evil.apigw.yandexcloud.net:443",
    "yandex.cloud",
    "0.0.0.0:443",
    "127.1:443",
    "10.0.0.1",
    "[::]:443",
    "[::ffff:a00:1]",
    "localhost.example",
)


@pytest.mark.parametrize("endpoint", ELSEWHERE)
def test_an_endpoint_elsewhere_is_for_the_environment_alone(endpoint: str) -> None:
    assert "set YC_ENDPOINT" in problems({"endpoint": endpoint})["endpoint"]
    assert settings({}, {"YC_ENDPOINT": endpoint}).endpoint.startswith(endpoint)


@pytest.mark.parametrize(
    "endpoint", ["unix:/tmp/socket", "dns:///evil", "a,b", "api.cloud.yandex.net@evil", "[::1", "a b"]
)
def test_an_endpoint_of_another_form_is_refused_wherever_it_comes_from(endpoint: str) -> None:
    assert "host:port" in problems({"endpoint": endpoint})["endpoint"]
    assert "host:port" in problems({}, {"YC_ENDPOINT": endpoint})["YC_ENDPOINT"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "api.cloud.yandex.net",
        "API.Cloud.Yandex.Net:443",
        "api.yandexcloud.kz:443",
        "iam.api.cloud.yandex.net:443",
        "127.0.0.1:1",
        "localhost:1",
        "[::1]:1",
    ],
)
def test_a_stack_may_choose_the_clouds_own_endpoints_and_this_machines(endpoint: str) -> None:
    chosen = settings({"endpoint": endpoint}, {"YC_ENDPOINT": "api.example"})
    assert chosen.endpoint.removesuffix(":443") == endpoint.removesuffix(":443")
    assert chosen.endpoint_is_requested


def test_an_endpoint_that_is_not_the_clouds_is_named_with_where_it_was_chosen() -> None:
    assert settings({}, {}).foreign_endpoint == ""
    assert settings({"endpoint": "api.yandexcloud.kz"}, {}).foreign_endpoint == ""
    assert settings({"endpoint": "127.0.0.1:1"}, {}).foreign_endpoint == "127.0.0.1:1 (yandex-keys:endpoint)"
    chosen = settings({}, {"YC_ENDPOINT": "api.example"})
    assert chosen.foreign_endpoint == "api.example:443 (YC_ENDPOINT)"
    assert not chosen.endpoint_is_requested


def test_whom_we_trust_is_for_the_environment_alone(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("-----BEGIN CERTIFICATE-----\n")
    for given in (authority.read_text(), str(authority)):
        assert "set YANDEX_KEYS_ROOT_CERTIFICATES" in problems({"rootCertificates": given})["rootCertificates"]
        assert settings({}, {"YANDEX_KEYS_ROOT_CERTIFICATES": given}).root_certificates
    found = problems({"tokenExchangeUrl": "https://auth.yandex.cloud/oauth/token"})
    assert "set YANDEX_KEYS_TOKEN_EXCHANGE_URL" in found["tokenExchangeUrl"]


SECRETS = (
    "AQVN0123456789abcdefghijklmnopqrstuvwxyz",
    f"t1.{'9euelZqM' * 6}.{'a-B_' * 21}ab",
    '{"private_key": "MIIEvQIBADANBgkqhkiG9w0"}',
    "-----BEGIN PRIVATE KEY----- MIIEvQIBADANBgkqhkiG9w0",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    ("setting", "variable"),
    [
        ("endpoint", "YC_ENDPOINT"),
        ("folderId", "YC_FOLDER_ID"),
        ("cloudId", "YC_CLOUD_ID"),
        ("asOf", "YANDEX_KEYS_AS_OF"),
        ("runEvery", "YANDEX_KEYS_RUN_EVERY"),
        ("rootCertificates", "YANDEX_KEYS_ROOT_CERTIFICATES"),
    ],
)
def test_a_secret_in_the_wrong_place_is_refused_unseen(setting: str, variable: str, secret: str) -> None:
    for found in (problems({setting: secret}), problems({}, {variable: secret})):
        assert set(found) <= {setting, variable}
        for piece in ("AQVN", "9euel", "MIIEv"):
            assert piece not in str(found)


def test_the_clock_rules_unless_a_time_is_given() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    given = datetime(2026, 12, 24, tzinfo=UTC)
    assert settings({}, {}).clock(lambda: now)() == now
    assert settings({"asOf": "2026-12-24T00:00:00Z"}, {}).clock(lambda: now)() == given


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-12-25", datetime(2026, 12, 25, tzinfo=UTC)),
        ("2026-12-25T03:00:00+03:00", datetime(2026, 12, 25, tzinfo=UTC)),
        ("+30d", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        ("+36h", datetime(2026, 6, 3, tzinfo=UTC)),
    ],
)
def test_keys_are_judged_as_of_a_time_a_day_or_a_span_from_now(text: str, meant: datetime) -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    for chosen in (settings({"asOf": text}, {}, lambda: now), settings({}, {"YANDEX_KEYS_AS_OF": text}, lambda: now)):
        assert chosen.as_of == meant


@pytest.mark.parametrize(
    "text", ["30d", "+", "+30", "+0d", "-30d", "+99999d", "20261225", "2026-12-25T03:00:00", "noon"]
)
def test_what_is_no_time_to_judge_by_is_refused_with_what_may_be_written(text: str) -> None:
    assert problems({"asOf": text})["asOf"] == (
        f"{text!r} is no time to judge by: write one such as 2026-12-24T03:00:00Z, a day such as 2026-12-25 (from 00:00 UTC), or a span from "
        "now on such as +30d"
    )


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(days=30), "30 days ahead"),
        (timedelta(days=1, hours=5), "1 day ahead"),
        (timedelta(hours=-2), "2 hours back"),
        (timedelta(seconds=3), "which is now"),
    ],
)
def test_a_run_says_by_which_time_it_is_judged(ahead: timedelta, words: str) -> None:
    as_of = datetime(2026, 12, 25, tzinfo=UTC)
    assert judged_as_of(as_of, as_of - ahead) == (
        f"judged as of 2026-12-25 00:00 UTC, {words}: it shows what would be due by then, without the rotations in between"
    )


@pytest.mark.parametrize("endpoint", ["", "10.0.0.1:443"])
def test_a_time_that_is_over_rehearses_nothing_on_a_real_cloud(endpoint: str) -> None:
    now = datetime(2026, 12, 25, 20, tzinfo=UTC)

    def chosen(as_of: str, endpoint: str = endpoint) -> datetime | None:
        return Session({"YC_ENDPOINT": endpoint, "YANDEX_KEYS_AS_OF": as_of}, lambda: now).check({}).as_of

    assert chosen("2026-12-25") == datetime(2026, 12, 25, tzinfo=UTC)
    with pytest.raises(InvalidInput, match="asOf: 2026-12-24T19:00:00Z is over, and what has become due since"):
        chosen("2026-12-24T19:00:00Z")
    assert chosen("2026-01-01", "127.0.0.1:8443") == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-12-24", "2026-12-24T03:00:00", "yesterday", "", "2026-13-01T00:00:00Z"])
def test_a_time_without_a_zone_or_a_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an RFC 3339 time"):
        parse_time(text)


def test_times_are_utc_whatever_zone_they_came_in() -> None:
    east = datetime(2026, 1, 1, 3, 0, 0, 999, tzinfo=timezone(timedelta(hours=3)))
    assert format_time(east) == "2026-01-01T00:00:00Z"
    assert parse_time("2026-01-01T03:00:00+03:00") == datetime(2026, 1, 1, tzinfo=UTC)
