"""One call as a consumer makes it: read the secret from Lockbox with the account's own token, use it at its service."""

from __future__ import annotations

from collections.abc import Mapping, Set

import grpc
import requests

from tools.local_stack.account_tokens import token_for
from tools.local_stack.api_keys import ApiKey
from tools.local_stack.client import Answer, Lockbox, Services
from tools.local_stack.local_cloud import LocalCloud


class ConsumerRefused(Exception):
    """A consumer could not do its work; the message says which step was refused and how."""


class MayNot(ConsumerRefused):
    """The account may not read its own key's secret, which other readers do, or lacks a role for the service."""


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
    secret = _secret_of(cloud, key)
    try:
        answer = Services(cloud.http).call(service, secret)
    except requests.RequestException as error:
        raise ConsumerRefused(f"{service} can't be reached: {error}") from error
    if answer.status != requests.codes.ok:
        kind = MayNot if answer.status == requests.codes.forbidden else ConsumerRefused
        raise kind(f"{answer.url} refused the key: {answer.status} {answer.body}")
    return answer


def _secret_of(cloud: LocalCloud, key: ApiKey) -> str:
    lockbox = key.get("lockbox")
    assert lockbox is not None
    secret_id, entry = lockbox["secretId"], lockbox["secretEntry"]
    account_id = key["serviceAccountId"]
    try:
        token = token_for(cloud, account_id)
    except grpc.RpcError as error:
        raise ConsumerRefused(f"no token for the service account {account_id}: {_words(error)}") from error
    try:
        entries = Lockbox(cloud.endpoint, cloud.ca, token).read(secret_id).entries
    except grpc.RpcError as error:
        kind = MayNot if error.code() is grpc.StatusCode.PERMISSION_DENIED else ConsumerRefused
        raise kind(f"Lockbox secret {secret_id} can't be read: {_words(error)}") from error
    if entry not in entries:
        raise ConsumerRefused(f"Lockbox secret {secret_id} has no entry {entry}")
    return entries[entry]


def _words(error: grpc.RpcError) -> str:
    return f"{error.code().name}: {error.details()}"
