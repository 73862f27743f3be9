"""A role on a folder is added and removed alone, read with one listing a folder, and known by the ids of the upstream plugin."""

from __future__ import annotations

import pytest

from provider.yandex_keys.access_binding import FolderIamMember
from provider.yandex_keys.errors import InvalidInput
from provider.yandex_keys.fields import Change
from provider.yandex_keys.properties import UNKNOWN, Properties
from provider.yandex_keys.run import Runtime
from tests.provider.emulated_cloud import EmulatedCloud

MEMBER = FolderIamMember()
URN = f"urn:pulumi:local::api-keys::{MEMBER.token}::viewer"


def account(name: str, runtime: Runtime) -> str:
    """A member of its own for a test."""
    request = {"folder_id": runtime.folder_id, "name": name}
    return f"serviceAccount:{runtime.cloud.operate('ServiceAccountService/Create', request)['response']['id']}"


def inputs_of(member: str, role: str, runtime: Runtime) -> Properties:
    return MEMBER.check(URN, {}, {"folderId": runtime.folder_id, "role": role, "member": member}, runtime)


def bindings(runtime: Runtime) -> set[tuple[str, str]]:
    request = {"resource_id": runtime.folder_id, "page_size": 1000}
    listed = runtime.cloud.call("FolderService/ListAccessBindings", request).get("access_bindings", [])
    return {(item["role_id"], f"{item['subject']['type']}:{item['subject']['id']}") for item in listed}


def test_a_create_adds_this_binding_alone_in_one_call(cloud: EmulatedCloud, runtime: Runtime) -> None:
    member = account("binding-added", runtime)
    before = bindings(runtime)
    cloud.forget_calls()
    resource_id, state = MEMBER.create(URN, inputs_of(member, "viewer", runtime), runtime)
    assert cloud.calls() == {"FolderService/UpdateAccessBindings": 1}
    assert resource_id == f"{runtime.folder_id}/viewer/{member}"
    assert state == {"folderId": runtime.folder_id, "role": "viewer", "member": member}
    assert bindings(runtime) - before == {("viewer", member)}


def test_a_binding_that_is_there_already_is_fine(runtime: Runtime) -> None:
    member = account("binding-there", runtime)
    made = {MEMBER.create(URN, inputs_of(member, "viewer", runtime), runtime)[0] for _ in range(2)}
    assert len(made) == 1


def test_a_lost_answer_is_asked_for_again(cloud: EmulatedCloud, runtime: Runtime) -> None:
    member = account("binding-lost", runtime)
    cloud.fault("FolderService/UpdateAccessBindings", "after", "UNAVAILABLE")
    MEMBER.create(URN, inputs_of(member, "viewer", runtime), runtime)
    assert ("viewer", member) in bindings(runtime)


def test_many_reads_of_one_folder_are_one_listing(cloud: EmulatedCloud, runtime: Runtime) -> None:
    member = account("binding-read", runtime)
    roles = ("viewer", "editor", "monitoring.viewer")
    made = [MEMBER.create(URN, inputs_of(member, role, runtime), runtime) for role in roles]
    cloud.forget_calls()
    for resource_id, state in made:
        found = MEMBER.read(URN, resource_id, state, state, runtime)
        assert found is not None
        assert found.state == found.inputs == state
    assert cloud.calls() == {"FolderService/ListAccessBindings": 1}


def test_a_binding_that_was_removed_behind_our_back_reads_as_gone(runtime: Runtime) -> None:
    member = account("binding-gone", runtime)
    resource_id, state = MEMBER.create(URN, inputs_of(member, "viewer", runtime), runtime)
    assert MEMBER.read(URN, f"{runtime.folder_id}/editor/{member}", state, state, runtime) is None
    assert MEMBER.read(URN, f"b1gnothere/viewer/{member}", state, state, runtime) is None
    assert MEMBER.read(URN, resource_id, state, state, runtime) is not None


def test_an_import_takes_the_three_parts_with_spaces_and_gives_the_upstream_id(runtime: Runtime) -> None:
    member = account("binding-imported", runtime)
    resource_id, state = MEMBER.create(URN, inputs_of(member, "viewer", runtime), runtime)
    for given in (f"{runtime.folder_id} viewer {member}", resource_id):
        found = MEMBER.read(URN, given, {}, {}, runtime)
        assert found is not None
        assert (found.resource_id, found.inputs, found.state) == (resource_id, state, state)


@pytest.mark.parametrize(
    "given", ["", "b1g", "b1g viewer", "b1g viewer aje1", "b1g/viewer", "b1g viewer serviceAccount:a b"]
)
def test_an_import_of_anything_else_says_what_to_write(given: str, runtime: Runtime) -> None:
    with pytest.raises(InvalidInput, match="<folder id> <role> <type>:<id>"):
        MEMBER.read(URN, given, {}, {}, runtime)


def test_a_delete_removes_this_binding_alone_and_what_is_gone_is_fine(cloud: EmulatedCloud, runtime: Runtime) -> None:
    member = account("binding-removed", runtime)
    before = bindings(runtime)
    resource_id, state = MEMBER.create(URN, inputs_of(member, "viewer", runtime), runtime)
    next_run = cloud.runtime()
    cloud.forget_calls()
    for _ in range(2):
        MEMBER.delete(URN, resource_id, state, next_run)
    assert cloud.calls() == {"FolderService/UpdateAccessBindings": 2}
    assert bindings(runtime) == before


def test_a_renamed_resource_keeps_the_role_that_it_has_just_been_granted(runtime: Runtime) -> None:
    member = account("binding-renamed", runtime)
    inputs = inputs_of(member, "viewer", runtime)
    resource_id, state = MEMBER.create(f"{URN}-renamed", inputs, runtime)
    MEMBER.delete(URN, resource_id, state, runtime)
    assert ("viewer", member) in bindings(runtime)


def test_everything_but_the_pause_replaces() -> None:
    had = {"folderId": "a", "role": "viewer", "member": "serviceAccount:1", "sleepAfter": 1}
    wanted = {"folderId": "b", "role": "editor", "member": UNKNOWN}
    diff = MEMBER.diff(URN, "a/viewer/serviceAccount:1", had, wanted, None)  # type: ignore[arg-type]
    replaced = Change("update", replace=True)
    assert diff.changes == {"folderId": replaced, "role": replaced, "member": replaced, "sleepAfter": Change("delete")}


def test_the_pause_after_a_grant_is_waited_and_kept(runtime: Runtime) -> None:
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return False

    runtime.cloud.wait = wait
    inputs = {**inputs_of(account("binding-slow", runtime), "viewer", runtime), "sleepAfter": 7}
    resource_id, state = MEMBER.create(URN, inputs, runtime)
    assert (waited, state["sleepAfter"]) == ([7.0], 7)
    found = MEMBER.read(URN, resource_id, inputs, state, runtime)
    assert found is not None
    assert found.inputs == inputs


@pytest.mark.parametrize("pause", [-1, 0.5, "5", True])
def test_a_pause_is_a_whole_number_of_seconds(pause: object) -> None:
    with pytest.raises(InvalidInput, match="sleepAfter: must be a whole number of seconds"):
        MEMBER.check(URN, {}, {"folderId": "a", "role": "b", "member": "c:d", "sleepAfter": pause}, None)


def test_a_preview_makes_no_call() -> None:
    inputs = {"folderId": "a", "role": "viewer", "member": UNKNOWN}
    assert MEMBER.preview(URN, None, inputs, None) == inputs  # type: ignore[arg-type]
