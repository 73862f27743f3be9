"""Idempotency keys: what is asked for again under one key is done once, and answered with its operation as that is now."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from yandex.cloud.iam.v1.api_key_service_pb2 import CreateApiKeyRequest, DeleteApiKeyRequest, ListApiKeysRequest
from yandex.cloud.iam.v1.service_account_pb2 import ServiceAccount
from yandex.cloud.iam.v1.service_account_service_pb2 import (
    CreateServiceAccountRequest,
    DeleteServiceAccountRequest,
    GetServiceAccountRequest,
)
from yandex.cloud.kms.v1.symmetric_key_pb2 import SymmetricAlgorithm
from yandex.cloud.kms.v1.symmetric_key_service_pb2 import CreateSymmetricKeyRequest
from yandex.cloud.lockbox.v1.secret_service_pb2 import AddVersionRequest, CreateSecretRequest, PayloadEntryChange
from yandex.cloud.operation.operation_pb2 import Operation
from yandex.cloud.operation.operation_service_pb2 import GetOperationRequest
from yandex.cloud.resourcemanager.v1.folder_service_pb2 import CreateFolderRequest

from tests.emulator.local import STUBS, Caller, Local, RealTime, delta, refusal, unpacked

_KEY = "c1700de3-b8cb-4d8a-9990-e4ebf052e9aa"


def _create(local: Local, name: str, key: str | None = _KEY, caller: Caller | None = None) -> Operation:
    request = CreateServiceAccountRequest(folder_id=local.folder_id, name=name)
    operation: Operation = (caller or local.deployer)(STUBS["accounts"], "Create", request, key=key)
    return operation


def _names(local: Local) -> list[str]:
    """The accounts that there are beside the deployer's."""
    return [item["name"] for item in local.admin("GET", "state")["serviceAccounts"]][1:]


def test_a_second_request_with_the_same_key_is_answered_with_the_first_operation_and_does_nothing(local: Local) -> None:
    first = _create(local, "translator")
    assert _create(local, "translator") == first
    assert _create(local, "another-body", _KEY.upper()) == first
    assert _names(local) == ["translator"]
    log = local.admin("GET", "calls?log=1")[-3:]
    assert [(entry["code"], entry["repeated"]) for entry in log] == [("OK", False), ("OK", True), ("OK", True)]
    assert {entry["idempotencyKey"].lower() for entry in log} == {_KEY}


def test_another_key_or_none_is_another_request(local: Local) -> None:
    _create(local, "first")
    _create(local, "second", str(uuid.uuid4()))
    _create(local, "third", None)
    assert refusal(lambda: _create(local, "third", None))[0] == "ALREADY_EXISTS"
    assert _names(local) == ["first", "second", "third"]


def _changes(local: Local, account_id: str, secret_id: str) -> list[tuple[str, str, Any]]:
    """Changes of each service: the stub, the method and the request."""
    folder = local.folder_id
    entries = [PayloadEntryChange(key="more", text_value="x")]
    key = CreateSymmetricKeyRequest(folder_id=folder, default_algorithm=SymmetricAlgorithm.AES_256)
    return [
        ("accounts", "Create", CreateServiceAccountRequest(folder_id=folder, name="new-one")),
        ("accounts", "UpdateAccessBindings", delta(account_id, "viewer", account_id)),
        ("secrets", "Create", CreateSecretRequest(folder_id=folder)),
        ("secrets", "AddVersion", AddVersionRequest(secret_id=secret_id, payload_entries=entries)),
        ("kms", "Create", key),
        ("folders", "Create", CreateFolderRequest(cloud_id=local.cloud_id, name="new-one")),
        ("folders", "UpdateAccessBindings", delta(folder, "viewer", account_id)),
        ("clouds", "UpdateAccessBindings", delta(local.cloud_id, "viewer", account_id)),
        ("api_keys", "Delete", DeleteApiKeyRequest(api_key_id=local.key(account_id).api_key.id)),
        ("accounts", "Delete", DeleteServiceAccountRequest(service_account_id=account_id)),
    ]


def test_every_service_knows_its_operations_again(local: Local) -> None:
    changes = _changes(local, local.account("translator"), local.secret(entry="value"))
    for stub, method, request in changes:
        key = str(uuid.uuid4())
        first = local.deployer(STUBS[stub], method, request, key=key)
        before = {**local.admin("GET", "state"), "now": ""}
        assert local.deployer(STUBS[stub], method, request, key=key) == first
        assert {**local.admin("GET", "state"), "now": ""} == before, f"{stub} {method}"


def test_the_operation_is_answered_in_its_present_state(timed: Local, real_time: RealTime) -> None:
    timed.admin("POST", "settings", {"operationSeconds": 60})
    first = _create(timed, "translator")
    assert (first.done, _create(timed, "translator").done) == (False, False)
    real_time.now += 60
    later = _create(timed, "translator")
    assert (later.id, unpacked(later, ServiceAccount()).name) == (first.id, "translator")


