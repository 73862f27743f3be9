"""A Lockbox secret starts with no version, keeps its labels and ours apart, and says what to do when it is protected."""

from __future__ import annotations

from typing import Any

import pytest

from provider.yandex_keys.access_binding import FolderIamMember
from provider.yandex_keys.errors import AlreadyExists, CloudError, InvalidInput
from provider.yandex_keys.fields import Change
from provider.yandex_keys.lockbox_secret import LockboxSecret
from provider.yandex_keys.marks import with_labels
from provider.yandex_keys.properties import UNKNOWN, Properties
from provider.yandex_keys.run import Runtime
from tests.provider.emulated_cloud import EmulatedCloud
from tests.support.fast_time import FastTime

SECRET = LockboxSecret()


def urn(name: str) -> str:
    return f"urn:pulumi:local::api-keys::{LockboxSecret.token}::{name}"


def inputs_of(name: str, runtime: Runtime, **more: Any) -> Properties:
    return SECRET.check(urn(name), {}, {"name": name, **more}, runtime)


def create(name: str, runtime: Runtime, **more: Any) -> tuple[str, Properties]:
    return SECRET.create(urn(name), inputs_of(name, runtime, **more), runtime)


def in_the_cloud(secret_id: str, runtime: Runtime) -> dict[str, Any]:
    return runtime.cloud.call("SecretService/Get", {"secret_id": secret_id})


def test_a_create_is_one_call_and_makes_no_version(cloud: EmulatedCloud, runtime: Runtime) -> None:
    secret_id, state = create("fresh-secret", runtime, labels={"team": "a"}, description="for the translator")
    assert cloud.calls() == {"SecretService/Create": 1}
    assert state.pop("createdAt").endswith("Z")
    labels = with_labels({"team": "a"}, runtime.owner(urn("fresh-secret")), state.pop("__instance"))
    assert state == {
        "name": "fresh-secret",
        "folderId": cloud.folder_id,
        "description": "for the translator",
        "labels": {"team": "a"},
        "kmsKeyId": "",
        "deletionProtection": False,
        "status": "ACTIVE",
    }
    assert runtime.record.made == {secret_id}
    made = in_the_cloud(secret_id, runtime)
    assert "current_version" not in made
    assert made["labels"] == labels


def test_reads_of_one_run_are_one_call_and_give_complete_inputs(cloud: EmulatedCloud, runtime: Runtime) -> None:
    inputs = inputs_of("read-twice", runtime, labels={"a": "1"}, deletionProtection=True)
    secret_id, state = SECRET.create(urn("read-twice"), inputs, runtime)
    cloud.forget_calls()
    for _ in range(2):
        found = SECRET.read(urn("read-twice"), secret_id, {}, {}, runtime)
        assert found is not None
        assert (found.inputs, found.state) == (inputs, state)
    assert cloud.calls() == {"SecretService/Get": 1}


def test_a_secret_that_is_gone_reads_as_gone(runtime: Runtime) -> None:
    assert SECRET.read(urn("x"), "e6qnothere", {}, {}, runtime) is None


def test_an_update_is_one_call_in_place_and_what_was_read_before_is_forgotten(
    cloud: EmulatedCloud, runtime: Runtime
) -> None:
    secret_id, state = create("changed", runtime, labels={"a": "1"}, description="gone soon")
    SECRET.read(urn("changed"), secret_id, {}, state, runtime)
    cloud.forget_calls()
    wanted = {**inputs_of("changed", runtime, labels={"b": "2"}, deletionProtection=True), "name": "changed-since"}
    updated = SECRET.update(urn("changed"), secret_id, state, wanted, runtime)
    assert cloud.calls() == {"SecretService/Update": 1}
    assert {name: updated.get(name) for name in wanted} == wanted
    assert updated["description"] == ""
    assert in_the_cloud(secret_id, runtime)["labels"] == with_labels(
        {"b": "2"}, runtime.owner(urn("changed")), state["__instance"]
    )
    found = SECRET.read(urn("changed"), secret_id, {}, updated, runtime)
    assert found is not None
    assert found.state == updated


