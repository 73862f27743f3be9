"""Quotas, to read: what the cloud allows and what is used of it, for who may know."""

from __future__ import annotations

from typing import Any

import pytest
from yandex.cloud.quotamanager.v1.quota_limit_service_pb2 import (
    GetQuotaLimitRequest,
    ListQuotaLimitsRequest,
    ListServicesRequest,
)
from yandex.cloud.quotamanager.v1.resource_pb2 import Resource

from tests.emulator.local import STUBS, Caller, Local, outcome, refusal

_CLOUD = "resource-manager.cloud"


def quota(local: Local, name: str, caller: Caller | None = None) -> tuple[float, float]:
    """The limit and the use."""
    request = GetQuotaLimitRequest(resource=Resource(id=local.cloud_id, type=_CLOUD), quota_id=name)
    answer = (caller or local.deployer)(STUBS["quotas"], "Get", request)
    assert answer.quota_id == name
    return answer.limit.value, answer.usage.value


def test_a_quota_is_told_with_what_is_used_of_it(local: Local) -> None:
    assert quota(local, "iam.serviceAccounts.count") == (100, 1)  # the deployer
    account = local.account("translator")
    keys = [local.key(account).api_key.id for _ in range(3)]
    assert (quota(local, "iam.apiKeys.count"), quota(local, "iam.serviceAccounts.count")) == ((1000, 3), (100, 2))
    assert len(keys) == 3
    local.secret("a", api_key="x")
    assert quota(local, "lockbox.secrets.count") == (10_000, 1)


def test_a_quota_that_was_raised_is_told_as_it_is_and_is_what_creations_are_held_to(local: Local) -> None:
    local.admin("POST", "settings", {"apiKeyQuota": 1})
    account = local.account("translator")
    local.key(account)
    assert quota(local, "iam.apiKeys.count") == (1, 1)
    assert refusal(lambda: local.key(account))[0] == "RESOURCE_EXHAUSTED"
    local.admin("POST", "settings", {"apiKeyQuota": 2})
    local.key(account)
    assert quota(local, "iam.apiKeys.count") == (2, 2)


def test_the_quotas_of_a_service_are_listed_page_by_page(local: Local) -> None:
    cloud = Resource(id=local.cloud_id, type=_CLOUD)

    def page(**more: Any) -> Any:
        request = ListQuotaLimitsRequest(resource=cloud, service="iam", **more)
        return local.deployer(STUBS["quotas"], "List", request)

    first = page(page_size=1)
    second = page(page_size=1, page_token=first.next_page_token)
    names = [it.quota_id for it in (*first.quota_limits, *second.quota_limits)]
    assert names == [it.quota_id for it in page().quota_limits] == ["iam.apiKeys.count", "iam.serviceAccounts.count"]
    services = local.deployer(STUBS["quotas"], "ListServices", ListServicesRequest(resource_type=_CLOUD)).services
    assert [service.id for service in services] == ["iam", "lockbox"]


@pytest.mark.parametrize(
    ("resource", "name", "code"),
    [
        ({"type": _CLOUD}, "iam.apiKeys.counts", "NOT_FOUND"),
        ({"type": _CLOUD, "id": "b1gnone"}, "iam.apiKeys.count", "NOT_FOUND"),
        ({"type": "billing.account"}, "iam.apiKeys.count", "INVALID_ARGUMENT"),
        ({"type": _CLOUD}, "", "INVALID_ARGUMENT"),
    ],
)
def test_what_there_is_not_is_refused(local: Local, resource: dict[str, str], name: str, code: str) -> None:
    request = GetQuotaLimitRequest(resource=Resource(**{"id": local.cloud_id, **resource}), quota_id=name)
    assert outcome(local.deployer, STUBS["quotas"], "Get", request) == code


def test_quotas_are_for_those_who_may_look_at_the_cloud(local: Local) -> None:
    request = GetQuotaLimitRequest(resource=Resource(id=local.cloud_id, type=_CLOUD), quota_id="iam.apiKeys.count")
    nobody = local.as_account(local.account("nobody", "iam.serviceAccounts.admin"))
    assert outcome(nobody, STUBS["quotas"], "Get", request) == "PERMISSION_DENIED"
    for role in ("quota-manager.viewer", "viewer"):
        account = local.account(f"looks-{role.partition('.')[0]}")
        local.bind(STUBS["clouds"], local.cloud_id, role, account)
        assert quota(local, "iam.apiKeys.count", local.as_account(account)) == (1000, 0)
