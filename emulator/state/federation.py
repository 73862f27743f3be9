"""Workload identity federation: an OIDC issuer's tokens are exchanged for IAM tokens of their accounts.

The emulator plays the issuer, too: it signs tokens for tests, and only those can be verified here.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TypedDict

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from emulator import identifiers
from emulator.errors import AdminError, CloudError
from emulator.state.backend import Backend
from emulator.state.tokens import IssuedToken, Tokens
from emulator.storage import Kind, Record

_KEY_ID = "emulator"
_ISSUER_KEY = "oidc-key"


class _Claims(TypedDict):
    """Of a token that is exchanged."""

    iss: str
    sub: str
    aud: str | list[str]


class ExchangeError(Exception):
    """Why a token isn't exchanged, in OAuth's terms."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True)
class Credential:
    """Which tokens of an issuer stand for which account."""

    id: str
    service_account_id: str
    issuer: str
    subject: str
    audience: str
    """That a token has to name; empty: any."""

    def as_json(self) -> dict[str, str]:
        """The credential as JSON."""
        return {
            "id": self.id,
            "serviceAccountId": self.service_account_id,
            "issuer": self.issuer,
            "subject": self.subject,
            "audience": self.audience,
        }


class Federation:
    """Credentials of all accounts, and the issuer."""

    def __init__(self, backend: Backend, tokens: Tokens) -> None:
        self._backend = backend
        self._tokens = tokens
        self.issuer = ""

    def bind(self, service_account_id: str, issuer: str, subject: str, audience: str) -> Credential:
        """Tokens of that issuer with that subject stand for the account from now on. Raises AdminError without it."""
        if self._backend.storage.get(Kind.SERVICE_ACCOUNT, service_account_id) is None:
            raise AdminError(f"serviceAccountId: there is no service account {service_account_id}")
        new_id = identifiers.new_id(identifiers.IAM)
        credential = Credential(new_id, service_account_id, issuer or self.issuer, subject, audience)
        body = json.dumps(vars(credential)).encode()
        with self._backend.storage.transaction():
            self._backend.storage.put(Record(Kind.FEDERATED_CREDENTIAL, new_id, body, service_account_id))
        return credential

    def credentials(self) -> list[Credential]:
        """All credentials."""
        return [Credential(**json.loads(item.body)) for item in self._backend.storage.every(Kind.FEDERATED_CREDENTIAL)]

    def clear(self) -> list[Credential]:
        """No token stands for any account any more; answers the credentials that are left: none."""
        with self._backend.storage.transaction():
            for credential in self.credentials():
                self._backend.storage.delete(Kind.FEDERATED_CREDENTIAL, credential.id)
        return []

    def sign(self, subject: str, audience: str, lifetime_seconds: float) -> str:
        """A token of the emulator's own issuer; a negative lifetime makes one that has expired."""
        now = int(self._backend.clock.real())
        claims = {
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "iat": now,
            "exp": now + int(lifetime_seconds),
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(claims, self._key(), "RS256", headers={"kid": _KEY_ID})

    def key_set(self) -> dict[str, object]:
        """The issuer's public keys, as JWKS."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key().public_key()))
        return {"keys": [{**public, "kid": _KEY_ID, "use": "sig", "alg": "RS256"}]}

    def exchange(self, subject_token: str, service_account_id: str) -> IssuedToken:
        """An IAM token of the account for a token that stands for it. Raises ExchangeError."""
        claims = self._verified(subject_token)
        matching = [
            credential
            for credential in self.credentials()
            if credential.service_account_id == service_account_id
            and credential.subject == claims["sub"]
            and credential.issuer == claims["iss"]
            and (not credential.audience or credential.audience in _listed(claims["aud"]))
        ]
        if not matching:
            words = (
                f"subject {claims['sub']} of {claims['iss']} isn't bound to the service account {service_account_id}"
            )
            raise ExchangeError("invalid_grant", f"{words}, or the token's audience is another one")
        try:
            return self._tokens.issue(service_account_id)
        except CloudError as error:
            raise ExchangeError("invalid_grant", error.message) from None

    def _verified(self, token: str) -> _Claims:
        options: Options = {
            "require": ["iss", "sub", "aud", "exp"],
            "verify_aud": False,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        }
        try:
            claims = jwt.decode(token, self._key().public_key(), ["RS256"], options=options)
        except jwt.PyJWTError as error:
            raise ExchangeError("invalid_grant", f"the subject token can't be verified: {error}") from None
        if claims["exp"] <= self._backend.clock.real():
            raise ExchangeError("invalid_grant", "the subject token has expired")
        return _Claims(iss=claims["iss"], sub=claims["sub"], aud=claims["aud"])

    def _key(self) -> rsa.RSAPrivateKey:
        """The issuer's key; made when it is first needed."""
        kept = self._backend.storage.get(Kind.SETTING, _ISSUER_KEY)
        if kept is not None:
            key = serialization.load_pem_private_key(kept.body, None)
            assert isinstance(key, rsa.RSAPrivateKey)
            return key
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with self._backend.storage.transaction():
            self._backend.storage.put(Record(Kind.SETTING, _ISSUER_KEY, pem))
        return made


def _listed(audience: str | list[str]) -> list[str]:
    return audience if isinstance(audience, list) else [audience]
