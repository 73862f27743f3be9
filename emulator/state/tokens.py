"""IAM tokens: for a signed JWT, an account that may be impersonated, or a federation's token; by the real clock.

A token carries its subject and expiry under a signature of the emulator's own, so logging in writes nothing down.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

import jwt
from jwt.types import Options
from yandex.cloud.iam.v1 import iam_token_service_pb2 as api
from yandex.cloud.iam.v1.key_pb2 import Key
from yandex.cloud.iam.v1.service_account_pb2 import ServiceAccount

from emulator.clock import timestamp
from emulator.errors import unauthenticated
from emulator.state.access_binding import AccessBindings
from emulator.state.backend import Backend
from emulator.state.call import Call
from emulator.state.service_account import ServiceAccounts
from emulator.storage import Kind, Record

_PREFIX = "t1."
_LONGEST_JWT_LIFETIME = 3_600
_LEEWAY = 60
"""Seconds by which the clock of whoever signed a JWT may be wrong."""


class _Claims(TypedDict):
    """Of a JWT that an account signs to log in."""

    iss: str
    iat: float
    exp: float


@dataclass(frozen=True)
class IssuedToken:
    """An IAM token and when it ends, in seconds since 1970 by the real clock."""

    token: str
    expires_at: float


class Tokens:
    """Issues and judges IAM tokens."""

    def __init__(self, backend: Backend, access: AccessBindings, accounts: ServiceAccounts) -> None:
        self._backend = backend
        self._access = access
        self._accounts = accounts
        self._audiences: frozenset[str] = frozenset()
        self._key = self._signing_key()

    def accept_audiences(self, port: int) -> None:
        """The audiences that a JWT may name: the cloud's own, and that of this emulator, however it is called."""
        hosts = ["api.cloud.yandex.net", *(f"{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]"))]
        self._audiences = frozenset(f"https://iam.{host}/iam/v1/tokens" for host in hosts)

    def create(self, request: api.CreateIamTokenRequest, _: Call) -> api.CreateIamTokenResponse:
        """A token for whoever signed the JWT. Raises UNAUTHENTICATED, saying what is wrong with it."""
        if request.WhichOneof("identity") != "jwt":
            raise unauthenticated("OAuth tokens aren't taken here: log in with a service account's authorized key")
        return _answer(self.issue(self._signer(request.jwt)))

    def create_for_service_account(
        self, request: api.CreateIamTokenForServiceAccountRequest, call: Call
    ) -> api.CreateIamTokenResponse:
        """A token of another account, for who may impersonate it."""
        hierarchy = self._accounts.hierarchy(request.service_account_id)
        self._access.require(call, "iam.serviceAccounts.createToken", hierarchy)
        return _answer(self.issue(request.service_account_id))

    def revoke(self, request: api.RevokeIamTokenRequest, _: Call) -> api.RevokeIamTokenResponse:
        """The token is worth nothing from now on."""
        subject = self.subject(request.iam_token)
        self._backend.storage.put(Record(Kind.REVOKED_TOKEN, _digest(request.iam_token), name=subject))
        return api.RevokeIamTokenResponse(subject_id=subject)

    def issue(self, subject_id: str) -> IssuedToken:
        """A token of an account that is there. Raises UNAUTHENTICATED when the account can't be used."""
        self._usable(subject_id)
        expires_at = self._backend.clock.real() + self._backend.settings.token_lifetime.total_seconds()
        claims = {"sub": subject_id, "exp": expires_at, "nonce": secrets.token_urlsafe(12)}
        body = _encoded(json.dumps(claims).encode())
        return IssuedToken(f"{_PREFIX}{body}.{self._signature(body)}", expires_at)

    def subject(self, token: str) -> str:
        """Whose token it is. Raises UNAUTHENTICATED when it isn't ours, has expired or was revoked."""
        body, _, signature = token.removeprefix(_PREFIX).partition(".")
        genuine = token.startswith(_PREFIX) and hmac.compare_digest(signature.encode(), self._signature(body).encode())
        if not genuine:
            raise unauthenticated("The token is invalid")
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if claims["exp"] <= self._backend.clock.real():
            raise unauthenticated("The token has expired")
        if self._backend.storage.get(Kind.REVOKED_TOKEN, _digest(token)) is not None:
            raise unauthenticated("The token has been revoked")
        self._usable(claims["sub"])
        return str(claims["sub"])

    def _usable(self, account_id: str) -> None:
        record = self._backend.storage.get(Kind.SERVICE_ACCOUNT, account_id)
        if record is None:
            raise unauthenticated(f"The service account {account_id} doesn't exist")
        if reason := self._accounts.why_unusable(ServiceAccount.FromString(record.body)):
            raise unauthenticated(reason)

    def _signer(self, token: str) -> str:
        """The account that signed a JWT with one of its authorized keys."""
        record = self._backend.storage.get(Kind.AUTHORIZED_KEY, _key_id(token))
        if record is None:
            raise unauthenticated("The JWT's kid isn't the id of an authorized key")
        claims = self._claims(token, Key.FromString(record.body).public_key)
        if claims["iss"] != record.parent:
            raise unauthenticated("The JWT's iss isn't the service account that the key belongs to")
        now = self._backend.clock.real()
        if claims["exp"] <= now:
            raise unauthenticated("The JWT has expired")
        if claims["iat"] > now + _LEEWAY:
            raise unauthenticated("The JWT's iat is in the future: check the clock")
        if claims["exp"] - claims["iat"] > _LONGEST_JWT_LIFETIME + _LEEWAY:
            raise unauthenticated("The JWT is valid for too long; at most an hour is allowed")
        return record.parent

    def _claims(self, token: str, public_key: str) -> _Claims:
        required = ["iss", "aud", "iat", "exp"]
        # Times are judged by the emulator's real clock, which a test may have set.
        options: Options = {"require": required, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            claims = jwt.decode(token, public_key, ["PS256"], audience=sorted(self._audiences), options=options)
            return _Claims(iss=claims["iss"], iat=claims["iat"], exp=claims["exp"])
        except jwt.InvalidAudienceError:
            raise unauthenticated(f"The JWT's aud has to be one of {', '.join(sorted(self._audiences))}") from None
        except jwt.PyJWTError as error:
            raise unauthenticated(f"The JWT can't be verified: {error}") from None

    def _signing_key(self) -> bytes:
        kept = self._backend.storage.get(Kind.SETTING, "token-key")
        if kept is not None:
            return kept.body
        key = secrets.token_bytes(64)
        with self._backend.storage.transaction():
            self._backend.storage.put(Record(Kind.SETTING, "token-key", key))
        return key

    def _signature(self, body: str) -> str:
        return _encoded(hmac.digest(self._key, body.encode(), "sha512"))


def _key_id(token: str) -> str:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise unauthenticated(f"The JWT can't be read: {error}") from None
    return str(header.get("kid", ""))


def _answer(issued: IssuedToken) -> api.CreateIamTokenResponse:
    ends = timestamp(datetime.fromtimestamp(issued.expires_at, UTC), whole_seconds=True)
    return api.CreateIamTokenResponse(iam_token=issued.token, expires_at=ends)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