def test_all_labels_can_be_removed_but_ours_stays(runtime: Runtime) -> None:
    secret_id, state = create("unlabelled", runtime, labels={"a": "1"})
    updated = SECRET.update(urn("unlabelled"), secret_id, state, inputs_of("unlabelled", runtime), runtime)
    assert updated["labels"] == {}
    assert in_the_cloud(secret_id, runtime)["labels"] == with_labels(
        {}, runtime.owner(urn("unlabelled")), state["__instance"]
    )


def test_labels_written_to_a_secret_without_an_instance_give_it_one(runtime: Runtime) -> None:
    secret_id, state = create("older-state", runtime)
    del state["__instance"]
    updated = SECRET.update(
        urn("older-state"), secret_id, state, inputs_of("older-state", runtime, labels={"a": "1"}), runtime
    )
    labels = with_labels({"a": "1"}, runtime.owner(urn("older-state")), updated["__instance"])
    assert in_the_cloud(secret_id, runtime)["labels"] == labels


def test_another_kms_key_replaces_the_secret_and_another_name_does_not(runtime: Runtime) -> None:
    inputs = inputs_of("key-change", runtime, kmsKeyId="abj1")
    wanted = {**inputs, "kmsKeyId": "abj2", "name": "other"}
    diff = SECRET.diff(urn("key-change"), "e6q1", inputs, wanted, runtime)
    assert diff.changes == {"name": Change("update"), "kmsKeyId": Change("update", replace=True)}
    assert not diff.delete_before_replace


def test_what_its_readers_lose_by_a_replacement_is_said_where_one_is_made_and_not_by_a_refresh(
    cloud: EmulatedCloud, runtime: Runtime
) -> None:
    inputs = inputs_of("read-by-many", runtime)
    wanted = {**inputs, "kmsKeyId": UNKNOWN}
    refresh = cloud.runtime()
    SECRET.diff(urn("read-by-many"), "e6q1", inputs, wanted, refresh)
    assert not any("replaced" in line for line in cloud.logged)
    assert refresh.record.replaced == set()
    SECRET.diff(urn("read-by-many"), "e6q1", inputs, wanted, runtime)
    SECRET.diff(urn("read-by-many"), "e6q2", inputs, {**inputs, "description": "in place"}, runtime)
    (line,) = [line for line in cloud.logged if "replaced" in line]
    assert line.startswith(
        "is replaced by one with another id, as kmsKeyId can't change in place: who reads e6q1 gets nothing from then on"
    )
    assert runtime.record.replaced == {"e6q1"}


def test_a_protected_secret_stays_and_says_how_to_remove_it(runtime: Runtime) -> None:
    secret_id, state = create("protected", runtime, deletionProtection=True)
    with pytest.raises(CloudError, match="to remove it, set deletionProtection to false and run `pulumi up` first"):
        SECRET.delete(urn("protected"), secret_id, state, runtime)
    with pytest.raises(CloudError, match="to remove it, run `pulumi refresh` and `pulumi up` first"):
        SECRET.delete(urn("protected"), secret_id, {**state, "deletionProtection": False}, runtime)
    state = SECRET.update(urn("protected"), secret_id, state, inputs_of("protected", runtime), runtime)
    SECRET.delete(urn("protected"), secret_id, state, runtime)


