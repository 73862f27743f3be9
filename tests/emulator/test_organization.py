"""Users and groups of the organization, to read: those that there are, for who may know."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from yandex.cloud.iam.v1.user_account_pb2 import UserAccount
from yandex.cloud.iam.v1.user_account_service_pb2 import GetUserAccountRequest
from yandex.cloud.organizationmanager.v1.group_pb2 import Group
from yandex.cloud.organizationmanager.v1.group_service_pb2 import GetGroupRequest, ListGroupsRequest
from yandex.cloud.resourcemanager.v1.cloud_service_pb2 import GetCloudRequest
from yandex.cloud.resourcemanager.v1.cloud_service_pb2_grpc import CloudServiceStub

from tests.emulator.local import STUBS, Caller, Local, refusal


def made(local: Local, kind: str, name: str) -> str:
    """The id of a new subject."""
    return str(local.admin("POST", "subjects", {"kind": kind, "name": name})["id"])


def user(local: Local, user_id: str, caller: Caller | None = None) -> UserAccount:
    """What the cloud says of a user."""
    answer = (caller or local.deployer)(STUBS["users"], "Get", GetUserAccountRequest(user_account_id=user_id))
    assert isinstance(answer, UserAccount)
    return answer


def group(local: Local, group_id: str, caller: Caller | None = None) -> Group:
    """What the cloud says of a group."""
    answer = (caller or local.deployer)(STUBS["groups"], "Get", GetGroupRequest(group_id=group_id))
    assert isinstance(answer, Group)
    return answer


def test_a_user_is_told_with_its_login_and_one_of_a_federation_with_its_name_there(local: Local) -> None:
    assert user(local, made(local, "userAccount", "jane")).yandex_passport_user_account.login == "jane"
    assert user(local, made(local, "federatedUser", "jane@example.com")).saml_user_account.name_id == "jane@example.com"


def test_a_group_is_told_with_its_name_and_organization(local: Local) -> None:
    told = group(local, made(local, "group", "support"))
    cloud = local.deployer(CloudServiceStub, "Get", GetCloudRequest(cloud_id=local.cloud_id))
    assert (told.name, told.organization_id) == ("support", cloud.organization_id)


@pytest.mark.parametrize("ask", [user, group])
def test_nobody_is_not_found(local: Local, ask: Callable[[Local, str], object]) -> None:
    group_id, user_id = made(local, "group", "support"), made(local, "userAccount", "jane")
    assert refusal(lambda: ask(local, "ajenobody00000000000"))[0] == "NOT_FOUND"
    assert refusal(lambda: ask(local, group_id if ask is user else user_id))[0] == "NOT_FOUND"


@pytest.mark.parametrize(("kind", "ask"), [("userAccount", user), ("group", group)])
def test_who_may_not_look_into_the_organization_is_refused(
    local: Local, kind: str, ask: Callable[[Local, str, Caller], object]
) -> None:
    subject = made(local, kind, "support")
    account = local.account("checker", "iam.viewer")
    caller = local.as_account(account)
    assert refusal(lambda: ask(local, subject, caller))[0] == "PERMISSION_DENIED"
    local.bind(STUBS["clouds"], local.cloud_id, "organization-manager.viewer", account)
    assert ask(local, subject, caller)
    state = local.admin("GET", "state")
    assert [it["id"] for it in (*state["userAccounts"], *state["groups"])] == [subject]


def test_what_else_groups_have_is_not_implemented(local: Local) -> None:
    request = ListGroupsRequest(organization_id="bpf00000000000000000")
    assert refusal(lambda: local.deployer(STUBS["groups"], "List", request))[0] == "UNIMPLEMENTED"


def test_a_kind_of_subject_that_is_none_is_refused(local: Local) -> None:
    answer = requests.post(f"{local.http}/admin/subjects", json={"kind": "robot", "name": "r2"}, timeout=20)
    assert answer.status_code == 400
    assert "there are userAccount, federatedUser, group" in answer.text
