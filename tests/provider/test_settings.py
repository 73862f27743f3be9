"""The provider's settings: what wins, and what is refused before anything starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from provider.yandex_keys.errors import InvalidInput
from provider.yandex_keys.settings import DEFAULT_ENDPOINT, format_time, parse_time, settings


def problems(given: dict[str, object], environment: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(InvalidInput) as raised:
        settings(given, environment or {})
    return dict(raised.value.problems)


def test_without_settings_the_public_cloud_is_meant() -> None:
    chosen = settings({}, {})
    assert (chosen.endpoint, chosen.folder_id, chosen.as_of) == (DEFAULT_ENDPOINT, "", None)


def test_a_setting_wins_over_its_variable() -> None:
    environment = {"YC_ENDPOINT": "env.example:1", "YC_FOLDER_ID": "env", "YANDEX_KEYS_AS_OF": "2026-01-01T00:00:00Z"}
    chosen = settings({"endpoint": "set.example:2", "folderId": "set"}, environment)
    assert (chosen.endpoint, chosen.folder_id) == ("set.example:2", "set")
    assert chosen.as_of == datetime(2026, 1, 1, tzinfo=UTC)


def test_an_endpoint_without_a_port_gets_that_of_tls() -> None:
    assert settings({"endpoint": "api.cloud.yandex.net"}, {}).endpoint == "api.cloud.yandex.net:443"
    assert settings({"endpoint": "[::1]"}, {}).endpoint == "[::1]:443"


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    found = problems(
        {
            "endpoint": "https://api.cloud.yandex.net",
            "folderId": "b1g / x",
            "asOf": "tomorrow",
            "rootCertificates": str(tmp_path / "empty.pem"),
            "cloudId": 7,
        }
    )
    assert set(found) == {"endpoint", "folderId", "asOf", "rootCertificates", "cloudId"}
    assert "without a scheme" in found["endpoint"]


def test_a_wrong_variable_is_named_by_its_own_name() -> None:
    assert set(problems({}, {"YANDEX_KEYS_AS_OF": "12:00", "YANDEX_KEYS_ROOT_CERTIFICATES": "/nowhere/ca.pem"})) == {
        "YANDEX_KEYS_AS_OF",
        "YANDEX_KEYS_ROOT_CERTIFICATES",
    }


def test_the_clock_rules_unless_a_time_is_given() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    given = datetime(2026, 12, 24, tzinfo=UTC)
    assert settings({}, {}).clock(lambda: now)() == now
    assert settings({"asOf": "2026-12-24T00:00:00Z"}, {}).clock(lambda: now)() == given


@pytest.mark.parametrize("text", ["2026-12-24", "2026-12-24T03:00:00", "yesterday", "", "2026-13-01T00:00:00Z"])
def test_a_time_without_a_zone_or_a_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an RFC 3339 time"):
        parse_time(text)


def test_times_are_utc_whatever_zone_they_came_in() -> None:
    east = datetime(2026, 1, 1, 3, 0, 0, 999, tzinfo=timezone(timedelta(hours=3)))
    assert format_time(east) == "2026-01-01T00:00:00Z"
    assert parse_time("2026-01-01T03:00:00+03:00") == datetime(2026, 1, 1, tzinfo=UTC)
