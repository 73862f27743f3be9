"""What the stacks of the matrix declare: an account with its role, a Lockbox secret with its reader, and API keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.reliability.small_engine import Declaration, Outputs

ACCOUNT: Final = "yandex:index/iamServiceAccount:IamServiceAccount"
ROLE: Final = "yandex:index/resourcemanagerFolderIamMember:ResourcemanagerFolderIamMember"
SECRET: Final = "yandex-keys:index:LockboxSecret"
READER: Final = "yandex-keys:index:LockboxSecretIamMember"
KEY: Final = "yandex-keys:index:ApiKey"
SCOPE: Final = "yc.ai.translate.execute"
MORE_SCOPES: Final = (SCOPE, "yc.ai.vision.execute")
KEY_ROLE: Final = "ai.translate.user"
MONTHLY: Final = {"lifetime": "90d", "rotateEvery": "30d", "overlap": "7d"}


def account(case: str, name: str = "account") -> Declaration:
    """A service account; `case` makes its name unique in the cloud."""
    named = case if name == "account" else f"{case}-{name}"
    return Declaration(name, ACCOUNT, lambda _: {"name": named})


def role(folder_id: str) -> Declaration:
    """The account's role, without which no key of it is accepted."""
    return Declaration(
        "role",
        ROLE,
        lambda made: {"folderId": folder_id, "role": KEY_ROLE, "member": f"serviceAccount:{made['account']['id']}"},
    )


def secret(case: str, name: str = "secret") -> Declaration:
    """A Lockbox secret."""
    return Declaration(name, SECRET, lambda _: {"name": f"{case}-{name}"})


def reader() -> Declaration:
    """The account may read the secret."""
    return Declaration(
        "reader",
        READER,
        lambda made: {
            "secretId": made["secret"]["id"],
            "role": "lockbox.payloadViewer",
            "member": f"serviceAccount:{made['account']['id']}",
        },
    )


def key(
    name: str = "key",
    *,
    lockbox: str | None = "secret",
    entry: str = "api_key",
    owner: str = "account",
    was: str = "",
    imports: str = "",
    **inputs: Any,
) -> Declaration:
    """An API key of the account declared as `owner`, delivered to the secret declared as `lockbox`."""

    def of(made: Outputs) -> Mapping[str, Any]:
        delivery = (
            {"secretId": made[lockbox]["id"], "secretEntry": entry, "keyIdEntry": f"{entry}_id"} if lockbox else None
        )
        return {"serviceAccountId": made[owner]["id"], "scopes": [SCOPE], **MONTHLY, "lockbox": delivery, **inputs}

    return Declaration(name, KEY, of, was, imports)
