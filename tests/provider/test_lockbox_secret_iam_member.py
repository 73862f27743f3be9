"""Who may read a Lockbox secret is changed by deltas: what others have been granted stays."""

from __future__ import annotations

import pytest

from provider.yandex_keys.access_binding import LockboxSecretIamMember
from provider.yandex_keys.errors import CloudError, InvalidInput
from provider.yandex_keys.properties import Properties
from provider.yandex_keys.run import Runtime
from tests.provider.emulated_cloud import EmulatedCloud

MEMBER = LockboxSecretIamMember()
URN = f"urn:pulumi:local::api-keys::{MEMBER.token}::reader"
ROLE = "lockbox.payloadViewer"


@pytest.fixture
def runtime(cloud: EmulatedCloud) -> Runtime:
    return cloud.runtime()


@pytest.fixture
def secret_id(cloud: EmulatedCloud, runtime: Runtime) -> str:
    request = {"folder_id": runtime.folder_id, "name": "read-by-many", "create_version": False}
    made = runtime.cloud.operate("SecretService/Create", request)["response"]["id"]
    cloud.forget_calls()
    return str(made)


def inputs_of(secret_id: str, member: str, runtime: Runtime) -> Properties:
    return MEMBER.check(URN, {}, {"secretId": secret_id, "role": ROLE, "member": member}, runtime)


def readers(secret_id: str, runtime: Runtime) -> list[str]:
    listed = runtime.cloud.call("SecretService/ListAccessBindings", {"resource_id": secret_id, "page_size": 100})
    return sorted(f"{item['subject']['type']}:{item['subject']['id']}" for item in listed.get("access_bindings", []))


def test_readers_come_and_go_one_by_one(cloud: EmulatedCloud, runtime: Runtime, secret_id: str) -> None:
    alice, bob = (inputs_of(secret_id, f"userAccount:{name}", runtime) for name in ("alice", "bob"))
    resource_id, state = MEMBER.create(URN, alice, runtime)
    MEMBER.create(URN, bob, runtime)
    assert cloud.calls() == {"SecretService/UpdateAccessBindings": 2}
    assert resource_id == f"{secret_id}/{ROLE}/userAccount:alice"
    assert state == alice
    assert readers(secret_id, runtime) == ["userAccount:alice", "userAccount:bob"]
    MEMBER.delete(URN, resource_id, state, cloud.runtime())
    assert readers(secret_id, runtime) == ["userAccount:bob"]


def test_many_reads_of_one_secret_are_one_listing_until_it_changes(
    cloud: EmulatedCloud, runtime: Runtime, secret_id: str
) -> None:
    made = [MEMBER.create(URN, inputs_of(secret_id, f"userAccount:{name}", runtime), runtime) for name in ("a", "b")]
    cloud.forget_calls()
    for _ in range(2):
        for resource_id, state in made:
            assert MEMBER.read(URN, resource_id, state, state, runtime) is not None
    assert cloud.calls() == {"SecretService/ListAccessBindings": 1}
    MEMBER.delete(URN, made[0][0], made[0][1], cloud.runtime())
    late = cloud.runtime()
    assert MEMBER.read(URN, made[0][0], {}, {}, late) is None
    assert MEMBER.read(URN, made[1][0], {}, {}, late) is not None


def test_roles_on_a_secret_that_is_gone_are_gone(runtime: Runtime) -> None:
    state = inputs_of("e6qnothere", "userAccount:a", runtime)
    assert MEMBER.read(URN, f"e6qnothere/{ROLE}/userAccount:a", state, state, runtime) is None
    MEMBER.delete(URN, f"e6qnothere/{ROLE}/userAccount:a", state, runtime)


def test_a_grant_on_a_secret_that_is_gone_fails_and_names_it(runtime: Runtime) -> None:
    with pytest.raises(CloudError, match=f"role {ROLE} of userAccount:a on Lockbox secret e6qnothere"):
        MEMBER.create(URN, inputs_of("e6qnothere", "userAccount:a", runtime), runtime)


def test_an_import_of_anything_else_says_what_to_write(runtime: Runtime) -> None:
    with pytest.raises(InvalidInput, match=r"<Lockbox secret id> <role> <type>:<id>"):
        MEMBER.read(URN, "e6q1", {}, {}, runtime)
