"""The clock that tests move, and the traits that they choose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.emulator.local import Local, RealTime


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_clock_runs_from_where_it_was_moved_to(timed: Local, real_time: RealTime) -> None:
    start = _moment(timed.admin("GET", "clock")["now"])
    assert abs(start - datetime.fromtimestamp(real_time.now, UTC)) < timedelta(seconds=1)
    assert _moment(timed.admin("POST", "clock", {"advance": "30d"})["now"]) == start + timedelta(days=30)
    real_time.now += 90
    assert _moment(timed.admin("POST", "clock", {})["now"]) == start + timedelta(days=30, seconds=90)
    moved = timed.admin("POST", "clock", {"now": "2030-01-01T00:00:00Z"})
    assert moved["now"] == "2030-01-01T00:00:00.000Z"
    assert moved["offsetSeconds"] == pytest.approx(datetime(2030, 1, 1, tzinfo=UTC).timestamp() - real_time.now)


@pytest.mark.parametrize(
    "body",
    [
        {"advance": "soon"},
        {"advance": "-1d"},
        {"advance": True},
        {"advance": "99999999d"},
        {"now": "tomorrow"},
        {"now": "2030-01-01"},
        {"now": "1960-01-01T00:00:00Z"},
        {"advance": "1d", "now": "2030-01-01T00:00:00Z"},
        {"forward": "1d"},
        [],
        "1d",
    ],
    ids=str,
)
def test_a_wrong_move_is_refused_in_one_line(local: Local, body: Any) -> None:
    before = local.admin("GET", "clock")["offsetSeconds"]
    answer = requests.post(f"{local.http}/admin/clock", json=body, timeout=20)
    assert answer.status_code == 400
    assert "\n" not in answer.json()["error"]
    assert local.admin("GET", "clock")["offsetSeconds"] == before


def test_settings_are_changed_one_by_one_shown_and_reset(local: Local) -> None:
    defaults = local.admin("GET", "settings")
    assert (defaults["apiKeyQuota"], defaults["serviceAccountQuota"], defaults["accessDelay"]) == (1000, 100, "0s")
    changed = local.admin("POST", "settings", {"accessDelay": "5s", "operationSeconds": 2.5})
    assert changed == {**defaults, "accessDelay": "5s", "operationSeconds": 2.5}
    assert local.admin("GET", "settings") == changed
    assert local.admin("DELETE", "settings") == defaults


def test_a_restarted_emulator_knows_its_settings(tmp_path: Path) -> None:
    local = Local(tmp_path)
    chosen = {"idempotencyKeyLifetime": "30d", "accessDelay": "250ms", "unlisted": ["aje1"], "scopeOrder": "given"}
    changed = local.admin("POST", "settings", chosen)
    assert (changed["idempotencyKeyLifetime"], changed["accessDelay"]) == ("2592000s", "0.25s")
    local.stop()
    local = Local(tmp_path)
    assert local.admin("GET", "settings") == changed
    local.stop()


@pytest.mark.parametrize(
    "body",
    [
        {"apiKeyQuota": -1},
        {"apiKeyQuota": 1.5},
        {"apiKeyQuota": "many"},
        {"accessDelay": "soon"},
        {"scheduleCurrentVersion": "perhaps"},
        {"listingDelayCalls": 1.5},
        {"unlisted": "aje1"},
        {"unlisted": [1]},
        {"weather": "fine"},
        [1],
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_and_changes_nothing(local: Local, body: Any) -> None:
    answer = requests.post(f"{local.http}/admin/settings", json=body, timeout=20)
    assert answer.status_code == 400
    name = next(iter(body), "") if isinstance(body, dict) else "settings"
    assert str(name) in answer.json()["error"]
    assert local.admin("GET", "settings")["apiKeyQuota"] == 1000


def test_what_is_not_there_and_what_is_not_json_is_said(local: Local) -> None:
    assert requests.get(f"{local.http}/nowhere", timeout=20).status_code == 404
    assert requests.get(f"{local.http}/admin/nowhere", timeout=20).status_code == 404
    refused = requests.delete(f"{local.http}/admin/state", timeout=20)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")
    json = {"Content-Type": "application/json"}
    assert requests.post(f"{local.http}/admin/clock", data=b"{", headers=json, timeout=20).status_code == 400
    assert "/admin/clock" in requests.get(local.http, timeout=20).json()["pages"]


def test_a_chunked_body_and_a_head_request_are_understood(local: Local) -> None:
    parts, json = iter([b'{"advance"', b': "1d"}']), {"Content-Type": "application/json; charset=utf-8"}
    answer = requests.post(f"{local.http}/admin/clock", data=parts, headers=json, timeout=20)
    assert answer.json()["offsetSeconds"] == pytest.approx(86_400)
    head = requests.head(f"{local.http}/admin/clock", timeout=20)
    assert (head.status_code, head.content) == (200, b"")
