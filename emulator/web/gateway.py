"""The gateway: plays the services that take API keys.

It checks the key, its expiry, its scopes and the roles of its account.

Whatever the HTTP method and the path after the service's name are, the key is checked first, and nothing else of the
request lets it in. Reasons never contain the secret. A call that is let in moves the key's `last_used_at`.

A path can say which methods it takes, as `/services/translate/takes/POST/…` does. Any other is answered 405 to a key
that is let in, and 401 or 403 to one that isn't: what a client relies on that tries a key by a wrong method, because
that costs nothing and changes nothing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from yandex.cloud.iam.v1.api_key_pb2 import ApiKey
from yandex.cloud.iam.v1.service_account_pb2 import ServiceAccount

from emulator.clock import moment, text
from emulator.errors import CloudError
from emulator.state.api_key import secret_of
from emulator.state.cloud_state import CloudState
from emulator.storage import Kind, Record
from emulator.web.gateway_services import SERVICES, Authentication, GatewayService, names, service_called
from emulator.web.http_server import HttpRequest, HttpResponse

_PREFIX = "/services/"
_TAKES = re.compile(r"/services/[^/]+/takes/([A-Z]+(?:,[A-Z]+)*)(?:/.*)?", re.DOTALL)


@dataclass(frozen=True)
class _Credentials:
    """What a request has sent."""

    user: str
    """Empty with the header."""
    secret: str


class _Refused(Exception):
    """Why a request isn't let in."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Gateway:
    """Answers `/services/<service>/…`."""

    def __init__(self, state: CloudState) -> None:
        self._state = state

    def answer(self, request: HttpRequest) -> HttpResponse:
        """200 with whose key it is, 405 where the path takes other methods, or 401 or 403 with a reason; the list of
        services on `/services/`."""
        name = f"{request.path}/".removeprefix(_PREFIX).partition("/")[0]
        if not name:
            return HttpResponse(200, {"services": [_described(service) for service in SERVICES.values()]})
        service = service_called(name, request.method)
        if service is None:
            return HttpResponse(404, {"error": f"there is no service {name}; there are {', '.join(names())}"})
        try:
            key = self._let_in(service, request)
        except _Refused as refusal:
            headers = {"WWW-Authenticate": "Api-Key" if service.authentication == Authentication.HEADER else "Basic"}
            return HttpResponse(refusal.status, {"error": refusal.reason}, headers if refusal.status == 401 else {})
        allowed = _allowed(request.path)
        if allowed and ("GET" if request.method == "HEAD" else request.method) not in allowed:
            words = ", ".join(allowed)
            return HttpResponse(405, {"error": f"{request.path} takes {words}"}, {"Allow": words})
        content = {"service": name, "serviceAccountId": key.service_account_id, "keyId": key.id}
        return HttpResponse(200, content)

    def _let_in(self, service: GatewayService, request: HttpRequest) -> ApiKey:
        record = self._key(service, _credentials(service, request.headers))
        key = ApiKey.FromString(record.body)
        now = self._state.clock.now()
        if key.HasField("expires_at") and moment(key.expires_at) <= now:
            raise _Refused(401, f"the API key {key.id} expired at {text(key.expires_at)}")
        account = self._account(key.service_account_id)
        if reason := self._state.accounts.why_unusable(account):
            raise _Refused(401, reason)
        if not set(service.scopes) & set(key.scopes):
            raise _Refused(
                403, f"the API key {key.id} lacks the scope for {service.name}: {' or '.join(service.scopes)}"
            )
        self._check_roles(service, account, request)
        self._state.key_use.note(key.id, self._state.clock.timestamp(whole_seconds=True))
        return key

    def _key(self, service: GatewayService, credentials: _Credentials) -> Record:
        keys = self._state.api_keys
        if service.authentication == Authentication.SMTP:
            record = keys.with_id(credentials.user)
            if record is not None and not hmac.compare_digest(secret_of(record).encode(), credentials.secret.encode()):
                record = None
        else:
            record = keys.with_secret(credentials.secret)
        if record is None or record.facts["knownFrom"] > self._state.clock.real():
            raise _Refused(401, "the API key is unknown: it is wrong, was deleted, or is too new")
        return record

    def _account(self, account_id: str) -> ServiceAccount:
        record = self._state.storage.get(Kind.SERVICE_ACCOUNT, account_id)
        if record is None:
            raise _Refused(401, f"the service account {account_id} doesn't exist")
        return ServiceAccount.FromString(record.body)

    def _check_roles(self, service: GatewayService, account: ServiceAccount, request: HttpRequest) -> None:
        """The roles count in the account's own folder, or in each that the request names as `folderId`."""
        for folder_id in request.query.get("folderId", [account.folder_id]):
            self._check_roles_in(folder_id, service, account)

    def _check_roles_in(self, folder_id: str, service: GatewayService, account: ServiceAccount) -> None:
        try:
            hierarchy = self._state.backend.folder_hierarchy(folder_id)
        except CloudError:
            raise _Refused(403, f"there is no folder {folder_id}") from None
        if set(hierarchy) & set(self._state.backend.folder_deletions()):
            raise _Refused(403, f"the folder {folder_id} is being deleted")
        held = self._state.access.roles_of(account.id, hierarchy)
        for group in service.roles:
            if not held & group:
                wanted = " or ".join(sorted(group))
                raise _Refused(
                    403, f"the account {account.id} lacks a role for {service.name} in {folder_id}: {wanted}"
                )


def _allowed(path: str) -> list[str]:
    """The methods that the path says it takes; empty: any."""
    match = _TAKES.fullmatch(path)
    return match[1].split(",") if match is not None else []


def _credentials(service: GatewayService, headers: Mapping[str, str]) -> _Credentials:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if service.authentication == Authentication.HEADER:
        if scheme.lower() != "api-key" or not value.strip():
            raise _Refused(401, f"{service.name} takes {service.authentication}")
        return _Credentials("", value.strip())
    if scheme.lower() != "basic":
        raise _Refused(401, f"{service.name} takes {service.authentication}")
    try:
        user, colon, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _Refused(401, "HTTP Basic: the credentials aren't user:password in base64") from None
    wrong_user = (service.authentication == Authentication.KAFKA and not (user.startswith("@") and len(user) > 1)) or (
        service.authentication == Authentication.SCHEMA_REGISTRY and user != "api-key"
    )
    if not colon or not user or wrong_user:
        raise _Refused(401, f"{service.name} takes {service.authentication}")
    return _Credentials(user, secret)


def _described(service: GatewayService) -> dict[str, object]:
    return {
        "service": service.name,
        "scopes": list(service.scopes),
        "roles": [sorted(group) for group in service.roles],
        "authentication": service.authentication.value,
    }
