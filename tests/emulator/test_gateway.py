"""The gateway: which key opens which service, and why others don't."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any

import requests
from yandex.cloud.iam.v1.api_key_service_pb2 import DeleteApiKeyRequest, GetApiKeyRequest
from yandex.cloud.iam.v1.service_account_service_pb2 import SuspendServiceAccountRequest
from yandex.cloud.resourcemanager.v1.folder_pb2 import Folder
from yandex.cloud.resourcemanager.v1.folder_service_pb2 import CreateFolderRequest

from emulator.state.roles import is_known
from emulator.state.scopes import KNOWN_SCOPES
from emulator.web.gateway_services import SERVICES, Authentication, GatewayService
from tests.emulator.local import STUBS, Local, RealTime, unpacked

_TRANSLATE = "yc.ai.translate.execute"


def _called(
    local: Local, service: GatewayService, key_id: str, secret: str, method: str = "GET", path: str = "some/path?x=1"
) -> requests.Response:
    """A call in the way that the service takes."""
    users = {
        Authentication.SMTP: key_id,
        Authentication.KAFKA: "@/ru-central1/b1g/db",
        Authentication.POSTGRESQL: "anyone",
        Authentication.SCHEMA_REGISTRY: "api-key",
    }
    url = f"{local.http}/services/{service.name}/{path}"
    if service.authentication == Authentication.HEADER:
        return requests.request(method, url, headers={"Authorization": f"Api-Key {secret}"}, timeout=20)
    return requests.request(method, url, auth=(users[service.authentication], secret), timeout=20)


def _status(local: Local, method: str, target: str, **headers: str) -> int:
    """The status of a request whose target is sent as it stands, without what clients make of it."""
    connection = HTTPConnection(local.http.removeprefix("http://"), timeout=20)
    connection.request(method, target, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def _translator(local: Local, **fields: Any) -> tuple[str, str]:
    """The id and the secret of a key that may translate."""
    created = local.key(local.account("translator", "ai.translate.user"), _TRANSLATE, **fields)
    return created.api_key.id, created.secret


def test_every_service_takes_its_key_and_refuses_one_without_scope_or_role(local: Local) -> None:
    nobody = local.account("nobody")
    other_scope = "yc.serverless.workflows.execute"
    for service in SERVICES.values():
        account_id = local.account(f"user-of-{service.name}", *(sorted(group)[-1] for group in service.roles))
        good = local.key(account_id, service.scopes[0])
        answer = _called(local, service, good.api_key.id, good.secret)
        expected = {"service": service.name, "serviceAccountId": account_id, "keyId": good.api_key.id}
        assert (answer.status_code, answer.json()) == (200, expected)
        roleless = local.key(nobody, service.scopes[0])
        assert _called(local, service, roleless.api_key.id, roleless.secret).status_code == 403
        scope = other_scope if other_scope not in service.scopes else _TRANSLATE
        scopeless = local.key(account_id, scope)
        assert _called(local, service, scopeless.api_key.id, scopeless.secret).status_code == 403


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "LIST", "get")
_SUB_PATHS = (
    *(
        "",
        "v1/models",
        "v2//languages",
        "takes/POST/v1",
        "takes/GET,POST",
        "takes/",
        "%2e%2e/functions/x",
        "../../admin/state",
    ),
    *("?x=1", "?key=value&Authorization=Api-Key", "health", "a%00b", "takes/POST%0A/x"),
)


def test_every_method_and_path_of_every_service_asks_for_its_key(local: Local) -> None:
    for service in SERVICES.values():
        for method in _METHODS:
            answer = _called(local, service, "aje0", "AQVNwrong", method=method, path="takes/POST/some/path")
            assert answer.status_code == 401, f"{method} {service.name}"
    for path in _SUB_PATHS:
        for method in _METHODS:
            target = f"/services/translate/{path}"
            assert _status(local, method, target, authorization="Api-Key AQVNwrong") == 401, f"{method} {target}"
            assert _status(local, method, target) == 401, f"{method} {target}"


def test_no_query_and_no_header_stands_for_a_key_a_scope_or_a_role(local: Local) -> None:
    account_id = local.account("translator", "ai.translate.user")
    good, scopeless = local.key(account_id, _TRANSLATE), local.key(account_id, "yc.postbox.send")
    roleless = local.key(local.account("nobody"), _TRANSLATE)
    tricks: list[dict[str, str]] = [
        {"X-HTTP-Method-Override": "GET"},
        {"X-Original-URL": "/services/postbox/"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Folder-Id": local.folder_id},
        {"X-Api-Key": good.secret},
        {"Cookie": f"api_key={good.secret}"},
        {"Content-Type": "application/json"},
    ]
    queries = [
        *("", f"?api_key={good.secret}", f"?Authorization=Api-Key%20{good.secret}"),
        f"?folderId={local.folder_id}",
        f"?serviceAccountId={account_id}",
    ]
    for trick in tricks:
        for query in queries:
            target = f"/services/translate/x{query}"
            assert _status(local, "POST", target, **trick) == 401
            for key, status in ((scopeless, 403), (roleless, 403), (good, 200)):
                sent = {**trick, "authorization": f"Api-Key {key.secret}"}
                assert _status(local, "POST", target, **sent) == status, f"{trick} {query}"


def test_two_keys_or_two_folders_in_one_request_let_nobody_in_who_would_not_be_let_in_by_each(local: Local) -> None:
    _, secret = _translator(local)
    with socket.create_connection(("127.0.0.1", int(local.http.rpartition(":")[2])), timeout=20) as connection:
        lines = ["GET /services/translate/ HTTP/1.1", f"Host: {local.http.removeprefix('http://')}"]
        lines += ["Authorization: Api-Key AQVNwrong", f"Authorization: Api-Key {secret}", "", ""]
        connection.sendall("\r\n".join(lines).encode())
        assert connection.makefile("rb").readline().split()[1] == b"401"
    other = unpacked(
        local.deployer(STUBS["folders"], "Create", CreateFolderRequest(cloud_id=local.cloud_id, name="other")), Folder()
    )
    folders = [("folderId", local.folder_id), ("folderId", other.id)]
    assert local.gateway("translate", secret, params=folders[:1]).status_code == 200
    assert local.gateway("translate", secret, params=folders).status_code == 403
    assert local.gateway("translate", secret, params=folders[::-1]).status_code == 403


def test_a_wrong_method_answers_405_to_a_key_that_is_let_in_and_401_or_403_to_others(local: Local) -> None:
    nobody = local.account("nobody")
    other_scope = "yc.serverless.workflows.execute"
    for service in SERVICES.values():
        account_id = local.account(f"user-of-{service.name}", *(sorted(group)[-1] for group in service.roles))
        good, roleless = local.key(account_id, service.scopes[0]), local.key(nobody, service.scopes[0])
        expired = local.key(account_id, service.scopes[0], expires_at=datetime.now(UTC) - timedelta(days=1))
        scopeless = local.key(account_id, other_scope if other_scope not in service.scopes else _TRANSLATE)
        path = "takes/POST,PUT/v1/some:call"
        for method, status in (("GET", 405), ("DELETE", 405), ("POST", 200), ("PUT", 200)):
            answer = _called(local, service, good.api_key.id, good.secret, method=method, path=path)
            assert answer.status_code == status, f"{method} {service.name}"
            assert answer.headers.get("Allow") == ("POST, PUT" if status == 405 else None)
        for key, status in ((roleless, 403), (scopeless, 403), (expired, 401)):
            answer = _called(local, service, key.api_key.id, key.secret, path=path)
            assert answer.status_code == status, service.name
        assert _called(local, service, good.api_key.id, "AQVNwrong", path=path).status_code == 401


def test_the_services_ask_for_scopes_and_roles_that_there_are() -> None:
    for service in SERVICES.values():
        assert set(service.scopes) <= set(KNOWN_SCOPES)
        assert all(is_known(role) for group in service.roles for role in group), service.name


def test_the_broad_scope_of_ai_opens_every_ai_service(local: Local) -> None:
    account_id = local.account("ai", "ai.editor")
    secret = local.key(account_id, "yc.ai.foundationModels.execute").secret
    names = ["text-generation", "image-generation", "speechkit-stt", "speechkit-tts", "translate", "vision"]
    assert {local.gateway(name, secret).status_code for name in names} == {200}
    assert local.gateway("functions", secret).status_code == 403


def test_reading_metrics_asks_for_less_than_writing_them(local: Local) -> None:
    account_id = local.account("meter", "monitoring.viewer")
    reader, manager = local.key(account_id, "yc.monitoring.read"), local.key(account_id, "yc.monitoring.manage")
    assert local.gateway("monitoring", reader.secret).status_code == 200
    assert local.gateway("monitoring", reader.secret, method="POST").status_code == 403
    assert local.gateway("monitoring", manager.secret).status_code == 200
    assert local.gateway("monitoring", manager.secret, method="POST").status_code == 403
    local.bind(STUBS["folders"], local.folder_id, "monitoring.editor", account_id)
    assert local.gateway("monitoring", manager.secret, method="POST").status_code == 200


def test_kafka_asks_for_its_own_role_and_one_on_the_topics(local: Local) -> None:
    account_id = local.account("streams", "ydb.kafkaApi.client")
    key = local.key(account_id, "yc.ydb.topics.manage")
    read, write = SERVICES["data-streams-read"], SERVICES["data-streams-write"]
    assert _called(local, read, key.api_key.id, key.secret).status_code == 403
    local.bind(STUBS["folders"], local.folder_id, "ydb.viewer", account_id)
    assert _called(local, read, key.api_key.id, key.secret).status_code == 200
    assert _called(local, write, key.api_key.id, key.secret).status_code == 403


def test_a_role_on_the_cloud_counts_and_one_in_another_folder_does_not(local: Local) -> None:
    account_id = local.account("translator")
    local.bind(STUBS["clouds"], local.cloud_id, "ai.translate.user", account_id)
    secret = local.key(account_id, _TRANSLATE).secret
    assert local.gateway("translate", secret).status_code == 200
    assert local.gateway("translate", secret, params={"folderId": "b1gnowhere"}).status_code == 403


def test_the_wrong_way_of_sending_a_key_is_refused_with_the_right_one(local: Local) -> None:
    key_id, secret = _translator(local)
    url = f"{local.http}/services/translate/"
    for headers in ({}, {"Authorization": f"Bearer {secret}"}, {"Authorization": "Api-Key "}):
        answer = requests.get(url, headers=headers, timeout=20)
        assert (answer.status_code, "Api-Key <secret>" in answer.json()["error"]) == (401, True)
    for service, user in (("postbox", "wrong"), ("data-streams", "no-at"), ("schema-registry", "somebody")):
        answer = requests.get(f"{local.http}/services/{service}/", auth=(user, secret), timeout=20)
        assert answer.status_code == 401
        assert secret not in answer.text
    answer = requests.get(f"{local.http}/services/postbox/", auth=(key_id, "wrong"), timeout=20)
    assert answer.status_code == 401
    broken = requests.get(f"{local.http}/services/postbox/", headers={"Authorization": "Basic !!"}, timeout=20)
    assert broken.status_code == 401


def test_an_unknown_or_deleted_key_is_refused_without_showing_it(local: Local) -> None:
    key_id, secret = _translator(local)
    unknown = local.gateway("translate", f"{secret}x")
    assert (unknown.status_code, secret in unknown.text) == (401, False)
    assert local.gateway("translate", secret).status_code == 200
    local.deployer(STUBS["api_keys"], "Delete", DeleteApiKeyRequest(api_key_id=key_id))
    assert local.gateway("translate", secret).status_code == 401


def test_a_key_is_refused_when_the_emulated_time_passes_its_expiry(local: Local) -> None:
    _, secret = _translator(local, expires_at=datetime.now(UTC) + timedelta(days=90))
    local.admin("POST", "clock", {"advance": "89d"})
    assert local.gateway("translate", secret).status_code == 200
    local.admin("POST", "clock", {"advance": "1d"})
    answer = local.gateway("translate", secret)
    assert (answer.status_code, "expired" in answer.json()["error"]) == (401, True)


def test_the_key_of_a_suspended_account_is_refused(local: Local) -> None:
    account_id = local.account("translator", "ai.translate.user")
    secret = local.key(account_id, _TRANSLATE).secret
    local.deployer(STUBS["accounts"], "Suspend", SuspendServiceAccountRequest(service_account_id=account_id))
    assert local.gateway("translate", secret).status_code == 401


def test_a_new_key_is_unknown_for_as_long_as_the_settings_say(timed: Local, real_time: RealTime) -> None:
    timed.admin("POST", "settings", {"keyDelay": "3s"})
    _, secret = _translator(timed)
    assert timed.gateway("translate", secret).status_code == 401
    real_time.now += 3
    assert timed.gateway("translate", secret).status_code == 200


def test_a_use_moves_last_used_at_and_a_refusal_does_not(local: Local) -> None:
    key_id, secret = _translator(local)
    request = GetApiKeyRequest(api_key_id=key_id)
    local.gateway("vision", secret)
    assert not local.deployer(STUBS["api_keys"], "Get", request).HasField("last_used_at")
    local.admin("POST", "clock", {"advance": "1d"})
    local.gateway("translate", secret)
    used = local.deployer(STUBS["api_keys"], "Get", request).last_used_at.ToDatetime(tzinfo=UTC)
    assert used - datetime.now(UTC) > timedelta(hours=23)
    assert local.admin("GET", "state")["apiKeys"][0]["lastUsedAt"] is not None
    local.emulator.state.key_use.flush()
    assert local.deployer(STUBS["api_keys"], "Get", request).last_used_at.ToDatetime(tzinfo=UTC) == used


def test_the_services_are_listed_and_an_unknown_one_is_not_found(local: Local) -> None:
    listed = requests.get(f"{local.http}/services/", timeout=20).json()["services"]
    assert {item["service"] for item in listed} == set(SERVICES)
    answer = local.gateway("nowhere", "secret")
    assert (answer.status_code, "translate" in answer.json()["error"]) == (404, True)
