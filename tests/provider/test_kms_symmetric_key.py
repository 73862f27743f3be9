"""A KMS key takes a rotation period as Go writes it and gives it back as the user wrote it; the rest is one call a verb."""

from __future__ import annotations

from typing import Any

from provider.yandex_keys.kms_symmetric_key import KmsSymmetricKey
from provider.yandex_keys.marks import with_labels
from provider.yandex_keys.properties import Properties
from provider.yandex_keys.run import Runtime
from tests.provider.emulated_cloud import EmulatedCloud

KEY = KmsSymmetricKey()


def urn(name: str) -> str:
    return f"urn:pulumi:local::api-keys::{KmsSymmetricKey.token}::{name}"


def inputs_of(name: str, runtime: Runtime, **more: Any) -> Properties:
    return KEY.check(urn(name), {}, {"name": name, **more}, runtime)


def in_the_cloud(key_id: str, runtime: Runtime) -> dict[str, Any]:
    return runtime.cloud.call("SymmetricKeyService/Get", {"key_id": key_id})


def test_a_create_is_one_call_and_keeps_the_users_words(cloud: EmulatedCloud, runtime: Runtime) -> None:
    inputs = inputs_of("wrapping", runtime, rotationPeriod="8760h", labels={"team": "a"}, defaultAlgorithm="AES_256")
    key_id, state = KEY.create(urn("wrapping"), inputs, runtime)
    assert cloud.calls() == {"SymmetricKeyService/Create": 1}
    assert {name: state[name] for name in inputs} == inputs
    assert state.keys() - inputs.keys() == {"createdAt", "rotatedAt", "status", "description", "__instance"}
    assert state["status"] == "active"
    made = in_the_cloud(key_id, runtime)
    assert (made["rotation_period"], made["default_algorithm"]) == ("31536000s", "AES_256")
    assert made["labels"] == with_labels({"team": "a"}, runtime.owner(urn("wrapping")), state["__instance"])


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
    assert made["labels"] == with_labels({"b": "2"}, runtime.owner(urn("changed")), state["__instance"])
