"""What an update of an ApiKey leaves, against the emulated cloud: the next run must find nothing that was forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from provider.yandex_keys.api_key.handler import ApiKey
from provider.yandex_keys.api_key.inputs import checked
from provider.yandex_keys.api_key.schedule import first_point
from provider.yandex_keys.settings import format_time, parse_time
from tests.provider.emulated_cloud import EmulatedCloud

URN = "urn:pulumi:prod::shop::yandex-keys:index:ApiKey::cashier"
Made = tuple[dict[str, Any], str, dict[str, Any]]


@pytest.fixture
def made(cloud: EmulatedCloud, request: pytest.FixtureRequest) -> Made:
    """Its inputs, its id and its state, just issued."""
    runtime = cloud.runtime()
    name = f"acc-{abs(hash(request.node.nodeid)) % 10**8}"
    operation = runtime.cloud.operate(
        "ServiceAccountService/Create", {"folder_id": runtime.folder_id, "name": name}, name
    )
    given = {"scopes": ["yc.ai.translate.execute"], "exposeSecret": True}
    inputs = checked({**given, "serviceAccountId": operation["response"]["id"]})
    return inputs, *ApiKey().create(URN, inputs, runtime)


def test_a_shorter_period_brings_the_next_rotation_forward_and_the_preview_says_so(
    cloud: EmulatedCloud, made: Made
) -> None:
    inputs, key_id, state = made
    weekly = checked({**inputs, "rotateEvery": "7d", "lifetime": "14d"})
    due = format_time(first_point(parse_time(state["issuedAt"]), timedelta(days=7), URN))
    assert "nextRotationAt" in ApiKey().diff(URN, key_id, state, weekly, cloud.runtime()).changes
    assert ApiKey().preview(URN, state, weekly, cloud.runtime())["nextRotationAt"] == due
    after = ApiKey().update(URN, key_id, state, weekly, cloud.runtime())
    assert after["nextRotationAt"] == due < after["expiresAt"]
    assert ApiKey().diff(URN, key_id, after, weekly, cloud.runtime()).changes == {}


def test_an_unchanged_period_leaves_the_next_rotation_where_it_was(cloud: EmulatedCloud, made: Made) -> None:
    inputs, key_id, state = made
    described = checked({**inputs, "description": "the till"})
    assert set(ApiKey().diff(URN, key_id, state, described, cloud.runtime()).changes) == {"description"}
    after = ApiKey().update(URN, key_id, state, described, cloud.runtime())
    assert after["nextRotationAt"] == state["nextRotationAt"]


@pytest.mark.parametrize("end", ["2099-01-01T00:00:00Z", "in an hour"])
def test_a_previous_key_dated_anew_by_hand_gets_its_own_end_again(cloud: EmulatedCloud, made: Made, end: str) -> None:
    inputs, key_id, state = made
    reissued = checked({**inputs, "reissue": "1"})
    rotated = ApiKey().update(URN, key_id, state, reissued, cloud.runtime())
    runtime = cloud.runtime()
    by_hand = format_time(runtime.now() + timedelta(hours=1)) if end == "in an hour" else end
    request = {"api_key_id": state["keyId"], "expires_at": by_hand, "update_mask": "expiresAt"}
    runtime.cloud.operate("ApiKeyService/Update", request, "a colleague")
    found = ApiKey().read(URN, key_id, reissued, rotated, cloud.runtime())
    assert found is not None
    assert "previous" in ApiKey().diff(URN, key_id, found.state, reissued, cloud.runtime()).changes
    after = ApiKey().update(URN, key_id, found.state, reissued, cloud.runtime())
    assert after["previous"] == rotated["previous"]
    listed = {key["id"]: key for key in cloud.runtime().reads.keys(inputs["serviceAccountId"])}
    assert listed[state["keyId"]]["expires_at"][:19] == rotated["previous"][0]["expiresAt"][:19]
