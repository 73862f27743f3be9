"""Accounts, Lockbox secrets and KMS keys are made once, whatever is lost or killed, and taken from nobody. Invariants:

- a create is one call, and asking again, in the same run or a later one, is answered with what was made;
- what another call of Create made is kept only where nothing but a killed run can have left it;
- a delete leaves what another resource has taken over.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from provider.yandex_keys.errors import AlreadyExists, CloudError
from provider.yandex_keys.folder_resource import INSTANCE, FolderResource
from provider.yandex_keys.kms_symmetric_key import KmsSymmetricKey
from provider.yandex_keys.lockbox_secret import LockboxSecret
from provider.yandex_keys.marks import INSTANCE_LABEL, OWNER_LABEL, owner_of
from provider.yandex_keys.properties import Properties
from provider.yandex_keys.run import Runtime
from provider.yandex_keys.service_account import ServiceAccount
from provider.yandex_keys.times import parse_time
from tests.provider.emulated_cloud import EmulatedCloud


@dataclass
class OneResource:
    """One resource through several runs; each method is a verb of the run `runtime`, or a look at the cloud."""

    cloud: EmulatedCloud
    handler: FolderResource
    runtime: Runtime
    name: str

    @property
    def urn(self) -> str:
        return f"urn:pulumi:local::api-keys::{self.handler.token}::{self.name}"

    def inputs(self, **more: Any) -> Properties:
        return self.handler.check(self.urn, {}, {"name": self.name, **more}, self.runtime)

    def create(self, **more: Any) -> tuple[str, Properties]:
        return self.handler.create(self.urn, self.inputs(**more), self.runtime)

    def delete(self, resource_id: str, state: Properties) -> None:
        self.handler.delete(self.urn, resource_id, state, self.runtime)

    def next_run(self, provider_id: str = "one-state") -> None:
        """Another process, for the same state unless `provider_id` is another's."""
        self.runtime = self.cloud.runtime(provider_id)
        self.cloud.forget_calls()

    def found(self, resource_id: str) -> dict[str, Any] | None:
        found = self.handler.read(self.urn, resource_id, {}, {}, self.cloud.runtime())
        return None if found is None else found.state

    def labels(self, resource_id: str) -> dict[str, str]:
        request = {self.handler.id_field: resource_id}
        return dict(self.cloud.runtime().cloud.call(f"{self.handler.service}/Get", request)["labels"])

    def all_of_the_name(self) -> list[str]:
        request = {"folder_id": self.cloud.folder_id}
        items = self.cloud.runtime().cloud.pages(self.handler.listing.method, self.handler.listing.items, request)
        return [item["id"] for item in items if item["name"] == self.name]

    def method(self, verb: str) -> str:
        return f"{self.handler.service}/{verb}"

    def calls(self) -> dict[str, int]:
        return {name.partition("/")[2]: times for name, times in self.cloud.calls().items()}


@pytest.fixture(params=[ServiceAccount, LockboxSecret, KmsSymmetricKey])
def life(request: pytest.FixtureRequest, cloud: EmulatedCloud) -> OneResource:
    # The cloud is shared with other tests: a name, and so an owner, of each test's own.
    name = f"{request.param.__name__.lower()}-{zlib.crc32(request.node.name.encode())}"
    made = OneResource(cloud, request.param(), cloud.runtime(), name)
    cloud.forget_calls()
    return made


def test_a_create_is_one_call_and_its_labels_name_owner_and_instance(life: OneResource) -> None:
    resource_id, state = life.create()
    assert life.calls() == {"Create": 1}
    assert life.runtime.record.made == {resource_id}
    labels = life.labels(resource_id)
    assert labels == {OWNER_LABEL: owner_of("one-state", life.urn), INSTANCE_LABEL: state[INSTANCE]}
    assert not {OWNER_LABEL, INSTANCE_LABEL} & set(state.get("labels", ()))


@pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "PERMISSION_DENIED", "UNKNOWN"])
def test_a_create_whose_answer_was_lost_is_asked_again_and_searched_for_by_nobody(life: OneResource, code: str) -> None:
    life.cloud.fault(life.method("Create"), "after", code)
    resource_id, state = life.create()
    assert life.calls() == {"Create": 2}
    assert life.all_of_the_name() == [resource_id]
    assert life.labels(resource_id)[INSTANCE_LABEL] == state[INSTANCE]
    assert life.runtime.record.made == {resource_id}


