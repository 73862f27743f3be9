"""One call as a consumer makes it: read the secret from Lockbox with the account's own token, use it at its service."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import jwt
import yandexcloud
from yandex.cloud.iam.v1.iam_token_service_pb2 import CreateIamTokenForServiceAccountRequest, CreateIamTokenRequest
from yandex.cloud.iam.v1.iam_token_service_pb2_grpc import IamTokenServiceStub
from yandex.cloud.lockbox.v1.payload_service_pb2 import GetPayloadRequest
from yandex.cloud.lockbox.v1.payload_service_pb2_grpc import PayloadServiceStub

from tools.local_stack.local_cloud import LocalCloud

_SECONDS = 15
_JWT_SECONDS = 600


class ConsumerRefused(Exception):
    """A consumer could not do its work; the message says which step was refused and how."""


class NoReader(ConsumerRefused):
    """The account may not read its own key's secret: other readers do."""


@dataclass(frozen=True)
class Answer:
    """What the service answered."""

    url: str
    status: int
    body: str


def candidates(receipts: Mapping[str, Mapping[str, Any]], callable_services: Set[str]) -> list[tuple[str, str]]:
    """The receipts, by name, whose keys are in Lockbox and are for one of these services, and that service."""
    found = []
    for name, receipt in sorted(receipts.items()):
        services = [service for service in receipt.get("services") or [] if service in callable_services]
        if receipt.get("lockboxSecretId") and services:
            found.append((name, services[0]))
    return found


def call(cloud: LocalCloud, receipt: Mapping[str, Any], service: str) -> Answer:
    """Reads the key's secret as its account may, and calls its service. Raises NoReader and other kinds of ConsumerRefused."""
    token = _token_of(cloud, str(receipt["serviceAccountId"]))
    secret = _read_entry(cloud, token, str(receipt["lockboxSecretId"]), str(receipt["secretEntry"]))
    return _request(f"{cloud.http}/services/{service}/", secret)


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
        kind = NoReader if error.code() is grpc.StatusCode.PERMISSION_DENIED else ConsumerRefused
        raise kind(f"Lockbox secret {secret_id} can't be read: {_words(error)}") from error
    for held in payload.entries:
        if held.key == entry:
            return str(held.text_value)
    raise ConsumerRefused(f"Lockbox secret {secret_id} has no entry {entry}")


def _request(url: str, secret: str) -> Answer:
    request = urllib.request.Request(url, headers={"Authorization": f"Api-Key {secret}"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return Answer(url, answer.status, answer.read().decode(errors="replace").strip())
    except urllib.error.HTTPError as error:
        body = error.read().decode(errors="replace").strip()
        raise ConsumerRefused(f"{url} refused the key: {error.code} {body}") from error
    except OSError as error:
        raise ConsumerRefused(f"{url} can't be reached: {error}") from error


def _words(error: grpc.RpcError) -> str:
    return f"{error.code().name}: {error.details()}"
