"""A failure at any point leaves a state from which the next plain `pulumi up` recovers by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

TRANSLATOR: dict[str, Any] = {"name": "translator", "keys": [{"name": "default", "uses": ["translate"]}]}
EXPOSED: dict[str, Any] = {
    "name": "translator",
    "keys": [{"name": "default", "uses": ["translate"], "deliver": "output"}],
}


def healthy(stack: Stack, cloud: LocalCloud) -> None:
    """One current key, no other that doesn't end within one overlap, and what Lockbox gives is accepted."""
    receipt = stack.receipt("translator/default")
    accounted = {receipt["keyId"], *(it["keyId"] for it in stack.key("translator/default")["previous"])}
    keys = {key["id"]: key for key in cloud.live_keys("translator")}
    assert accounted <= set(keys)
    for key_id in set(keys) - accounted:  # a first key whose run died
        left = datetime.fromisoformat(keys[key_id]["expiresAt"]) - datetime.fromisoformat(cloud.now())
        assert left <= timedelta(days=7)
    if "lockboxSecretId" in receipt:
        entries = cloud.entries(receipt["lockboxSecretId"])
        assert entries == {"api_key": keys[receipt["keyId"]]["secret"], "api_key_id": receipt["keyId"]}
        assert cloud.use("translate", entries["api_key"]) == 200
    stack.run("preview", "--expect-no-changes")


# Every code, at every call, with every delivery: tests/reliability, where thousands of cases run without the engine.
@pytest.mark.parametrize(
    ("account", "code"), [(TRANSLATOR, "UNAVAILABLE"), (EXPOSED, "INTERNAL")], ids=["lockbox", "output"]
)
def test_a_lost_answer_of_create_leaves_no_orphan(stack: Stack, cloud: LocalCloud, account: Any, code: str) -> None:
    stack.write([account])
    cloud.fault("ApiKeyService/Create", "after", code, times=-1)
    failed, printed = stack.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert "ApiKeyService/Create failed with" in printed
    assert cloud.live_keys("translator") == []
    cloud.clear_faults()
    stack.up()
    healthy(stack, cloud)


def test_a_refused_delivery_takes_the_key_back(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([TRANSLATOR])
    # In a run that gave rights itself, the refusal might be only a right that spreads: it would be waited for.
    stack.run("up", "--yes", "--skip-preview", "--exclude", "**:ApiKey::**")
    cloud.fault("SecretService/AddVersion", "before", "PERMISSION_DENIED", times=-1)
    failed, printed = stack.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert "SecretService/AddVersion failed with" in printed
    assert cloud.live_keys("translator") == []
    cloud.clear_faults()
    stack.up()
    healthy(stack, cloud)


def test_a_lost_answer_of_a_delivery_is_asked_for_again_and_made_once(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([TRANSLATOR])
    cloud.fault("SecretService/AddVersion", "after", "UNAVAILABLE")
    stack.up()
    receipt = stack.receipt("translator/default")
    secret = next(item for item in cloud.state()["secrets"] if item["id"] == receipt["lockboxSecretId"])
    assert len(secret["versions"]) == 1
    healthy(stack, cloud)


def test_a_provider_killed_after_the_delivery_is_replaced_and_its_key_ends_by_itself(
    stack: Stack, cloud: LocalCloud
) -> None:
    stack.write([TRANSLATOR])
    stack.run("up", "--yes", "--skip-preview", "--target", "**IamServiceAccount**", "--target-dependents", check=False)
    cloud.hold("SecretService/AddVersion", "after")
    stack.write([{**TRANSLATOR, "keys": [{**TRANSLATOR["keys"][0], "reissue": "1"}]}])
    with stack.with_ordinary_python():
        running = stack.start("up", "--yes", "--skip-preview")
        assert cloud.holds_a_call(running)
        stack.kill(running)
    cloud.let_go()
    stack.run("cancel", "--yes")
    (died,) = cloud.live_keys("translator")
    assert f"key {died['id']} was issued for this resource as well" in stack.up()
    assert stack.receipt("translator/default")["keyId"] != died["id"]
    healthy(stack, cloud)


def test_a_provider_killed_between_issue_and_delivery_leaves_a_key_that_ends_by_itself(
    stack: Stack, cloud: LocalCloud
) -> None:
    stack.write([TRANSLATOR])
    cloud.hold("SecretService/AddVersion", "before")
    with stack.with_ordinary_python():
        running = stack.start("up", "--yes", "--skip-preview")
        assert cloud.holds_a_call(running)
        assert len(cloud.live_keys("translator")) == 1
        stack.kill(running)
    cloud.clear_faults()
    stack.run("cancel", "--yes")
    (died,) = cloud.live_keys("translator")
    assert f"key {died['id']} was issued for this resource as well" in stack.up()
    healthy(stack, cloud)
