"""Faults, holds and operations that take their course: what a test can ask of the cloud, and what it counts."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import requests
from google.rpc import code_pb2
from yandex.cloud.endpoint.api_endpoint_service_pb2 import ListApiEndpointsRequest
from yandex.cloud.endpoint.api_endpoint_service_pb2_grpc import ApiEndpointServiceStub
from yandex.cloud.iam.v1.api_key_service_pb2 import CreateApiKeyRequest, ListApiKeysRequest
from yandex.cloud.iam.v1.service_account_service_pb2 import CreateServiceAccountRequest
from yandex.cloud.operation.operation_pb2 import Operation
from yandex.cloud.operation.operation_service_pb2 import CancelOperationRequest, GetOperationRequest

from tests.emulator.local import STUBS, Local, RealTime, refusal

_CREATE = "ApiKeyService/Create"
_TRANSLATE = "yc.ai.translate.execute"


def _create(local: Local) -> Any:
    return local.key(local.login["service_account_id"], _TRANSLATE)


def _keys(local: Local) -> int:
    return len(local.admin("GET", "state")["apiKeys"])


@pytest.mark.parametrize(("when", "keys"), [("before", 1), ("after", 2)])
def test_a_fault_strikes_as_often_as_asked_before_or_after_the_effect(local: Local, when: str, keys: int) -> None:
    local.admin("POST", "faults", [{"method": _CREATE, "when": when, "code": "UNAVAILABLE", "times": 1}])
    assert refusal(lambda: _create(local))[0] == "UNAVAILABLE"
    _create(local)
    assert _keys(local) == keys
    assert local.admin("GET", "faults") == []


def test_a_fault_can_be_lasting_skip_calls_and_be_cleared(local: Local) -> None:
    fault = {"method": _CREATE, "code": "INTERNAL", "message": "gone wrong", "times": -1, "skip": 1}
    local.admin("POST", "faults", fault)
    _create(local)
    assert [refusal(lambda: _create(local)) for _ in range(3)] == [("INTERNAL", "gone wrong")] * 3
    local.admin("DELETE", "faults")
    _create(local)


def test_a_fault_of_every_method_meets_any_call(local: Local) -> None:
    local.admin("POST", "faults", [{"method": "*", "code": "UNAUTHENTICATED"}])
    request = ListApiKeysRequest()
    assert refusal(lambda: local.deployer(STUBS["api_keys"], "List", request))[0] == "UNAUTHENTICATED"


def test_chance_follows_its_seed(local: Local) -> None:
    def strikes() -> list[str]:
        fault = {"method": _CREATE, "code": "ABORTED", "times": -1, "probability": 0.5, "seed": 7}
        local.admin("POST", "faults", [fault])
        found = []
        for _ in range(12):
            try:
                _create(local)
                found.append("ok")
            except Exception:
                found.append("struck")
        local.admin("DELETE", "faults")
        return found

    first = strikes()
    assert set(first) == {"ok", "struck"}
    assert strikes() == first


def test_a_fault_that_only_slows_lets_the_call_pass(local: Local) -> None:
    local.admin("POST", "faults", [{"method": _CREATE, "code": "OK", "delayMs": 1, "times": 1}])
    assert _create(local).secret
    assert local.admin("GET", "faults") == []


def test_an_after_fault_waits_for_a_call_that_takes_effect(local: Local) -> None:
    local.admin("POST", "faults", [{"method": _CREATE, "when": "after", "code": "UNAVAILABLE"}])
    assert refusal(lambda: local.key("aje00000000000000000", _TRANSLATE))[0] == "NOT_FOUND"
    assert refusal(lambda: _create(local))[0] == "UNAVAILABLE"


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "Create"},
        {"method": _CREATE, "code": "BROKEN"},
        {"method": _CREATE, "when": "during"},
        {"method": _CREATE, "times": 0},
        {"method": _CREATE, "delayMs": "1s"},
        {"method": _CREATE, "probability": 2},
        {"method": _CREATE, "mood": "bad"},
        {"method": _CREATE, "operation": {"mood": "bad"}},
        "fault",
    ],
    ids=str,
)
def test_a_wrong_fault_is_refused_and_none_is_added(local: Local, fault: Any) -> None:
    good = {"method": _CREATE, "code": "UNAVAILABLE"}
    answer = requests.post(f"{local.http}/admin/faults", json=[good, fault], timeout=20)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("[1]")
    assert local.admin("GET", "faults") == []


def _held(local: Local) -> dict[str, Any]:
    """The call that is being held; asked for until it has arrived."""
    while not (held := local.admin("GET", "held")):
        pass
    found: dict[str, Any] = held[0]
    return found


@pytest.mark.parametrize(("when", "before_release"), [("before", 0), ("after", 1)])
def test_a_held_call_waits_until_it_is_released(local: Local, when: str, before_release: int) -> None:
    local.admin("POST", "faults", [{"method": _CREATE, "when": when, "hold": True}])
    with ThreadPoolExecutor() as pool:
        answer: Future[Any] = pool.submit(_create, local)
        held = _held(local)
        assert (held["method"], held["when"]) == (_CREATE, when)
        assert (_keys(local), answer.done()) == (before_release, False)
        assert local.admin("POST", "release") == {"released": 1}
        assert answer.result(timeout=20).secret
    assert (_keys(local), local.admin("GET", "held")) == (1, [])


@pytest.mark.parametrize(("when", "keys"), [("before", 0), ("after", 1)])
def test_a_held_call_whose_caller_has_gone_is_dropped(local: Local, when: str, keys: int) -> None:
    local.admin("POST", "faults", [{"method": _CREATE, "when": when, "hold": True}])
    stub = STUBS["api_keys"](local.channel)
    metadata = (("authorization", f"Bearer {local.token}"),)
    call = stub.Create.future(CreateApiKeyRequest(scopes=[_TRANSLATE]), metadata=metadata)
    _held(local)
    call.cancel()
    while local.admin("GET", "held"):
        pass
    assert _keys(local) == keys


def test_a_stopped_emulator_drops_what_it_holds(local: Local) -> None:
    local.admin("POST", "faults", [{"method": _CREATE, "hold": True}])
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(refusal, lambda: _create(local))
        _held(local)
        local.emulator.stop()
        assert answer.result(timeout=20)[0] in ("CANCELLED", "UNAVAILABLE")


def test_every_call_is_counted_by_its_short_name(local: Local) -> None:
    local.admin("DELETE", "calls")
    _create(local)
    local.log_in()
    ApiEndpointServiceStub(local.channel).List(ListApiEndpointsRequest())
    refusal(lambda: local.key("aje00000000000000000", _TRANSLATE))
    expected = {"ApiEndpointService/List": 1, "ApiKeyService/Create": 2, "IamTokenService/Create": 1}
    assert local.admin("GET", "calls") == expected
    log = local.admin("GET", "calls?log=1")
    assert [(entry["method"], entry["code"]) for entry in log] == [
        ("ApiKeyService/Create", "OK"),
        ("IamTokenService/Create", "OK"),
        ("ApiEndpointService/List", "OK"),
        ("ApiKeyService/Create", "NOT_FOUND"),
    ]
    assert log[0]["principal"] == local.login["service_account_id"]
    assert local.admin("DELETE", "calls") == {}
    assert local.admin("GET", "calls") == {}


def _new_account(local: Local, name: str = "translator") -> Operation:
    request = CreateServiceAccountRequest(folder_id=local.folder_id, name=name)
    operation: Operation = local.deployer(STUBS["accounts"], "Create", request)
    return operation


def _operation(local: Local, operation_id: str) -> Operation:
    request = GetOperationRequest(operation_id=operation_id)
    operation: Operation = local.deployer(STUBS["operations"], "Get", request)
    return operation


def test_an_operation_takes_as_long_as_the_settings_say(timed: Local, real_time: RealTime) -> None:
    timed.admin("POST", "settings", {"operationSeconds": 60})
    operation = _new_account(timed)
    assert (operation.done, operation.WhichOneof("result")) == (False, None)
    real_time.now += 59
    assert not _operation(timed, operation.id).done
    real_time.now += 1
    finished = _operation(timed, operation.id)
    assert (finished.done, finished.WhichOneof("result")) == (True, "response")


def test_an_operation_can_fail_and_then_nothing_has_changed(local: Local) -> None:
    plan = {"code": "RESOURCE_EXHAUSTED", "message": "no more accounts"}
    local.admin("POST", "faults", [{"method": "ServiceAccountService/Create", "operation": plan}])
    operation = _new_account(local)
    assert (operation.done, operation.error.code) == (True, code_pb2.RESOURCE_EXHAUSTED)
    assert _operation(local, operation.id) == operation
    assert len(local.admin("GET", "state")["serviceAccounts"]) == 1
    assert _new_account(local).WhichOneof("result") == "response"


def test_an_operation_can_fail_although_it_took_effect(local: Local) -> None:
    plan = {"code": "INTERNAL", "takesEffect": True}
    local.admin("POST", "faults", [{"method": "ServiceAccountService/Create", "operation": plan}])
    assert _new_account(local).error.code == code_pb2.INTERNAL
    assert len(local.admin("GET", "state")["serviceAccounts"]) == 2


def test_an_operation_can_report_its_error_before_it_is_done(timed: Local, real_time: RealTime) -> None:
    plan = {"code": "INTERNAL", "done": False, "seconds": 30}
    timed.admin("POST", "faults", [{"method": "ServiceAccountService/Create", "operation": plan}])
    operation = _new_account(timed)
    assert (operation.done, operation.error.code) == (False, code_pb2.INTERNAL)
    real_time.now += 30
    finished = _operation(timed, operation.id)
    assert (finished.done, finished.error.code) == (True, code_pb2.INTERNAL)


def test_an_operation_is_seen_by_who_began_it_and_by_viewers_and_is_not_cancelled(local: Local) -> None:
    operation = _new_account(local)
    request = GetOperationRequest(operation_id=operation.id)
    stranger = local.as_account(local.account("stranger"))
    assert refusal(lambda: stranger(STUBS["operations"], "Get", request))[0] == "PERMISSION_DENIED"
    cancel = CancelOperationRequest(operation_id=operation.id)
    assert refusal(lambda: local.deployer(STUBS["operations"], "Cancel", cancel))[0] == "FAILED_PRECONDITION"
    missing = GetOperationRequest(operation_id="aje00000000000000000")
    assert refusal(lambda: local.deployer(STUBS["operations"], "Get", missing))[0] == "NOT_FOUND"
