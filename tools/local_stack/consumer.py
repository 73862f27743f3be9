"""One call as a consumer makes it: read the secret from Lockbox with the account's own token, use it at its service."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import jwt
import requests
import yandexcloud
from yandex.cloud.iam.v1.iam_token_service_pb2 import CreateIamTokenForServiceAccountRequest, CreateIamTokenRequest
from yandex.cloud.iam.v1.iam_token_service_pb2_grpc import IamTokenServiceStub
from yandex.cloud.lockbox.v1.payload_service_pb2 import GetPayloadRequest
from yandex.cloud.lockbox.v1.payload_service_pb2_grpc import PayloadServiceStub

from tools.local_stack import loopback
from tools.local_stack.api_keys import ApiKey
from tools.local_stack.local_cloud import LocalCloud

_SECONDS = 15
_JWT_SECONDS = 600


class ConsumerRefused(Exception):
    """A consumer could not do its work; the message says which step was refused and how."""


class MayNot(ConsumerRefused):
    """The account may not read its own key's secret, which other readers do, or lacks a role for the service."""


@dataclass(frozen=True)
class Answer:
    """What was read, and what the service answered."""

    secret_id: str
    entry: str
    url: str
    status: int
    body: str

    def __str__(self) -> str:
        return (
            f"  read   {self.entry} of Lockbox secret {self.secret_id}\n"
            f"  call   {self.url}\n  answer {self.status} {self.body}"
        )


def candidates(keys: Mapping[str, ApiKey], services: Mapping[str, Set[str]]) -> list[tuple[str, str]]:
    """The names of the keys in Lockbox whose scopes open one of `services` (by name, with their scopes), each with every such service."""
    return [
        (name, service)
        for name, key in sorted(keys.items())
        for service, scopes in sorted(services.items())
        if key.get("lockbox") and scopes & set(key["scopes"])
    ]


def call(cloud: LocalCloud, key: ApiKey, service: str) -> Answer:
    """Reads the key's secret as its account may, and calls a service with it. Raises MayNot and other kinds of ConsumerRefused."""
    lockbox = key.get("lockbox")
    assert lockbox is not None
    token = _token_of(cloud, key["serviceAccountId"])
    secret = _read_entry(cloud, token, lockbox["secretId"], lockbox["secretEntry"])
    url = f"{cloud.http}/services/{service}/"
    return Answer(lockbox["secretId"], lockbox["secretEntry"], url, *_get(url, secret))


def _sdk(cloud: LocalCloud, **credentials: Any) -> yandexcloud.SDK:
    authority = Path(cloud.ca).read_bytes()
    return yandexcloud.SDK(endpoint=cloud.endpoint, root_certificates=authority, **credentials)


def _token_of(cloud: LocalCloud, account_id: str) -> str:
    """The account's token, as the metadata service gives it to a machine that the account is linked to.

    Here the deployer asks for it: that leaves nothing behind in the cloud, as an authorized key for the account would.
    """
    tokens = _sdk(cloud).client(IamTokenServiceStub)
    request = CreateIamTokenForServiceAccountRequest(service_account_id=account_id)
    try:
        deployer = tokens.Create(CreateIamTokenRequest(jwt=_deployers_jwt(cloud)), timeout=_SECONDS).iam_token
        # The SDK sends no token to the service that issues them, but this call needs one.
        metadata = (("authorization", f"Bearer {deployer}"),)
        return str(tokens.CreateForServiceAccount(request, timeout=_SECONDS, metadata=metadata).iam_token)
    except grpc.RpcError as error:
        raise ConsumerRefused(f"no token for the service account {account_id}: {_words(error)}") from error


def _deployers_jwt(cloud: LocalCloud) -> str:
    key = json.loads(Path(cloud.service_account_key).read_text())
    now = int(time.time())
    audience = f"https://iam.{cloud.endpoint}/iam/v1/tokens"
    claims = {"iss": key["service_account_id"], "aud": audience, "iat": now, "exp": now + _JWT_SECONDS}
    return jwt.encode(claims, key["private_key"], algorithm="PS256", headers={"kid": key["id"]})


def _read_entry(cloud: LocalCloud, token: str, secret_id: str, entry: str) -> str:
    try:
        payloads = _sdk(cloud, iam_token=token).client(PayloadServiceStub)
        payload = payloads.Get(GetPayloadRequest(secret_id=secret_id), timeout=_SECONDS)
    except grpc.RpcError as error:
        kind = MayNot if error.code() is grpc.StatusCode.PERMISSION_DENIED else ConsumerRefused
        raise kind(f"Lockbox secret {secret_id} can't be read: {_words(error)}") from error
    for held in payload.entries:
        if held.key == entry:
            return str(held.text_value)
    raise ConsumerRefused(f"Lockbox secret {secret_id} has no entry {entry}")


def _get(url: str, secret: str) -> tuple[int, str]:
    try:
        with loopback.session() as session:
            answer = session.get(url, headers={"Authorization": f"Api-Key {secret}"}, timeout=_SECONDS)
    except requests.RequestException as error:
        raise ConsumerRefused(f"{url} can't be reached: {error}") from error
    if not answer.ok:
        kind = MayNot if answer.status_code == requests.codes.forbidden else ConsumerRefused
        raise kind(f"{url} refused the key: {answer.status_code} {answer.text.strip()}")
    return answer.status_code, answer.text.strip()


def _words(error: grpc.RpcError) -> str:
    return f"{error.code().name}: {error.details()}"
