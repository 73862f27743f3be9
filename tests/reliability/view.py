"""What the cloud holds at one moment, as far as one case or stack is concerned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

_NEVER: Final = datetime(2105, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class View:
    """`state` is the emulator's inventory; `mine` tells by the name of an account or a Lockbox secret whether it belongs here."""

    state: Mapping[str, Any]
    mine: Callable[[str], bool] = lambda name: name != "deployer"

    @cached_property
    def now(self) -> datetime:
        """The cloud's time."""
        return datetime.fromisoformat(self.state["now"])

    @cached_property
    def accounts(self) -> dict[str, Mapping[str, Any]]:
        """Our accounts by id, whether a stack knows them or not."""
        return {item["id"]: item for item in self.state["serviceAccounts"] if self.mine(item["name"])}

    @cached_property
    def keys(self) -> dict[str, Mapping[str, Any]]:
        """Their keys by id, expired or not."""
        return {item["id"]: item for item in self.state["apiKeys"] if item["serviceAccountId"] in self.accounts}

    @cached_property
    def live_keys(self) -> dict[str, Mapping[str, Any]]:
        """Those that have not expired."""
        return {key_id: key for key_id, key in self.keys.items() if expiry(key) > self.now}

    @cached_property
    def lockbox(self) -> dict[str, Mapping[str, Any]]:
        """Our Lockbox secrets by id."""
        return {item["id"]: item for item in self.state["secrets"] if self.mine(item["name"])}

    def entries(self, secret_id: str) -> dict[str, str]:
        """What a consumer reads of that secret; nothing where there is no version."""
        found = self.lockbox.get(secret_id)
        if found is None or not found["currentVersionId"]:
            return {}
        return dict(next(item["entries"] for item in found["versions"] if item["current"]))

    @property
    def secrets(self) -> set[str]:
        """Every secret of ours that the cloud knows."""
        held = {
            value
            for secret in self.lockbox.values()
            for version in secret["versions"]
            for name, value in version["entries"].items()
            if not name.endswith("_id")
        }
        return held | {key["secret"] for key in self.keys.values()}


def expiry(key: Mapping[str, Any]) -> datetime:
    """When the cloud's key ends."""
    return datetime.fromisoformat(key["expiresAt"]) if key["expiresAt"] else _NEVER
