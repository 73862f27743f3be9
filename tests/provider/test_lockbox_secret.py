"""A Lockbox secret starts with no version, keeps its labels and ours apart, and says what to do when it is protected."""

from __future__ import annotations

from typing import Any

import pytest

from provider.yandex_keys.errors import CloudError
from provider.yandex_keys.folder_iam_member import FolderIamMember
from provider.yandex_keys.lockbox_secret import LockboxSecret
from provider.yandex_keys.ownership import OWNER
from provider.yandex_keys.resource import Change, Properties, Runtime, tag_of
from tests.provider.emulated_cloud import EmulatedCloud

SECRET = LockboxSecret()


def urn(name: str) -> str:
    return f"urn:pulumi:local::api-keys::{LockboxSecret.token}::{name}"


@pytest.fixture
def runtime(cloud: EmulatedCloud) -> Runtime:
    made = cloud.runtime()
    cloud.forget_calls()
    return made


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
    assert state == {
        "name": "fresh-secret",
        "folderId": cloud.folder_id,
        "description": "for the translator",
        "labels": {"team": "a"},
        "kmsKeyId": "",
        "deletionProtection": False,
        "status": "ACTIVE",
    }
    assert runtime.fresh == {secret_id}
    made = in_the_cloud(secret_id, runtime)
    assert "current_version" not in made
    assert made["labels"][OWNER] == tag_of(urn("fresh-secret"))


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
    assert in_the_cloud(secret_id, runtime)["labels"] == {"b": "2", OWNER: tag_of(urn("changed"))}
    found = SECRET.read(urn("changed"), secret_id, {}, updated, runtime)
    assert found is not None
    assert found.state == updated


def test_all_labels_can_be_removed_but_ours_stays(runtime: Runtime) -> None:
    secret_id, state = create("unlabelled", runtime, labels={"a": "1"})
    updated = SECRET.update(urn("unlabelled"), secret_id, state, inputs_of("unlabelled", runtime), runtime)
    assert updated["labels"] == {}
    assert in_the_cloud(secret_id, runtime)["labels"] == {OWNER: tag_of(urn("unlabelled"))}


def test_another_kms_key_replaces_the_secret_and_another_name_does_not(runtime: Runtime) -> None:
    inputs = inputs_of("key-change", runtime, kmsKeyId="abj1")
    wanted = {**inputs, "kmsKeyId": "abj2", "name": "other"}
    diff = SECRET.diff(urn("key-change"), "e6q1", inputs, wanted, runtime)
    assert diff.changes == {"name": Change("update"), "kmsKeyId": Change("update", replace=True)}
    assert not diff.delete_before_replace


def test_a_delete_is_one_call_and_what_is_gone_is_fine(cloud: EmulatedCloud, runtime: Runtime) -> None:
    secret_id, state = create("deleted", runtime)
    cloud.forget_calls()
    for _ in range(2):
        SECRET.delete(urn("deleted"), secret_id, state, runtime)
    assert cloud.calls() == {"SecretService/Delete": 2}
    assert SECRET.read(urn("deleted"), secret_id, {}, state, runtime) is None


def test_a_protected_secret_stays_and_says_how_to_remove_it(runtime: Runtime) -> None:
    secret_id, state = create("protected", runtime, deletionProtection=True)
    with pytest.raises(CloudError, match="to remove it, set deletionProtection to false and run `pulumi up` first"):
        SECRET.delete(urn("protected"), secret_id, state, runtime)
    with pytest.raises(CloudError, match="to remove it, run `pulumi refresh` and `pulumi up` first"):
        SECRET.delete(urn("protected"), secret_id, {**state, "deletionProtection": False}, runtime)
    state = SECRET.update(urn("protected"), secret_id, state, inputs_of("protected", runtime), runtime)
    SECRET.delete(urn("protected"), secret_id, state, runtime)


def test_a_create_whose_answer_was_lost_keeps_the_secret_that_it_made(cloud: EmulatedCloud, runtime: Runtime) -> None:
    older, _ = create("lost", runtime)
    cloud.fail("SecretService/Create", "after", "UNAVAILABLE")
    cloud.forget_calls()
    newer, state = create("lost", runtime, labels={"a": "1"})
    assert newer != older
    assert cloud.calls() == {"SecretService/Create": 1, "SecretService/List": 1}
    assert state["labels"] == {"a": "1"}
    assert newer not in runtime.fresh


def test_a_create_that_never_arrived_fails_though_an_older_secret_is_there(
    cloud: EmulatedCloud, runtime: Runtime
) -> None:
    create("older", runtime)
    cloud.fail("SecretService/Create", "before", "UNAVAILABLE")
    with pytest.raises(CloudError, match="Lockbox secret older"):
        create("older", runtime)


def test_a_failure_is_told_even_when_nothing_can_be_listed(cloud: EmulatedCloud, runtime: Runtime) -> None:
    cloud.fail("SecretService/Create", "before", "UNAVAILABLE")
    cloud.fail("SecretService/List", "before", "PERMISSION_DENIED", times=9)
    with pytest.raises(CloudError, match="SecretService/Create failed with UNAVAILABLE"):
        create("blind", runtime)


class TestARefusalSoonAfterRightsChanged:
    @pytest.fixture(autouse=True)
    def rights(self, cloud: EmulatedCloud, runtime: Runtime) -> None:
        role = {"folderId": runtime.folder_id, "role": "lockbox.viewer", "member": "userAccount:somebody"}
        FolderIamMember().create(urn("role"), role, runtime)
        cloud.forget_calls()

    def test_is_asked_again_until_they_have_spread(self, cloud: EmulatedCloud, runtime: Runtime) -> None:
        cloud.fail("SecretService/Create", "before", "PERMISSION_DENIED", times=2)
        secret_id, _ = create("patient", runtime)
        assert cloud.calls()["SecretService/Create"] == 3
        assert runtime.fresh >= {secret_id}

    def test_that_came_after_the_fact_makes_no_second_secret(self, cloud: EmulatedCloud, runtime: Runtime) -> None:
        cloud.fail("SecretService/Create", "after", "PERMISSION_DENIED")
        create("made-all-the-same", runtime)
        assert cloud.calls() == {"SecretService/Create": 1, "SecretService/List": 1}

    def test_that_came_after_the_fact_is_not_asked_again_where_nobody_can_look(
        self, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        cloud.fail("SecretService/Create", "after", "PERMISSION_DENIED")
        cloud.fail("SecretService/List", "before", "UNAVAILABLE", times=9)
        with pytest.raises(CloudError, match="SecretService/Create failed with PERMISSION_DENIED"):
            create("unseen-refusal", runtime)
        assert cloud.calls()["SecretService/Create"] == 1


def test_a_refusal_that_no_change_of_rights_explains_is_told_after_one_look(
    cloud: EmulatedCloud, runtime: Runtime
) -> None:
    cloud.fail("SecretService/Create", "before", "PERMISSION_DENIED", times=9)
    with pytest.raises(CloudError, match="PERMISSION_DENIED"):
        create("denied", runtime)
    assert cloud.calls() == {"SecretService/Create": 1, "SecretService/List": 1}


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "UNAUTHENTICATED"])
def test_a_refusal_after_the_fact_keeps_the_secret_that_was_made(
    cloud: EmulatedCloud, runtime: Runtime, code: str
) -> None:
    cloud.fail("SecretService/Create", "after", code)
    secret_id, _ = create(f"refused-late-{code.lower().replace('_', '-')}", runtime)
    assert cloud.calls() == {"SecretService/Create": 1, "SecretService/List": 1}
    assert SECRET.get(secret_id, runtime)["id"] == secret_id
