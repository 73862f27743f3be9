"""Logging in: what the cloud takes for a login and what it refuses."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
import requests
from yandex.cloud.endpoint.api_endpoint_service_pb2 import GetApiEndpointRequest, ListApiEndpointsRequest
from yandex.cloud.endpoint.api_endpoint_service_pb2_grpc import ApiEndpointServiceStub
from yandex.cloud.iam.v1.iam_token_service_pb2 import (
    CreateIamTokenForServiceAccountRequest,
    CreateIamTokenRequest,
    RevokeIamTokenRequest,
)
from yandex.cloud.iam.v1.key_service_pb2 import CreateKeyRequest, DeleteKeyRequest
from yandex.cloud.iam.v1.service_account_service_pb2 import (
    DeleteServiceAccountRequest,
    ReactivateServiceAccountRequest,
    SuspendServiceAccountRequest,
)
from yandex.cloud.resourcemanager.v1.folder_service_pb2 import GetFolderRequest

from tests.emulator.local import STUBS, Caller, Local, RealTime, refusal


def _reads_folder(local: Local, caller: Caller) -> Any:
    return caller(STUBS["folders"], "Get", GetFolderRequest(folder_id=local.folder_id))


def test_discovery_needs_no_token_and_names_the_emulator_for_every_service(local: Local) -> None:
    stub = ApiEndpointServiceStub(local.channel)
    endpoints = {item.id: item.address for item in stub.List(ListApiEndpointsRequest()).endpoints}
    assert {"iam", "resource-manager", "lockbox", "lockbox-payload", "kms", "operation", "endpoint"} <= set(endpoints)
    assert set(endpoints.values()) == {local.emulator.ready["endpoint"]}
    assert stub.Get(GetApiEndpointRequest(api_endpoint_id="iam")).address == local.emulator.ready["endpoint"]
    assert refusal(lambda: stub.Get(GetApiEndpointRequest(api_endpoint_id="nowhere")))[0] == "NOT_FOUND"


def test_a_call_without_a_token_is_unauthenticated(local: Local) -> None:
    assert refusal(lambda: _reads_folder(local, Caller(local.channel, "")))[0] == "UNAUTHENTICATED"


@pytest.mark.parametrize("token", ["nonsense", "t1.e30.AAAA", "t1.", "é"])
def test_a_made_up_token_is_unauthenticated(local: Local, token: str) -> None:
    with_token = Caller(local.channel, token.encode().decode("latin-1") if token.isascii() else "x")
    assert refusal(lambda: _reads_folder(local, with_token))[0] == "UNAUTHENTICATED"


@pytest.mark.parametrize("host", ["api.cloud.yandex.net", "localhost:{}", "127.0.0.1:{}"])
def test_a_jwt_for_the_cloud_or_for_this_emulator_is_taken(local: Local, host: str) -> None:
    port = local.emulator.ready["endpoint"].rpartition(":")[2]
    token = local.log_in(aud=f"https://iam.{host.format(port)}/iam/v1/tokens")
    assert _reads_folder(local, Caller(local.channel, token)).id == local.folder_id


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": "https://elsewhere/iam/v1/tokens"}, "aud"),
        ({"iss": "aje00000000000000000"}, "iss"),
        ({"exp": 1}, "expired"),
        ({"iat": 4_000_000_000, "exp": 4_000_000_100}, "future"),
        ({"exp": 4_000_000_000}, "too long"),
        ({"kid": "aje00000000000000000"}, "kid"),
    ],
)
def test_a_wrong_jwt_is_refused_with_what_is_wrong(local: Local, claims: dict[str, Any], words: str) -> None:
    code, message = refusal(lambda: local.log_in(**claims))
    assert code == "UNAUTHENTICATED"
    assert words in message


def test_a_jwt_signed_by_another_key_is_refused(local: Local) -> None:
    header, body, _ = local.signed().split(".")
    other = local.signed(sub="another").split(".")[2]
    assert refusal(lambda: local.exchange(f"{header}.{body}.{other}"))[0] == "UNAUTHENTICATED"


def test_a_jwt_of_another_algorithm_is_refused(local: Local) -> None:
    token = jwt.encode({"iss": "x"}, "secret" * 10, "HS256", headers={"kid": local.login["id"]})
    assert refusal(lambda: local.exchange(token))[0] == "UNAUTHENTICATED"


def test_an_oauth_token_is_refused_and_so_is_nothing(local: Local) -> None:
    stub = STUBS["tokens"](local.channel)
    assert refusal(lambda: stub.Create(CreateIamTokenRequest(yandex_passport_oauth_token="y0")))[0] == "UNAUTHENTICATED"
    assert refusal(lambda: stub.Create(CreateIamTokenRequest()))[0] == "INVALID_ARGUMENT"


def test_a_token_ends_after_twelve_hours_of_real_time(timed: Local, real_time: RealTime) -> None:
    real_time.now += 12 * 3600 - 1
    assert _reads_folder(timed, timed.deployer).id == timed.folder_id
    real_time.now += 1
    assert refusal(lambda: _reads_folder(timed, timed.deployer)) == ("UNAUTHENTICATED", "The token has expired")


def test_a_jump_of_the_emulated_time_ends_no_login(local: Local) -> None:
    local.admin("POST", "clock", {"advance": "30d"})
    assert _reads_folder(local, local.deployer).id == local.folder_id
    assert local.log_in()


def test_a_new_authorized_key_logs_in_until_it_is_deleted(local: Local) -> None:
    account_id = local.account("robot", "viewer")
    created = local.deployer(STUBS["keys"], "Create", CreateKeyRequest(service_account_id=account_id))
    assert created.private_key.startswith("PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <")
    local.login = {
        "id": created.key.id,
        "service_account_id": account_id,
        "private_key": created.private_key,
    }
    assert _reads_folder(local, Caller(local.channel, local.log_in())).id == local.folder_id
    local.deployer(STUBS["keys"], "Delete", DeleteKeyRequest(key_id=created.key.id))
    assert refusal(local.log_in)[0] == "UNAUTHENTICATED"


def test_a_revoked_token_is_refused(local: Local) -> None:
    token = local.log_in()
    local.deployer(STUBS["tokens"], "Revoke", RevokeIamTokenRequest(iam_token=token))
    assert refusal(lambda: _reads_folder(local, Caller(local.channel, token)))[0] == "UNAUTHENTICATED"
    assert _reads_folder(local, local.deployer).id == local.folder_id


def test_impersonating_needs_a_role_on_the_account(local: Local) -> None:
    creator, target = local.account("creator"), local.account("target")
    caller = local.as_account(creator)
    request = CreateIamTokenForServiceAccountRequest(service_account_id=target)
    assert refusal(lambda: caller(STUBS["tokens"], "CreateForServiceAccount", request))[0] == "PERMISSION_DENIED"
    local.bind(STUBS["accounts"], target, "iam.serviceAccounts.tokenCreator", creator)
    assert caller(STUBS["tokens"], "CreateForServiceAccount", request).iam_token.startswith("t1.")


def test_a_deleted_or_suspended_account_can_do_nothing(local: Local) -> None:
    account_id = local.account("robot", "viewer")
    caller = local.as_account(account_id)
    suspend = SuspendServiceAccountRequest(service_account_id=account_id)
    local.deployer(STUBS["accounts"], "Suspend", suspend)
    assert refusal(lambda: _reads_folder(local, caller))[0] == "UNAUTHENTICATED"
    local.deployer(STUBS["accounts"], "Reactivate", ReactivateServiceAccountRequest(service_account_id=account_id))
    assert _reads_folder(local, caller).id == local.folder_id
    local.deployer(STUBS["accounts"], "Delete", DeleteServiceAccountRequest(service_account_id=account_id))
    assert refusal(lambda: _reads_folder(local, caller))[0] == "UNAUTHENTICATED"


def _exchange(local: Local, **changes: str) -> requests.Response:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        **changes,
    }
    return requests.post(f"{local.http}/oauth/token", data=form, timeout=20)


def _oidc(local: Local, **body: Any) -> str:
    given = {"subject": "repo:team/project", "audience": "yandex", **body}
    return str(local.admin("POST", "oidc-token", given)["token"])


@pytest.fixture
def federated(local: Local) -> str:
    """The id of an account that a pipeline's tokens stand for."""
    account_id = local.account("pipeline", "viewer")
    credential = {"serviceAccountId": account_id, "subject": "repo:team/project", "audience": "yandex"}
    local.admin("POST", "federated-credentials", credential)
    return account_id


