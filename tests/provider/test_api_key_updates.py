"""What an update of an ApiKey leaves, against the emulated cloud: the next run must find nothing that was forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from provider.yandex_keys.api_key.handler import ApiKey
from provider.yandex_keys.api_key.inputs import checked
from provider.yandex_keys.api_key.schedule import first_point
from provider.yandex_keys.errors import PartialFailure, YandexKeysError
from provider.yandex_keys.marks import Mark, marked
from provider.yandex_keys.properties import UNKNOWN
from provider.yandex_keys.times import format_time, parse_time
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


def previewed(
    cloud: EmulatedCloud, key_id: str, state: dict[str, Any], inputs: dict[str, Any], **environment: str
) -> list[str]:
    """What a preview of a program that declares the key so says, each message with its lines, but for whose time it is:
    the cloud's, which other tests have moved."""
    runtime = cloud.runtime(**{"YANDEX_KEYS_AS_OF": cloud.now()} | environment)
    ApiKey().check(URN, state, inputs, runtime)
    cloud.logged.clear()
    ApiKey().diff(URN, key_id, state, inputs, runtime)
    return [said for said in cloud.logged if not said.startswith("judged as of")]


def to_minute(time: str) -> str:
    return f"{time[:10]} {time[11:16]} UTC"


@pytest.mark.parametrize(
    "schedule",
    [
        {"rotateEvery": "20d"},
        {"rotateEvery": "60d"},
        {"spread": 0},
        {
            "freezes": [{"from": "2020-01-01T00:00:00Z", "until": "2045-01-01T00:00:00Z", "why": "for long"}],
            "lifetime": "18000d",
        },
        {"windows": [{"from": "01:00", "to": "01:20"}]},
    ],
)
def test_a_changed_schedule_says_when_the_next_rotation_is_now_and_when_it_was(
    cloud: EmulatedCloud, made: Made, schedule: dict[str, Any]
) -> None:
    inputs, key_id, state = made
    changed = checked({**inputs, **schedule})
    after = ApiKey().preview(URN, state, changed, cloud.runtime())["nextRotationAt"]
    (said,) = previewed(cloud, key_id, state, changed)
    assert said.splitlines()[-1] == f"next rotation {to_minute(after)}, not {to_minute(state['nextRotationAt'])}"
    assert to_minute(after) != to_minute(state["nextRotationAt"])


@pytest.mark.parametrize(
    "change", [{"overlap": "8d"}, {"windows": [{"from": "00:00", "to": "24:00"}]}, {"whenStillUsed": "retire"}]
)
def test_a_change_that_moves_no_rotation_says_nothing_of_one(
    cloud: EmulatedCloud, made: Made, change: dict[str, Any]
) -> None:
    inputs, key_id, state = made
    assert previewed(cloud, key_id, state, checked({**inputs, **change})) == []


def test_all_that_changes_is_one_message_whose_first_line_is_the_gravest(cloud: EmulatedCloud, made: Made) -> None:
    inputs, key_id, state = made
    changed = {**inputs, "scopes": ["yc.postbox.send"], "description": "the till", "rotateEvery": "20d"}
    (said,) = previewed(cloud, key_id, state, checked(changed))
    assert [line.partition(" of key")[0].partition(" 20")[0] for line in said.splitlines()] == [
        "changes scopes",
        "changes description",
        "next rotation",
    ]


@pytest.mark.parametrize("account", ["ajeanother", UNKNOWN])
def test_a_key_whose_account_is_another_one_says_that_it_is_replaced_and_dies(
    cloud: EmulatedCloud, made: Made, account: object
) -> None:
    inputs, key_id, state = made
    runtime = cloud.runtime()
    cloud.logged.clear()
    cloud.forget_calls()
    moved = {**inputs, "serviceAccountId": account}
    assert ApiKey().diff(URN, key_id, state, moved, runtime).changes["serviceAccountId"].replace
    (said,) = cloud.logged
    assert said.startswith(f"replaces key {state['keyId']}, which is deleted in this run: whoever read it as an output")
    assert ("of account ajeanother" in said) == (account == "ajeanother")
    assert cloud.calls() == {}


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


def anothers(cloud: EmulatedCloud, account: str) -> str:
    """A key that another instance of the resource issued; its id."""
    runtime = cloud.runtime()
    request = {
        "service_account_id": account,
        "scopes": ["yc.ai.translate.execute"],
        "description": marked("", Mark(runtime.owner(URN), "otherinstance", "attempt")),
    }
    answer = runtime.cloud.call("ApiKeyService/Create", request, "another instance")
    return str(answer["api_key"]["id"])


