"""Who has a role on a KMS key: exactly the listed members, whatever their order; other roles on the key stay."""

from __future__ import annotations

import pytest

from provider.yandex_keys.access_binding import KmsSymmetricKeyIamBinding
from provider.yandex_keys.errors import InvalidInput
from provider.yandex_keys.properties import Properties
from provider.yandex_keys.run import Runtime
from tests.provider.emulated_cloud import EmulatedCloud

BINDING = KmsSymmetricKeyIamBinding()
URN = f"urn:pulumi:local::api-keys::{BINDING.token}::readers"
ROLE = "kms.keys.encrypterDecrypter"
LIST, UPDATE = "SymmetricKeyService/ListAccessBindings", "SymmetricKeyService/UpdateAccessBindings"


@pytest.fixture
def runtime(cloud: EmulatedCloud) -> Runtime:
    return cloud.runtime()


@pytest.fixture
def key_id(cloud: EmulatedCloud, runtime: Runtime) -> str:
    request = {"folder_id": runtime.folder_id, "name": "read-by-many", "default_algorithm": "AES_128"}
    made = runtime.cloud.operate("SymmetricKeyService/Create", request)["response"]["id"]
    cloud.forget_calls()
    return str(made)


def inputs_of(key_id: str, *members: str) -> Properties:
    given = {"symmetricKeyId": key_id, "role": ROLE, "members": [f"userAccount:{name}" for name in members]}
    return BINDING.check(URN, {}, given, None)


def bound(key_id: str, runtime: Runtime) -> set[tuple[str, str]]:
    listed = runtime.cloud.call(LIST, {"resource_id": key_id, "page_size": 100}).get("access_bindings", [])
    return {(item["role_id"], item["subject"]["id"]) for item in listed}


def test_members_come_and_go_and_other_roles_stay(cloud: EmulatedCloud, runtime: Runtime, key_id: str) -> None:
    other = {"role_id": "viewer", "subject": {"type": "userAccount", "id": "auditor"}}
    deltas = [{"action": "ADD", "access_binding": other}]
    runtime.cloud.operate(UPDATE, {"resource_id": key_id, "access_binding_deltas": deltas})
    cloud.forget_calls()
    resource_id, state = BINDING.create(URN, inputs_of(key_id, "alice", "bob"), runtime)
    assert resource_id == f"{key_id}/{ROLE}"
    assert cloud.calls() == {LIST: 1, UPDATE: 1}
    assert bound(key_id, runtime) == {("viewer", "auditor"), (ROLE, "alice"), (ROLE, "bob")}
    updated = BINDING.update(URN, resource_id, state, inputs_of(key_id, "bob", "carol"), runtime)
    assert bound(key_id, runtime) == {("viewer", "auditor"), (ROLE, "bob"), (ROLE, "carol")}
    BINDING.delete(URN, resource_id, updated, cloud.runtime())
    assert bound(key_id, runtime) == {("viewer", "auditor")}


def test_who_is_not_listed_loses_the_role(runtime: Runtime, key_id: str) -> None:
    BINDING.create(URN, inputs_of(key_id, "stranger"), runtime)
    BINDING.create(URN, inputs_of(key_id, "alice"), runtime)
    assert bound(key_id, runtime) == {(ROLE, "alice")}


def test_what_is_there_already_is_only_looked_at(cloud: EmulatedCloud, runtime: Runtime, key_id: str) -> None:
    inputs = inputs_of(key_id, "alice")
    resource_id, state = BINDING.create(URN, inputs, runtime)
    cloud.forget_calls()
    BINDING.update(URN, resource_id, state, {**inputs, "sleepAfter": 1}, runtime)
    assert cloud.calls() == {LIST: 1}


def test_a_renamed_resource_keeps_what_it_has_just_been_granted(runtime: Runtime, key_id: str) -> None:
    resource_id, state = BINDING.create(f"{URN}-renamed", inputs_of(key_id, "alice"), runtime)
    BINDING.delete(URN, resource_id, state, runtime)
    assert bound(key_id, runtime) == {(ROLE, "alice")}


def test_a_refresh_shows_who_has_the_role_and_order_is_no_difference(runtime: Runtime, key_id: str) -> None:
    inputs = {**inputs_of(key_id, "bob", "alice"), "sleepAfter": 0}
    resource_id, state = BINDING.create(URN, inputs, runtime)
    found = BINDING.read(URN, resource_id, inputs, state, runtime)
    assert found is not None
    assert found.state == {**inputs, "members": ["userAccount:alice", "userAccount:bob"]}
    assert BINDING.diff(URN, resource_id, found.state, inputs, runtime).changes == {}
    BINDING.delete(URN, resource_id, state, runtime)


def test_a_binding_that_was_removed_behind_our_back_reads_as_gone(
    cloud: EmulatedCloud, runtime: Runtime, key_id: str
) -> None:
    resource_id, state = BINDING.create(URN, inputs_of(key_id, "alice"), runtime)
    BINDING.delete(URN, resource_id, state, cloud.runtime())
    assert BINDING.read(URN, resource_id, state, state, runtime) is None
    assert BINDING.read(URN, f"abjnothere/{ROLE}", state, state, runtime) is None


def test_an_import_takes_the_two_parts_with_a_space_and_gives_the_upstream_id(runtime: Runtime, key_id: str) -> None:
    resource_id, state = BINDING.create(URN, inputs_of(key_id, "alice"), runtime)
    for given in (f"{key_id} {ROLE}", resource_id):
        found = BINDING.read(URN, given, {}, {}, runtime)
        assert found is not None
        assert (found.resource_id, found.inputs, found.state) == (resource_id, state, state)


@pytest.mark.parametrize("given", ["", "abj", "abj viewer userAccount:a", "abj/viewer/userAccount:a", "abj/"])
def test_an_import_of_anything_else_says_what_to_write(given: str, runtime: Runtime) -> None:
    with pytest.raises(InvalidInput, match="<key id> <role>"):
        BINDING.read(URN, given, {}, {}, runtime)


@pytest.mark.parametrize("members", [[], "userAccount:a", ["userAccount"], ["userAccount:a", 5]])
def test_members_are_a_list_of_members(members: object) -> None:
    with pytest.raises(InvalidInput, match="members"):
        BINDING.check(URN, {}, {"symmetricKeyId": "abj", "role": ROLE, "members": members}, None)
