"""A service account: drift, updates in place, and a name that somebody else has. How it is made once: test_creation.py."""

from __future__ import annotations

import pytest

from provider.yandex_keys.errors import AlreadyExists, Cancelled, NotFound
from provider.yandex_keys.fields import Change
from provider.yandex_keys.marks import INSTANCE_LABEL
from provider.yandex_keys.properties import Properties
from provider.yandex_keys.run import Runtime
from provider.yandex_keys.service_account import ServiceAccount
from tests.provider.emulated_cloud import EmulatedCloud


def urn(name: str) -> str:
    return f"urn:pulumi:local::api-keys::{ServiceAccount.token}::{name}"


def inputs_of(name: str, runtime: Runtime, **more: str) -> Properties:
    return ServiceAccount().check(urn(name), {}, {"name": name, **more}, runtime)


def create(name: str, runtime: Runtime, **more: str) -> tuple[str, Properties]:
    return ServiceAccount().create(urn(name), inputs_of(name, runtime, **more), runtime)


def label_of(account_id: str, runtime: Runtime) -> str:
    account = runtime.cloud.call("ServiceAccountService/Get", {"service_account_id": account_id})
    return str(account["labels"][INSTANCE_LABEL])


def test_a_create_is_one_call_and_its_state_shows_no_label(cloud: EmulatedCloud, runtime: Runtime) -> None:
    account_id, state = create("made-once", runtime, description="Translates")
    assert cloud.calls() == {"ServiceAccountService/Create": 1}
    assert state.keys() == {"name", "description", "folderId", "createdAt", "__instance"}
    assert (state["name"], state["description"], state["folderId"]) == ("made-once", "Translates", cloud.folder_id)
    assert runtime.record.made == {account_id}
    assert label_of(account_id, runtime) == state["__instance"]


def test_a_refresh_and_an_import_are_one_call_and_give_complete_inputs(cloud: EmulatedCloud, runtime: Runtime) -> None:
    account_id, state = create("read-back", runtime, description="Reads")
    cloud.forget_calls()
    imported = ServiceAccount().read(urn("read-back"), account_id, {}, {}, runtime)
    assert cloud.calls() == {"ServiceAccountService/Get": 1}
    assert imported is not None
    assert imported.state == state
    assert imported.inputs == {"name": "read-back", "description": "Reads", "folderId": cloud.folder_id}


def test_an_account_that_is_gone_reads_as_gone(runtime: Runtime) -> None:
    assert ServiceAccount().read(urn("x"), "ajenothere", {}, {}, runtime) is None


def test_drift_shows_as_a_difference(runtime: Runtime) -> None:
    account_id, state = create("drifting", runtime, description="ours")
    change = {
        "service_account_id": account_id,
        "update_mask": "description",
        "name": "drifting",
        "description": "theirs",
    }
    runtime.cloud.operate("ServiceAccountService/Update", change)
    found = ServiceAccount().read(urn("drifting"), account_id, state, state, runtime)
    assert found is not None
    diff = ServiceAccount().diff(
        urn("drifting"), account_id, found.state, inputs_of("drifting", runtime, description="ours"), runtime
    )
    assert diff.changes == {"description": Change("update")}


def test_an_update_is_one_call_in_place_and_keeps_our_label(cloud: EmulatedCloud, runtime: Runtime) -> None:
    account_id, state = create("renamed", runtime, description="before")
    cloud.forget_calls()
    inputs = {**inputs_of("renamed", runtime), "name": "renamed-since"}
    updated = ServiceAccount().update(urn("renamed"), account_id, state, inputs, runtime)
    assert cloud.calls() == {"ServiceAccountService/Update": 1}
    assert updated == {**state, "name": "renamed-since", "description": ""}
    assert label_of(account_id, runtime) == state["__instance"]


def test_an_update_that_changes_nothing_in_the_cloud_is_no_call(cloud: EmulatedCloud, runtime: Runtime) -> None:
    account_id, state = create("unchanged", runtime)
    cloud.forget_calls()
    inputs = {**inputs_of("unchanged", runtime), "description": ""}
    assert ServiceAccount().update(urn("unchanged"), account_id, state, inputs, runtime) == {**state, "description": ""}
    assert cloud.calls() == {}


def test_a_strangers_account_is_not_taken_but_its_import_is_shown(runtime: Runtime) -> None:
    request = {"folder_id": runtime.folder_id, "name": "strangers"}
    stranger = runtime.cloud.operate("ServiceAccountService/Create", request)["response"]["id"]
    with pytest.raises(AlreadyExists) as refused:
        create("strangers", runtime)
    command = f"pulumi import {ServiceAccount.token} strangers {stranger} --generate-code=false --protect=false"
    assert f"it is {stranger}, and it was made by hand. To manage it here, run `{command}`" in str(refused.value)


def test_an_account_of_another_resource_of_ours_is_not_taken(runtime: Runtime) -> None:
    account_id, _ = create("shared-name", runtime)
    with pytest.raises(AlreadyExists) as refused:
        ServiceAccount().create(urn("other"), inputs_of("shared-name", runtime), runtime)
    owner = runtime.owner(urn("shared-name"))
    assert f"it is {account_id}, and another stack, or another resource of this one, made it (owner {owner})" in str(
        refused.value
    )


def test_an_account_that_a_killed_run_made_is_kept_when_its_idempotency_key_is_forgotten(
    cloud: EmulatedCloud, runtime: Runtime
) -> None:
    killed, _ = create("killed-long-ago", runtime)
    cloud.set(idempotencyKeyLifetime="0s")
    kept, state = create("killed-long-ago", cloud.runtime(), description="now")
    assert (kept, state["description"]) == (killed, "now")


def test_a_name_whose_holder_can_not_be_looked_up_says_both(cloud: EmulatedCloud, runtime: Runtime) -> None:
    runtime.cloud.operate("ServiceAccountService/Create", {"folder_id": runtime.folder_id, "name": "unseen"})
    cloud.fault("ServiceAccountService/List", "before", "PERMISSION_DENIED", times=-1)
    with pytest.raises(AlreadyExists, match="List failed with PERMISSION_DENIED"):
        create("unseen", runtime)


def test_a_run_that_is_cancelled_while_it_looks_whose_a_name_is_says_so(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.cloud.operate("ServiceAccountService/Create", {"folder_id": runtime.folder_id, "name": "looked-for"})

    def pages(*asked: str) -> None:
        raise Cancelled

    monkeypatch.setattr(runtime.cloud, "pages", pages)
    with pytest.raises(Cancelled, match="stopped, as asked"):
        create("looked-for", runtime)


def test_labels_that_people_gave_an_account_stay_when_it_is_kept(cloud: EmulatedCloud, runtime: Runtime) -> None:
    killed, _ = create("labelled", runtime)
    account = runtime.cloud.call("ServiceAccountService/Get", {"service_account_id": killed})
    change = {"service_account_id": killed, "name": "labelled", "update_mask": "labels"}
    runtime.cloud.operate("ServiceAccountService/Update", {**change, "labels": {**account["labels"], "team": "a"}})
    create("labelled", cloud.runtime())
    after = runtime.cloud.call("ServiceAccountService/Get", {"service_account_id": killed})
    assert after["labels"]["team"] == "a"


def test_an_update_of_an_account_that_is_gone_says_what_to_do(runtime: Runtime) -> None:
    with pytest.raises(NotFound, match="run `pulumi refresh`, then `pulumi up`"):
        ServiceAccount().update(urn("gone"), "ajenothere", {"name": "a"}, inputs_of("gone", runtime), runtime)
