"""A KMS key takes a rotation period as Go writes it and gives it back as the user wrote it; the rest is one call a verb."""

from __future__ import annotations

from typing import Any

import pytest

from provider.yandex_keys.errors import CloudError
from provider.yandex_keys.kms_symmetric_key import KmsSymmetricKey
from provider.yandex_keys.ownership import OWNER
from provider.yandex_keys.resource import Properties, Runtime, tag_of
from tests.provider.emulated_cloud import EmulatedCloud

KEY = KmsSymmetricKey()


def urn(name: str) -> str:
    return f"urn:pulumi:local::api-keys::{KmsSymmetricKey.token}::{name}"


@pytest.fixture
def runtime(cloud: EmulatedCloud) -> Runtime:
    made = cloud.runtime()
    cloud.forget_calls()
    return made


def inputs_of(name: str, runtime: Runtime, **more: Any) -> Properties:
    return KEY.check(urn(name), {}, {"name": name, **more}, runtime)


def in_the_cloud(key_id: str, runtime: Runtime) -> dict[str, Any]:
    return runtime.cloud.call("SymmetricKeyService/Get", {"key_id": key_id})


def test_a_create_is_one_call_and_keeps_the_users_words(cloud: EmulatedCloud, runtime: Runtime) -> None:
    inputs = inputs_of("wrapping", runtime, rotationPeriod="8760h", labels={"team": "a"}, defaultAlgorithm="AES_256")
    key_id, state = KEY.create(urn("wrapping"), inputs, runtime)
    assert cloud.calls() == {"SymmetricKeyService/Create": 1}
    assert {name: state[name] for name in inputs} == inputs
    assert state.keys() - inputs.keys() == {"createdAt", "rotatedAt", "status", "description"}
    assert state["status"] == "active"
    made = in_the_cloud(key_id, runtime)
    assert (made["rotation_period"], made["default_algorithm"]) == ("31536000s", "AES_256")
    assert made["labels"].items() >= {"team": "a", OWNER: tag_of(urn("wrapping"))}.items()


def test_an_import_is_one_call_and_gives_complete_inputs(cloud: EmulatedCloud, runtime: Runtime) -> None:
    inputs = inputs_of("imported", runtime, rotationPeriod="24h", labels={"team": "a"}, description="d")
    key_id, _ = KEY.create(urn("imported"), inputs, runtime)
    cloud.forget_calls()
    found = KEY.read(urn("imported"), key_id, {}, {}, runtime)
    assert cloud.calls() == {"SymmetricKeyService/Get": 1}
    assert found is not None
    assert found.inputs == {**inputs, "rotationPeriod": "24h0m0s"}
    assert KEY.diff(urn("imported"), key_id, found.state, inputs, runtime).changes == {}


def test_a_refresh_keeps_the_users_words_as_long_as_they_are_true(runtime: Runtime) -> None:
    key_id, state = KEY.create(urn("refreshed"), inputs_of("refreshed", runtime, rotationPeriod="24h"), runtime)
    same = KEY.read(urn("refreshed"), key_id, state, state, runtime)
    assert same is not None
    assert same.state == state
    change = {"key_id": key_id, "update_mask": "rotationPeriod", "rotation_period": "7200s"}
    runtime.cloud.operate("SymmetricKeyService/Update", change)
    drifted = KEY.read(urn("refreshed"), key_id, state, state, runtime)
    assert drifted is not None
    assert drifted.state["rotationPeriod"] == "2h0m0s"


def test_an_update_changes_only_what_differs_and_keeps_our_label(cloud: EmulatedCloud, runtime: Runtime) -> None:
    inputs = inputs_of("changed", runtime, rotationPeriod="24h", labels={"a": "1"}, description="stays")
    key_id, state = KEY.create(urn("changed"), inputs, runtime)
    cloud.forget_calls()
    wanted = inputs_of("changed", runtime, labels={"b": "2"}, description="stays", defaultAlgorithm="AES_192")
    updated = KEY.update(urn("changed"), key_id, state, wanted, runtime)
    assert cloud.calls() == {"SymmetricKeyService/Update": 1}
    assert {name: updated.get(name) for name in wanted} == wanted
    assert updated["rotationPeriod"] == ""
    made = in_the_cloud(key_id, runtime)
    assert "rotation_period" not in made
    assert made["labels"] == {"b": "2", OWNER: tag_of(urn("changed"))}


def test_a_delete_is_one_call_and_what_is_gone_is_fine(cloud: EmulatedCloud, runtime: Runtime) -> None:
    key_id, state = KEY.create(urn("deleted"), inputs_of("deleted", runtime), runtime)
    cloud.forget_calls()
    for _ in range(2):
        KEY.delete(urn("deleted"), key_id, state, runtime)
    assert cloud.calls() == {"SymmetricKeyService/Delete": 2}
    assert KEY.read(urn("deleted"), key_id, {}, state, runtime) is None


def test_a_create_whose_answer_was_lost_keeps_the_key_that_it_made(cloud: EmulatedCloud, runtime: Runtime) -> None:
    older, _ = KEY.create(urn("lost"), inputs_of("lost", runtime), runtime)
    cloud.fail("SymmetricKeyService/Create", "after", "DEADLINE_EXCEEDED")
    cloud.forget_calls()
    newer, state = KEY.create(urn("lost"), inputs_of("lost", runtime), runtime)
    assert newer != older
    assert cloud.calls() == {"SymmetricKeyService/Create": 1, "SymmetricKeyService/List": 1}
    assert state["defaultAlgorithm"] == "AES_128"


def test_a_create_that_never_arrived_fails_though_an_older_key_is_there(cloud: EmulatedCloud, runtime: Runtime) -> None:
    KEY.create(urn("older"), inputs_of("older", runtime), runtime)
    cloud.fail("SymmetricKeyService/Create", "before", "UNAVAILABLE")
    with pytest.raises(CloudError, match="KMS key older"):
        KEY.create(urn("older"), inputs_of("older", runtime), runtime)