def test_a_create_that_never_arrives_says_so_and_leaves_nothing(life: OneResource) -> None:
    life.cloud.fault(life.method("Create"), "before", "UNAVAILABLE", times=-1)
    with pytest.raises(CloudError, match=f"{life.name}: {life.method('Create')} failed with UNAVAILABLE"):
        life.create()
    assert life.calls().keys() == {"Create"}
    life.cloud.heal()
    assert life.all_of_the_name() == []


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "UNAUTHENTICATED", "RESOURCE_EXHAUSTED"])
def test_a_refusal_for_good_is_told(life: OneResource, code: str) -> None:
    life.cloud.fault(life.method("Create"), "before", code, times=-1)
    with pytest.raises(CloudError, match=code):
        life.create()
    assert life.calls().keys() == {"Create"}


def test_a_bad_argument_is_asked_once(life: OneResource) -> None:
    life.cloud.fault(life.method("Create"), "before", "INVALID_ARGUMENT")
    with pytest.raises(CloudError, match="INVALID_ARGUMENT"):
        life.create()
    assert life.calls() == {"Create": 1}


def test_what_a_killed_run_made_is_kept_brought_in_line_and_marked_anew(life: OneResource) -> None:
    killed, before = life.create(description="then")
    life.next_run()
    kept, state = life.create(description="now")
    assert life.calls() == {"Create": 1, "Get": 1, "Update": 1}
    assert kept == killed
    assert state["description"] == "now"
    assert state[INSTANCE] != before[INSTANCE]
    assert life.labels(kept)[INSTANCE_LABEL] == state[INSTANCE]
    assert life.runtime.record.made == set()
    assert life.all_of_the_name() == [kept]
    assert [line for line in life.cloud.logged if kept in line and "interrupted run" in line]
    found = life.found(kept)
    assert found == state


def test_what_a_killed_run_made_under_another_automatic_name_is_kept(life: OneResource) -> None:
    killed, _ = life.create()
    life.next_run()
    kept, state = life.create(name=f"{life.name}-2")
    assert (kept, state["name"]) == (killed, f"{life.name}-2")
    assert life.all_of_the_name() == []


def test_a_run_killed_while_it_kept_what_another_left_leaves_no_second_one(life: OneResource) -> None:
    killed, _ = life.create()
    life.next_run()
    life.create(description="killed as well")
    life.next_run()
    kept, state = life.create(description="at last")
    assert kept == killed
    assert state["description"] == "at last"
    assert life.all_of_the_name() == [kept]


def test_what_was_destroyed_is_made_anew_and_killed_again_it_is_found_again(life: OneResource) -> None:
    first, state = life.create()
    life.delete(first, state)
    life.next_run()
    second, _ = life.create()
    assert second != first
    assert life.calls() == {"Create": 2, "Get": 1}
    life.next_run()
    kept, _ = life.create()
    assert kept == second
    assert life.all_of_the_name() == [second]


def test_what_was_made_and_destroyed_again_and_again_is_made_once_more(life: OneResource) -> None:
    made = []
    for _ in range(20):
        resource_id, state = life.create()
        made.append(resource_id)
        life.delete(resource_id, state)
    assert len(set(made)) == 20
    last, _ = life.create()
    assert life.all_of_the_name() == [last]


def test_a_state_of_another_provider_resource_makes_its_own(life: OneResource) -> None:
    first, _ = life.create()
    life.next_run("another-state")
    if isinstance(life.handler, ServiceAccount):
        with pytest.raises(AlreadyExists, match=f"it is {first}, and another stack, or another resource of this one"):
            life.create()
    else:
        second, _ = life.create()
        assert second != first
    assert life.calls().get("Update") is None
    assert life.labels(first)[OWNER_LABEL] == owner_of("one-state", life.urn)


