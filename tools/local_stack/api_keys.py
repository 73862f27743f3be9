"""The API keys that a stack's state holds, by the names that the stack file gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

TYPE = "yandex-keys:index:ApiKey"


class LockboxEntries(TypedDict):
    """Where in Lockbox a key's secret and its id are."""

    secretId: str
    secretEntry: str
    keyIdEntry: str


class ApiKey(TypedDict):
    """What a consumer has to know of a key; `lockbox` only where its secret is delivered there."""

    keyId: str
    maskedSecret: str
    serviceAccountId: str
    scopes: list[str]
    lockbox: NotRequired[LockboxEntries | None]


def api_keys(deployment: Mapping[str, Any]) -> dict[str, ApiKey]:
    """The keys in what `pulumi stack export` says of a stack, by `account/key`."""
    resources = deployment.get("resources") or []
    held = (each for each in resources if each["type"] == TYPE and not each.get("delete"))
    return {each["urn"].rpartition("::")[2]: each["outputs"] for each in held}
