"""The API keys that a stack's state holds, by the names that the stack file gives them."""

from __future__ import annotations

from typing import NotRequired, TypedDict

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


class Resource(TypedDict):
    """A resource as the engine keeps it; `delete` where it is only kept until it is deleted. Of an API key, the outputs are an ApiKey."""

    urn: str
    type: str
    outputs: NotRequired[ApiKey]
    delete: NotRequired[bool]


class Deployment(TypedDict, total=False):
    """What `pulumi stack export` says of a stack; pending_operations: what a killed run had begun."""

    resources: list[Resource] | None
    pending_operations: list[object] | None


def api_keys(deployment: Deployment) -> dict[str, ApiKey]:
    """The keys of a stack, by `account/key`."""
    held = (each for each in deployment.get("resources") or () if each["type"] == TYPE and not each.get("delete"))
    return {each["urn"].rpartition("::")[2]: each["outputs"] for each in held}