def test_what_was_made_may_be_gone_and_is_not_made_again(local: Local) -> None:
    account_id = unpacked(_create(local, "translator"), ServiceAccount()).id
    local.deployer(STUBS["accounts"], "Delete", DeleteServiceAccountRequest(service_account_id=account_id))
    assert unpacked(_create(local, "translator"), ServiceAccount()).id == account_id
    request = GetServiceAccountRequest(service_account_id=account_id)
    assert refusal(lambda: local.deployer(STUBS["accounts"], "Get", request))[0] == "NOT_FOUND"


def test_a_request_whose_answer_was_lost_is_known_again(local: Local) -> None:
    local.admin("POST", "faults", {"method": "ServiceAccountService/Create", "when": "after", "code": "UNAVAILABLE"})
    assert refusal(lambda: _create(local, "translator"))[0] == "UNAVAILABLE"
    account = unpacked(_create(local, "translator"), ServiceAccount())
    assert _names(local) == ["translator"]
    assert local.admin("GET", "state")["serviceAccounts"][1]["id"] == account.id


def test_a_request_that_failed_before_it_took_effect_is_not_remembered(local: Local) -> None:
    local.admin("POST", "faults", {"method": "ServiceAccountService/Create", "code": "UNAVAILABLE"})
    assert refusal(lambda: _create(local, "translator"))[0] == "UNAVAILABLE"
    local.admin("POST", "settings", {"serviceAccountQuota": 1})
    assert refusal(lambda: _create(local, "translator"))[0] == "RESOURCE_EXHAUSTED"
    assert refusal(lambda: _create(local, "UPPER"))[0] == "INVALID_ARGUMENT"
    local.admin("DELETE", "settings")
    assert _create(local, "translator").done
    assert _names(local) == ["translator"]


def test_an_operation_that_failed_is_answered_again_as_failed(local: Local) -> None:
    plan = {"code": "INTERNAL", "message": "gone wrong"}
    local.admin("POST", "faults", {"method": "ServiceAccountService/Create", "operation": plan})
    first = _create(local, "translator")
    assert first.error.message == "gone wrong"
    assert _create(local, "translator") == first
    assert _names(local) == []
    assert _create(local, "translator", str(uuid.uuid4())).WhichOneof("result") == "response"


def test_a_key_of_another_caller_is_another_key(local: Local) -> None:
    editor = local.as_account(local.account("editor", "editor"))
    first = _create(local, "first")
    other = _create(local, "second", caller=editor)
    assert other.id != first.id
    assert (_create(local, "x", caller=editor).id, _create(local, "x").id) == (other.id, first.id)
    assert _names(local) == ["editor", "first", "second"]


def test_two_requests_with_one_key_at_the_same_time_make_one_thing(local: Local) -> None:
    request = CreateSecretRequest(folder_id=local.folder_id, name="secret")
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(local.deployer, STUBS["secrets"], "Create", request, key=_KEY) for _ in range(8)]
        assert len({call.result().id for call in calls}) == 1
    assert len(local.admin("GET", "state")["secrets"]) == 1


def test_a_key_is_forgotten_when_its_emulated_time_is_over(local: Local) -> None:
    first = _create(local, "first")
    local.admin("POST", "clock", {"advance": "23h59m"})
    assert _create(local, "second").id == first.id
    local.admin("POST", "clock", {"advance": "1m"})
    second = _create(local, "second")
    assert second.id != first.id
    local.admin("POST", "settings", {"idempotencyKeyLifetime": "30d"})
    local.admin("POST", "clock", {"advance": "29d"})
    assert _create(local, "third").id == second.id
    local.admin("POST", "settings", {"idempotencyKeyLifetime": 0})
    assert _create(local, "third").id != second.id
    assert _names(local) == ["first", "second", "third"]


@pytest.mark.parametrize("key", ["1", "", "c1700de3b8cb4d8a9990e4ebf052e9aa", f"{{{_KEY}}}", f"{_KEY}0", "x" * 36])
def test_a_key_that_is_no_uuid_is_refused(local: Local, key: str) -> None:
    code, message = refusal(lambda: _create(local, "translator", key))
    assert (code, "idempotency-key: isn't a UUID" in message) == ("INVALID_ARGUMENT", True)
    assert _names(local) == []


def test_the_key_does_nothing_where_no_operation_is_answered(local: Local) -> None:
    account_id = local.account("translator")
    request = CreateApiKeyRequest(service_account_id=account_id)
    made = {local.deployer(STUBS["api_keys"], "Create", request, key=key).secret for key in (_KEY, _KEY, "no-uuid")}
    assert len(made) == 3
    listing = ListApiKeysRequest(service_account_id=account_id)
    assert len(local.deployer(STUBS["api_keys"], "List", listing, key=_KEY).api_keys) == 3
    operation = _create(local, "another")
    asked = GetOperationRequest(operation_id=_create(local, "third", None).id)
    looked_up = local.deployer(STUBS["operations"], "Get", asked, key=_KEY)
    assert looked_up.id != operation.id


def test_a_restarted_emulator_knows_its_keys(tmp_path: Path) -> None:
    local = Local(tmp_path)
    first = _create(local, "translator")
    local.stop()
    local = Local(tmp_path)
    assert _create(local, "translator") == first
    assert _names(local) == ["translator"]
    local.stop()