def ids(cloud: EmulatedCloud, account: str) -> set[str]:
    """The account's keys."""
    return {key["id"] for key in cloud.runtime().reads.keys(account)}


def test_a_compromised_key_that_could_not_be_looked_up_is_looked_up_again_by_the_next_run(
    cloud: EmulatedCloud, made: Made
) -> None:
    inputs, key_id, state = made
    other = anothers(cloud, inputs["serviceAccountId"])
    listed = checked({**inputs, "compromised": [other]})
    cloud.fault("ApiKeyService/List", "before", "INTERNAL", times=20)
    with pytest.raises(YandexKeysError) as refused:
        ApiKey().update(URN, key_id, state, listed, cloud.runtime())
    assert f"THE COMPROMISED KEY {other} STILL WORKS" in str(refused.value)
    cloud.heal()
    ApiKey().update(URN, key_id, state, listed, cloud.runtime())
    assert other not in ids(cloud, inputs["serviceAccountId"])


def test_a_replacement_that_no_listing_allows_says_that_the_compromised_key_still_works(
    cloud: EmulatedCloud, made: Made
) -> None:
    inputs, key_id, state = made
    listed = checked({**inputs, "compromised": [state["keyId"]]})
    cloud.fault("ApiKeyService/List", "before", "INTERNAL", times=20)
    with pytest.raises(YandexKeysError) as refused:
        ApiKey().update(URN, key_id, state, listed, cloud.runtime())
    assert f"THE COMPROMISED KEY {state['keyId']} STILL WORKS" in str(refused.value)
    cloud.heal()
    after = ApiKey().update(URN, key_id, state, listed, cloud.runtime())
    assert ids(cloud, inputs["serviceAccountId"]) == {after["keyId"]}


def test_a_compromised_key_whose_deletion_failed_beside_a_rotation_is_deleted_by_the_next_run(
    cloud: EmulatedCloud, made: Made
) -> None:
    inputs, key_id, state = made
    other = anothers(cloud, inputs["serviceAccountId"])
    listed = checked({**inputs, "compromised": [other], "reissue": "1"})
    cloud.fault("ApiKeyService/Delete", "before", "FAILED_PRECONDITION")
    with pytest.raises(PartialFailure) as half:
        ApiKey().update(URN, key_id, state, listed, cloud.runtime())
    assert f"THE COMPROMISED KEY {other} STILL WORKS" in str(half.value)
    after = ApiKey().update(URN, key_id, half.value.state, listed, cloud.runtime())
    assert other not in ids(cloud, inputs["serviceAccountId"])
    assert after["keyId"] == half.value.state["keyId"]
    assert after["compromised"] == [other]


def test_a_compromised_key_whose_deletion_failed_beside_a_first_issue_is_deleted_by_the_next_run(
    cloud: EmulatedCloud, made: Made
) -> None:
    inputs, _, _ = made
    other = anothers(cloud, inputs["serviceAccountId"])
    listed = checked({**inputs, "compromised": [other]})
    cloud.fault("ApiKeyService/Delete", "before", "FAILED_PRECONDITION")
    with pytest.raises(PartialFailure) as half:
        ApiKey().create(URN, listed, cloud.runtime())
    cloud.heal()
    ApiKey().update(URN, half.value.resource_id, half.value.state, listed, cloud.runtime())
    assert other not in ids(cloud, inputs["serviceAccountId"])


def test_a_key_that_is_retired_before_a_rotation_in_the_same_run_is_not_taken_for_a_left_over(
    cloud: EmulatedCloud, made: Made
) -> None:
    inputs, key_id, state = made
    once = ApiKey().update(URN, key_id, state, checked({**inputs, "reissue": "1"}), cloud.runtime())
    over = format_time(cloud.runtime().now() - timedelta(minutes=1))
    ended = {**once, "previous": [{**once["previous"][0], "expiresAt": over}]}
    request = {"api_key_id": state["keyId"], "expires_at": over, "update_mask": "expiresAt"}
    cloud.runtime().cloud.operate("ApiKeyService/Update", request, "its time has come")
    cloud.forget_calls()
    twice = ApiKey().update(URN, key_id, ended, checked({**inputs, "reissue": "2"}), cloud.runtime())
    assert [item["keyId"] for item in twice["previous"]] == [once["keyId"]]
    assert cloud.calls()["ApiKeyService/Delete"] == 1
