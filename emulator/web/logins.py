"""The ways of logging in that are HTTP: the token exchange of workload identity federation, the metadata service."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from emulator.errors import AdminError, CloudError
from emulator.state.cloud_state import CloudState
from emulator.state.federation import ExchangeError
from emulator.state.tokens import IssuedToken
from emulator.storage import Kind, Record
from emulator.web.http_server import HttpRequest, HttpResponse
from emulator.web.own_clients import media_type

_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_SUBJECT_TOKEN_TYPES = ("urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt")
_FORM = "application/x-www-form-urlencoded"
_METADATA_ACCOUNT = "metadata"
METADATA_TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"


class Logins:
    """Answers `/oauth/token`, the metadata service's path, and the issuer's own pages under `/oidc/`."""

    def __init__(self, state: CloudState) -> None:
        self._state = state

    def exchange(self, request: HttpRequest) -> HttpResponse:
        """RFC 8693: a federation's token for an IAM token."""
        if request.method != "POST":
            return HttpResponse(405, {"error": "invalid_request", "error_description": "use POST"}, {"Allow": "POST"})
        if request.body and media_type(request) != _FORM:
            return HttpResponse(415, {"error": "invalid_request", "error_description": f"send Content-Type: {_FORM}"})
        form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        try:
            _check_form(form)
            issued = self._state.federation.exchange(form["subject_token"], form["audience"])
        except ExchangeError as error:
            return HttpResponse(400, {"error": error.error, "error_description": error.description})
        content = {**self._token(issued), "issued_token_type": _ACCESS_TOKEN}
        return HttpResponse(200, content, {"Cache-Control": "no-store"})

    def metadata_token(self, request: HttpRequest) -> HttpResponse:
        """A token of the account that the machine runs as."""
        if request.headers.get("metadata-flavor", "").lower() != "google":
            return HttpResponse(403, {"error": "send the header Metadata-Flavor: Google"})
        account_id = self.metadata_account()
        if not account_id:
            return HttpResponse(404, {"error": "no service account is bound to this machine"})
        try:
            return HttpResponse(200, self._token(self._state.tokens.issue(account_id)), {"Metadata-Flavor": "Google"})
        except CloudError as error:
            return HttpResponse(404, {"error": error.message})

    def issuer(self, request: HttpRequest) -> HttpResponse:
        """What a relying party asks of an OIDC issuer."""
        issuer = self._state.federation.issuer
        if request.path == "/oidc/jwks":
            return HttpResponse(200, self._state.federation.key_set())
        if request.path == "/oidc/.well-known/openid-configuration":
            return HttpResponse(200, {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"})
        return HttpResponse(404, {"error": f"{request.path}: there is nothing here"})

    def metadata_account(self) -> str:
        """The id of the account that the machine runs as; empty without one."""
        kept = self._state.storage.get(Kind.SETTING, _METADATA_ACCOUNT)
        return str(json.loads(kept.body)) if kept is not None else ""

    def bind_metadata(self, account_id: object) -> None:
        """Binds the machine to an account, or (None or empty) to none.

        Raises AdminError when there is no such account.
        """
        if account_id and not (
            isinstance(account_id, str) and self._state.storage.get(Kind.SERVICE_ACCOUNT, account_id) is not None
        ):
            raise AdminError(f"serviceAccountId: there is no service account {account_id}")
        with self._state.storage.transaction():
            body = json.dumps(account_id or "").encode()
            self._state.storage.put(Record(Kind.SETTING, _METADATA_ACCOUNT, body))

    def _token(self, issued: IssuedToken) -> dict[str, object]:
        seconds = int(issued.expires_at - self._state.clock.real())
        return {"access_token": issued.token, "token_type": "Bearer", "expires_in": seconds}


def _check_form(form: dict[str, str]) -> None:
    if form.get("grant_type") != _TOKEN_EXCHANGE:
        raise ExchangeError("unsupported_grant_type", f"grant_type has to be {_TOKEN_EXCHANGE}")
    if form.get("requested_token_type", _ACCESS_TOKEN) != _ACCESS_TOKEN:
        raise ExchangeError("invalid_request", f"requested_token_type has to be {_ACCESS_TOKEN}")
    if form.get("subject_token_type") not in _SUBJECT_TOKEN_TYPES:
        raise ExchangeError("invalid_request", f"subject_token_type has to be {_SUBJECT_TOKEN_TYPES[0]}")
    for name, words in (("audience", "the id of the service account"), ("subject_token", "the token to exchange")):
        if not form.get(name):
            raise ExchangeError("invalid_request", f"{name} is missing: {words}")