def test_what_a_state_has_renamed_since_is_not_kept(life: OneResource) -> None:
    first, state = life.create()
    elsewhere = f"{life.name}-moved"
    moved = life.handler.update(life.urn, first, state, life.inputs(name=elsewhere), life.runtime)
    life.next_run()
    second, _ = life.create()
    assert second != first
    found = life.found(first)
    assert found is not None
    assert found["name"] == moved["name"] == elsewhere


def test_what_a_state_of_this_run_accounts_for_is_not_kept(life: OneResource) -> None:
    first, state = life.create()
    life.next_run()
    renamed = life.urn.replace(life.name, "after")
    life.handler.diff(renamed, first, state, life.inputs(), life.runtime)
    if isinstance(life.handler, ServiceAccount):
        with pytest.raises(AlreadyExists):
            life.create()
    else:
        assert life.create()[0] != first
    assert life.labels(first)[INSTANCE_LABEL] == state[INSTANCE]


def test_what_lives_in_another_folder_is_not_kept(life: OneResource) -> None:
    request = {"cloud_id": life.runtime.cloud_id, "name": f"{life.name[:50]}-folder"}
    folder = life.runtime.cloud.operate("FolderService/Create", request)["response"]["id"]
    first, state = life.create(folderId=folder)
    life.next_run()
    if isinstance(life.handler, ServiceAccount):
        with pytest.raises(
            AlreadyExists, match=f"nothing that we can see in folder {life.cloud.folder_id} has that name"
        ):
            life.create()
    else:
        assert life.create()[0] != first
    assert life.labels(first)[INSTANCE_LABEL] == state[INSTANCE]


def test_a_replacement_by_itself_is_not_deleted_afterwards(life: OneResource) -> None:
    # `pulumi up --target-replace`: Check gets no old inputs, Diff isn't asked, and the engine deletes the old one last.
    old, old_state = life.create()
    life.next_run()
    new, state = life.create()
    assert new == old
    life.cloud.forget_calls()
    life.delete(old, old_state)
    assert life.calls() == {"Get": 1}
    assert [line for line in life.cloud.logged if old in line and "another resource has taken it over" in line]
    assert life.found(new) is not None
    life.delete(new, state)
    assert life.found(new) is None


def test_a_delete_looks_first_and_what_is_gone_is_fine(life: OneResource) -> None:
    resource_id, state = life.create()
    life.cloud.forget_calls()
    for _ in range(2):
        life.delete(resource_id, state)
    assert life.calls() == {"Get": 2, "Delete": 1}
    assert life.found(resource_id) is None


def test_a_delete_that_can_not_look_changes_nothing_and_says_why(life: OneResource) -> None:
    resource_id, state = life.create()
    life.cloud.fault(life.method("Get"), "before", "PERMISSION_DENIED", times=-1)
    with pytest.raises(CloudError, match=f"{life.method('Get')} failed with PERMISSION_DENIED"):
        life.delete(resource_id, state)
    life.cloud.heal()
    assert life.found(resource_id) is not None


def test_a_state_without_an_instance_deletes_what_is_unmarked_or_its_owners_and_nothing_else(life: OneResource) -> None:
    request = {"folder_id": life.cloud.folder_id, "name": life.name}
    if isinstance(life.handler, KmsSymmetricKey):
        request["default_algorithm"] = "AES_128"
    made = life.runtime.cloud.operate(life.method("Create"), request)["response"]
    found = life.handler.read(life.urn, made["id"], {}, {}, life.runtime)
    assert found is not None
    assert INSTANCE not in found.state
    life.delete(made["id"], found.state)
    assert life.found(made["id"]) is None
    own, state = life.create()
    without = {name: value for name, value in state.items() if name != INSTANCE}
    stranger = life.urn + "-other"
    life.handler.delete(stranger, own, without, life.runtime)
    assert life.found(own) is not None
    life.delete(own, without)
    assert life.found(own) is None


def test_an_import_goes_on_under_the_instance_that_it_finds(life: OneResource) -> None:
    resource_id, state = life.create(description="d")
    life.next_run("another-state")
    found = life.handler.read(life.urn, resource_id, {}, {}, life.runtime)
    assert found is not None
    assert found.state == state
    assert INSTANCE not in found.inputs
    life.delete(resource_id, found.state)
    assert life.found(resource_id) is None


