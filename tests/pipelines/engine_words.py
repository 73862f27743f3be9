"""Lines as `pulumi up --json` prints them."""

from __future__ import annotations

import json
from typing import Any

KEY = "yandex-keys:index:ApiKey"
SECRET = "yandex-keys:index:LockboxSecret"
READER = "yandex-keys:index:LockboxSecretIamMember"
COMPONENT = "yandex-keys:index:ServiceAccountKeys"
ACCOUNT = "yandex:index/iamServiceAccount:IamServiceAccount"


def urn(name: str, token: str = KEY) -> str:
    return f"urn:pulumi:prod::api-keys::yandex-keys:index:ServiceAccountKeys${token}::{name}"


def step(event: str, operation: str, name: str, token: str = KEY, custom: bool = True, **more: Any) -> str:
    """`outputs` and `inputs` are those after the step, `before` those that the state had; a deletion leaves nothing after it."""
    before = more.pop("before", None)
    described = {"type": token, "urn": urn(name, token), "custom": custom, "id": more.pop("id", "")}
    if "parent" in more:
        described["parent"] = more.pop("parent")
    new = {**described, "outputs": more.pop("outputs", {}), "inputs": more.pop("inputs", {})}
    old = None if before is None else {**described, "outputs": before, "inputs": more.pop("inputs_before", {})}
    gone = operation == "delete" or more.pop("gone", False)
    metadata = {"op": operation, "urn": urn(name, token), "type": token, "old": old, "new": None if gone else new}
    return json.dumps({event: {"metadata": {**metadata, **more}}})


def owned(name: str, operation: str = "same", was: dict[str, str] | None = None, **owners: str) -> str:
    """A component that tells who answers for its keys, by the keys' names; `was`: before this run."""
    told, before = {"owners": owners} if owners else {}, {"owners": was} if was else {}
    more = {"inputs": told, "before": {}, "inputs_before": before}
    return step("resourcePreEvent", operation, name, COMPONENT, custom=False, **more)


def said(severity: str, message: str, name: str = "", token: str = KEY) -> str:
    diagnostic = {"severity": severity, "message": f"{message}\n", "color": "never"}
    if name:
        diagnostic["urn"] = urn(name, token)
    return json.dumps({"diagnosticEvent": diagnostic})


def judged(level: str, wrong: str, name: str = "") -> str:
    """What the policy `maximum-lifetime` says, of a key where one is named."""
    message = f"<{{%fg 13%}}>No key lives longer.\n{wrong}<{{%reset%}}>\n"
    about = {"message": message, "color": "raw", "policyName": "maximum-lifetime", "enforcementLevel": level}
    return json.dumps({"policyEvent": {**about, **({"resourceUrn": urn(name)} if name else {})}})


def rotation(
    name: str, reason: str = "rotates: due since 2026-12-24 03:00 UTC, key ajeold is 31 days old"
) -> list[str]:
    outputs = {"keyId": "ajenew", "expiresAt": "2027-03-24T03:00:00Z"}
    return [
        said("info", reason, name),
        step("resourcePreEvent", "update", name, detailedDiff={"keyId": {}, "expiresAt": {}}),
        step("resOutputsEvent", "update", name, outputs=outputs),
    ]


def refreshed(
    name: str, before: dict[str, Any], after: dict[str, Any] | None, *messages: str, token: str = KEY
) -> list[str]:
    """A look at one resource, and what the provider says of it meanwhile; `after` is None where it is gone."""
    return [
        step("resourcePreEvent", "refresh", name, token, before=before, outputs=before),
        *[said("warning", message, name, token) for message in messages],
        step("resOutputsEvent", "refresh", name, token, before=before, outputs=after or {}, gone=after is None),
    ]
