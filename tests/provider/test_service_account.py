"""A service account is made by one call, found again after a lost answer or a killed run, and never taken from a stranger."""

from __future__ import annotations

import pytest

from provider.yandex_keys.errors import AlreadyExists, CloudError, NotFound
from provider.yandex_keys.ownership import OWNER
from provider.yandex_keys.resource import Change, Properties, Runtime, tag_of
from provider.yandex_keys.service_account import ServiceAccount
from tests.provider.emulated_cloud import EmulatedCloud


def urn(name: str) -> str:
    return f"urn:pulumi:local::api-keys::{ServiceAccount.token}::{name}"


@pytest.fixture
def runtime(cloud: EmulatedCloud) -> Runtime:
    made = cloud.runtime()
    cloud.forget_calls()
    return made


def inputs_of(name: str, runtime: Runtime, **more: str) -> Properties:
    return ServiceAccount().check(urn(name), {}, {"name": name, **more}, runtime)


def create(name: str, runtime: Runtime, **more: str) -> tuple[str, Properties]:
    return ServiceAccount().create(urn(name), inputs_of(name, runtime, **more), runtime)


def label_of(account_id: str, runtime: Runtime) -> str:
    account = runtime.cloud.call("ServiceAccountService/Get", {"service_account_id": account_id})
    return str(account["labels"][OWNER])


def test_a_create_is_one_call_and_its_state_shows_no_label(cloud: EmulatedCloud, runtime: Runtime) -> None:
    account_id, state = create("made-once", runtime, description="Translates")
    assert cloud.calls() == {"ServiceAccountService/Create": 1}
    assert state.keys() == {"name", "description", "folderId", "createdAt"}
    assert (state["name"], state["description"], state["folderId"]) == ("made-once", "Translates", cloud.folder_id)
    assert runtime.fresh == {account_id}
    assert label_of(account_id, runtime) == tag_of(urn("made-once"))


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
    assert label_of(account_id, runtime) == tag_of(urn("renamed"))


def test_an_update_that_changes_nothing_in_the_cloud_is_no_call(cloud: EmulatedCloud, runtime: Runtime) -> None:
    account_id, state = create("unchanged", runtime)
    cloud.forget_calls()
    inputs = {**inputs_of("unchanged", runtime), "description": ""}
    assert ServiceAccount().update(urn("unchanged"), account_id, state, inputs, runtime) == {**state, "description": ""}
    assert cloud.calls() == {}


def test_a_delete_is_one_call_and_what_is_gone_is_fine(cloud: EmulatedCloud, runtime: Runtime) -> None:
    account_id, state = create("deleted", runtime)
    cloud.forget_calls()
    for _ in range(2):
        ServiceAccount().delete(urn("deleted"), account_id, state, runtime)
    assert cloud.calls() == {"ServiceAccountService/Delete": 2}
    assert ServiceAccount().read(urn("deleted"), account_id, {}, state, runtime) is None


def test_a_create_whose_answer_was_lost_keeps_the_account(cloud: EmulatedCloud, runtime: Runtime) -> None:
    cloud.fail("ServiceAccountService/Create", "after", "UNAVAILABLE")
    account_id, state = create("lost-answer", runtime)
    assert cloud.calls() == {"ServiceAccountService/Create": 1, "ServiceAccountService/List": 1}
    assert label_of(account_id, runtime) == tag_of(urn("lost-answer"))
    assert state["name"] == "lost-answer"
    assert runtime.fresh == set()
    assert any(account_id in line for line in cloud.logged)


def test_a_create_that_never_arrived_says_so(cloud: EmulatedCloud, runtime: Runtime) -> None:
    cloud.fail("ServiceAccountService/Create", "before", "UNAVAILABLE")
    with pytest.raises(
        CloudError, match="service account never-arrived: ServiceAccountService/Create failed with UNAVAILABLE"
    ):
        create("never-arrived", runtime)


def test_a_refused_create_is_not_looked_for(cloud: EmulatedCloud, runtime: Runtime) -> None:
    cloud.fail("ServiceAccountService/Create", "before", "INVALID_ARGUMENT")
    with pytest.raises(CloudError, match="INVALID_ARGUMENT"):
        create("refused", runtime)
    assert cloud.calls() == {"ServiceAccountService/Create": 1}


def test_what_a_killed_run_made_is_adopted_and_brought_in_line(cloud: EmulatedCloud, runtime: Runtime) -> None:
    killed, _ = create("killed", runtime, description="then")
    next_run = cloud.runtime()
    adopted, state = create("killed", next_run, description="now")
    assert adopted == killed
    assert state["description"] == "now"
    assert next_run.fresh == set()


def test_a_strangers_account_is_not_taken_but_its_import_is_shown(runtime: Runtime) -> None:
    request = {"folder_id": runtime.folder_id, "name": "strangers"}
    stranger = runtime.cloud.operate("ServiceAccountService/Create", request)["response"]["id"]
    with pytest.raises(AlreadyExists) as refused:
        create("strangers", runtime)
    assert f"pulumi import {ServiceAccount.token} strangers {stranger}" in str(refused.value)


def test_an_account_of_another_resource_of_ours_is_not_taken(runtime: Runtime) -> None:
    create("shared-name", runtime)
    with pytest.raises(AlreadyExists):
        ServiceAccount().create(urn("other"), inputs_of("shared-name", runtime), runtime)


def test_an_account_that_is_replaced_by_itself_is_not_deleted_afterwards(
    cloud: EmulatedCloud, runtime: Runtime
) -> None:
    # `pulumi up --target-replace`: Check is given no old inputs, Diff isn't asked, and the engine deletes the old one last.
    handler = ServiceAccount()
    account_id, state = handler.create(urn("replaced"), inputs_of("replaced", runtime), runtime)
    run, next_process = cloud.runtime(), ServiceAccount()
    assert next_process.create(urn("replaced"), inputs_of("replaced", runtime), run) == (account_id, state)
    next_process.delete(urn("replaced"), account_id, state, run)
    assert handler.read(urn("replaced"), account_id, {}, state, runtime) is not None


def test_an_update_of_an_account_that_is_gone_says_what_to_do(runtime: Runtime) -> None:
    with pytest.raises(NotFound, match="run `pulumi refresh`, then `pulumi up`"):
        ServiceAccount().update(urn("gone"), "ajenothere", {"name": "a"}, inputs_of("gone", runtime), runtime)


def test_a_replacement_whose_answer_was_lost_keeps_the_new_account_not_the_old(
    cloud: EmulatedCloud, runtime: Runtime
) -> None:
    handler = ServiceAccount()
    old, _ = handler.create(urn("twice"), inputs_of("twice-before", runtime), runtime)
    cloud.fail("ServiceAccountService/Create", "after", "INTERNAL")
    new, state = handler.create(urn("twice"), inputs_of("twice-after", runtime), runtime)
    assert new != old
    assert state["name"] == "twice-after"