def test_a_federations_token_is_exchanged_for_an_iam_token(local: Local, federated: str) -> None:
    answer = _exchange(local, audience=federated, subject_token=_oidc(local)).json()
    assert answer["token_type"] == "Bearer"
    assert answer["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert answer["expires_in"] > 11 * 3600
    assert _reads_folder(local, Caller(local.channel, answer["access_token"])).id == local.folder_id


@pytest.mark.parametrize(
    "wrong", [{"subject": "repo:other/project"}, {"audience": "another"}, {"expired": True}], ids=str
)
def test_a_wrong_federations_token_is_refused(local: Local, federated: str, wrong: dict[str, Any]) -> None:
    answer = _exchange(local, audience=federated, subject_token=_oidc(local, **wrong))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_forged_or_incomplete_exchange_is_refused(local: Local, federated: str) -> None:
    head, _, signature = _oidc(local).split(".")
    body = _oidc(local, subject="repo:other/project").split(".")[1]
    assert _exchange(local, audience=federated, subject_token=f"{head}.{body}.{signature}").status_code == 400
    assert _exchange(local, audience="aje1", subject_token=_oidc(local)).status_code == 400
    assert _exchange(local, subject_token=_oidc(local)).json()["error"] == "invalid_request"
    assert _exchange(local, grant_type="password").json()["error"] == "unsupported_grant_type"


def test_the_issuer_publishes_the_keys_that_it_signs_with(local: Local) -> None:
    configuration = requests.get(f"{local.http}/oidc/.well-known/openid-configuration", timeout=20).json()
    token = _oidc(local)
    key = jwt.PyJWK.from_dict(requests.get(configuration["jwks_uri"], timeout=20).json()["keys"][0])
    claims = jwt.decode(token, key.key, ["RS256"], audience="yandex", issuer=configuration["issuer"])
    assert claims["sub"] == "repo:team/project"


def test_the_metadata_service_answers_for_the_account_that_was_chosen(local: Local) -> None:
    url = f"{local.http}/computeMetadata/v1/instance/service-accounts/default/token"
    headers = {"Metadata-Flavor": "Google"}
    assert requests.get(url, headers=headers, timeout=20).status_code == 404
    local.admin("POST", "metadata", {"serviceAccountId": local.account("machine", "viewer")})
    assert requests.get(url, timeout=20).status_code == 403
    answer = requests.get(url, headers=headers, timeout=20).json()
    assert _reads_folder(local, Caller(local.channel, answer["access_token"])).id == local.folder_id
    local.admin("POST", "metadata", {"serviceAccountId": None})
    assert requests.get(url, headers=headers, timeout=20).status_code == 404