@pytest.mark.parametrize("had", [True, False])
@pytest.mark.parametrize(
    "change", [{"kmsKeyId": "abj1"}, {"kmsKeyId": UNKNOWN}, {"folderId": "b1gother"}, {"kmsKeyId": "abj1", "name": "x"}]
)
def test_a_change_that_would_replace_a_protected_secret_is_refused_with_the_way_to_do_it(
    runtime: Runtime, change: Properties, had: bool
) -> None:
    state = inputs_of("kept", runtime, deletionProtection=had)
    wanted = {**inputs_of("kept", runtime, deletionProtection=not had), **change}
    with pytest.raises(InvalidInput) as refused:
        SECRET.diff(urn("kept"), "e6q1", state, wanted, runtime)
    ((path, reason),) = refused.value.problems
    assert path in change
    assert "set deletionProtection to false and run `pulumi up`, then make this change" in reason
    assert "declare another account with this change beside it" in reason
    unprotected = {"deletionProtection": False}
    diff = SECRET.diff(urn("kept"), "e6q1", {**state, **unprotected}, {**wanted, **unprotected}, runtime)
    assert diff.changes[path].replace
    in_place = {**wanted, **dict.fromkeys(change, None), "folderId": state["folderId"], "name": "y"}
    assert not any(
        change.replace for change in SECRET.diff(urn("kept"), "e6q1", state, in_place, runtime).changes.values()
    )


def test_a_secret_that_has_a_version_was_noted_and_is_not_kept_for_another_create(
    cloud: EmulatedCloud, runtime: Runtime
) -> None:
    older, state = create("noted", runtime)
    change = {"key": "api_key", "text_value": "AQVNsecret"}
    runtime.cloud.operate("SecretService/AddVersion", {"secret_id": older, "payload_entries": [change]})
    newer, _ = create("noted", cloud.runtime())
    assert newer != older
    assert in_the_cloud(older, runtime)["labels"] == with_labels({}, runtime.owner(urn("noted")), state["__instance"])


def test_names_that_are_unique_in_a_folder_are_not_taken_from_their_holder(
    cloud: EmulatedCloud, runtime: Runtime
) -> None:
    cloud.set(secretNames="unique")
    older, _ = create("one-of-a-name", runtime)
    with pytest.raises(AlreadyExists, match=f"pulumi import {SECRET.token} other {older} "):
        SECRET.create(urn("other"), inputs_of("one-of-a-name", runtime), runtime)


class TestARefusalSoonAfterRightsChanged:
    @pytest.fixture(autouse=True)
    def rights(self, cloud: EmulatedCloud, runtime: Runtime) -> None:
        role = {"folderId": runtime.folder_id, "role": "lockbox.viewer", "member": "userAccount:somebody"}
        FolderIamMember().create(urn("role"), role, runtime)
        cloud.forget_calls()

    def test_is_asked_again_until_they_have_spread(self, cloud: EmulatedCloud, runtime: Runtime) -> None:
        cloud.fault("SecretService/Create", "before", "PERMISSION_DENIED", times=2)
        secret_id, _ = create("patient", runtime)
        assert cloud.calls()["SecretService/Create"] == 3
        assert runtime.record.made >= {secret_id}

    def test_that_came_after_the_fact_makes_no_second_secret(self, cloud: EmulatedCloud, runtime: Runtime) -> None:
        cloud.fault("SecretService/Create", "after", "PERMISSION_DENIED", times=3)
        secret_id, state = create("made-all-the-same", runtime)
        assert cloud.calls() == {"SecretService/Create": 4}
        assert state["__instance"] in in_the_cloud(secret_id, runtime)["labels"].values()

    def test_is_waited_for_once_also_while_others_change_rights(self, cloud: EmulatedCloud, runtime: Runtime) -> None:
        time, run = FastTime(runtime.cloud.monotonic()), runtime.cloud
        began = time.seconds

        def wait(seconds: float) -> bool:
            run._rights_changed = time.seconds
            return time.wait(seconds)

        run.wait, run.monotonic = wait, time.monotonic
        cloud.fault("SecretService/Create", "before", "PERMISSION_DENIED", times=-1)
        with pytest.raises(CloudError, match="PERMISSION_DENIED"):
            create("denied-for-long", runtime)
        assert run.patience.rights <= time.seconds - began < run.patience.rights + run.patience.longest_delay
