"""Lines as `pulumi up --json` prints them."""

from __future__ import annotations

import json
from typing import Any

KEY = "yandex-keys:index:ApiKey"
SECRET = "yandex-keys:index:LockboxSecret"


def urn(name: str, token: str = KEY) -> str:
    return f"urn:pulumi:prod::api-keys::yandex-keys:index:ServiceAccountKeys${token}::{name}"


def step(event: str, operation: str, name: str, token: str = KEY, custom: bool = True, **more: Any) -> str:
    outputs = more.pop("outputs", {})
    described = {"type": token, "urn": urn(name, token), "custom": custom, "outputs": outputs}
    metadata = {"op": operation, "urn": urn(name, token), "type": token, "new": described, **more}
    return json.dumps({event: {"metadata": metadata}})


def said(severity: str, message: str, name: str = "", token: str = KEY) -> str:
    diagnostic = {"severity": severity, "message": f"{message}\n", "color": "never"}
    if name:
        diagnostic["urn"] = urn(name, token)
    return json.dumps({"diagnosticEvent": diagnostic})


def rotation(
    name: str, reason: str = "rotates: due since 2026-12-24 03:00 UTC, key ajeold is 31 days old"
) -> list[str]:
    outputs = {"keyId": "ajenew", "expiresAt": "2027-03-24T03:00:00Z"}
    return [
        said("info", reason, name),
        step("resourcePreEvent", "update", name, detailedDiff={"keyId": {}, "expiresAt": {}}),
        step("resOutputsEvent", "update", name, outputs=outputs),
    ]