def test_the_instance_stays_through_refresh_preview_update_and_another_urn(life: OneResource) -> None:
    resource_id, state = life.create()
    renamed = life.urn + "-renamed"
    read = life.handler.read(renamed, resource_id, state, state, life.runtime)
    assert read is not None
    assert read.state[INSTANCE] == state[INSTANCE]
    wanted = life.inputs(description="other")
    assert life.handler.preview(renamed, state, wanted, life.runtime)[INSTANCE] == state[INSTANCE]
    assert INSTANCE not in life.handler.preview(renamed, None, wanted, life.runtime)
    for inputs in (wanted, life.inputs(description="")):
        updated = life.handler.update(renamed, resource_id, state, inputs, life.runtime)
        assert updated[INSTANCE] == state[INSTANCE]
    assert life.labels(resource_id)[INSTANCE_LABEL] == state[INSTANCE]
    assert life.handler.diff(renamed, resource_id, state, life.inputs(), life.runtime).changes == {}


class TestAnOperationThatFails:
    def fail(self, life: OneResource, times: int = 1, **more: Any) -> None:
        failure = {"code": "RESOURCE_EXHAUSTED", "message": "no quota left", **more}
        life.cloud.faults({"method": life.method("Create"), "when": "before", "times": times, "operation": failure})

    def test_is_told_and_does_not_stand_in_the_way_of_the_next_run(self, life: OneResource) -> None:
        self.fail(life, times=2)
        with pytest.raises(CloudError, match="no quota left"):
            life.create()
        assert life.all_of_the_name() == []
        life.next_run()
        resource_id, _ = life.create()
        assert life.all_of_the_name() == [resource_id]

    def test_but_has_made_the_thing_is_kept_by_its_id(self, life: OneResource) -> None:
        self.fail(life, takesEffect=True)
        resource_id, state = life.create()
        assert life.calls() == {"Create": 1, "Get": 1}
        assert life.all_of_the_name() == [resource_id]
        assert life.labels(resource_id)[INSTANCE_LABEL] == state[INSTANCE]

    def test_and_was_killed_before_it_was_told_is_no_obstacle_either(self, life: OneResource) -> None:
        self.fail(life, takesEffect=True)
        killed, _ = life.create()
        life.next_run()
        kept, _ = life.create()
        assert kept == killed
        assert life.all_of_the_name() == [kept]


class TestAnOperationThatNeverEnds:
    @pytest.fixture(autouse=True)
    def unfinished(self, life: OneResource) -> None:
        life.cloud.faults({"method": life.method("Create"), "times": 1, "operation": {"seconds": "720000s"}})

    def gone(self, life: OneResource, later: timedelta) -> str:
        """What the first run has made, of which nothing is left but the operation; the next run is so much `later`."""
        resource_id, state = life.create()
        life.delete(resource_id, state)
        life.next_run()
        then = parse_time(life.cloud.now()) + later
        life.runtime = replace(life.runtime, now=lambda: then)
        return resource_id

    def test_although_the_thing_is_there_does_not_stop_the_run(self, life: OneResource) -> None:
        resource_id, state = life.create()
        assert life.all_of_the_name() == [resource_id]
        assert life.labels(resource_id)[INSTANCE_LABEL] == state[INSTANCE]
        assert any("has not finished" in line and resource_id in line for line in life.cloud.logged)

    def test_is_no_obstacle_for_the_run_after_a_kill(self, life: OneResource) -> None:
        killed, _ = life.create()
        life.next_run()
        kept, state = life.create()
        assert kept == killed
        assert life.labels(kept)[INSTANCE_LABEL] == state[INSTANCE]

    def test_and_has_made_nothing_is_waited_for_while_it_is_young(self, life: OneResource) -> None:
        self.gone(life, timedelta(minutes=50))
        with pytest.raises(CloudError, match="has not finished"):
            life.create()
        assert life.all_of_the_name() == []

    def test_and_has_made_nothing_is_begun_anew_an_hour_later(self, life: OneResource) -> None:
        dead = self.gone(life, timedelta(minutes=70))
        resource_id, _ = life.create()
        assert resource_id != dead
        assert life.all_of_the_name() == [resource_id]
