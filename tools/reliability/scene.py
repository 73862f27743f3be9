"""One case on the bench: its stack, its things in the cloud, and what it has noted on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from provider.yandex_keys.session import Session
from tools.reliability import programs
from tools.reliability.bench import Bench
from tools.reliability.small_engine import Declaration, Outcome

NEVER = datetime(2105, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class View:
    """What the cloud holds at one moment, as far as one case is concerned. `mine` tells by a name whose it is."""

    state: Mapping[str, Any]
    mine: Callable[[str], bool]

    @cached_property
    def now(self) -> datetime:
        """The cloud's time."""
        return datetime.fromisoformat(self.state["now"])

    @cached_property
    def accounts(self) -> dict[str, Mapping[str, Any]]:
        """The case's accounts by id, whether a stack knows them or not."""
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
        """The case's Lockbox secrets by id."""
        return {item["id"]: item for item in self.state["secrets"] if self.mine(item["name"])}

    def entries(self, secret_id: str) -> dict[str, str]:
        """What a consumer reads of that secret; nothing where there is no version."""
        found = self.lockbox.get(secret_id)
        if found is None or not found["currentVersionId"]:
            return {}
        return dict(next(item["entries"] for item in found["versions"] if item["current"]))

    @property
    def secrets(self) -> set[str]:
        """Every secret of the case's that the cloud knows."""
        held = {
            value
            for secret in self.lockbox.values()
            for version in secret["versions"]
            for name, value in version["entries"].items()
            if not name.endswith("_id")
        }
        return held | {key["secret"] for key in self.keys.values()}


class Scene:
    """A stack of its own in a cloud that other cases have used before. `notes` are key ids and `secrets` theirs, by a name for each."""

    def __init__(self, bench: Bench, tuned: Callable[[Session], None] | None = None, **environment: str) -> None:
        self.bench = bench
        self.case = bench.begin()
        self.stack = bench.stack(tuned, **environment)
        self.notes: dict[str, str] = {}
        self.secrets: dict[str, str] = {}

    def program(self, *keys: Declaration, more: Sequence[Declaration] = ()) -> list[Declaration]:
        """The account with its role, a secret with its reader, `more`, and the keys."""
        ground = [programs.account(self.case), programs.role(self.bench.ready["folderId"])]
        return [*ground, programs.secret(self.case), programs.reader(), *more, *keys]

    def must(self, outcome: Outcome) -> Outcome:
        """Raises AssertionError where a command failed that no fault was meant for."""
        assert not outcome.failed, outcome.errors
        return outcome

    def up(self, *keys: Declaration, more: Sequence[Declaration] = ()) -> None:
        """One `up` on the way to the step that is to be tested."""
        self.must(self.stack.up(self.program(*keys, more=more)))

    def note(self, name: str, key: str = "key") -> str:
        """Notes the current key of the declaration `key` as `name`; answers its id."""
        key_id = str(self.key(key)["keyId"])
        self.notes[name] = key_id
        self.secrets[name] = self.look().keys[key_id]["secret"]
        return key_id

    def key(self, name: str = "key") -> dict[str, Any]:
        """The outputs of the key declared as `name`."""
        return self.stack.resources[name].values

    def look(self) -> View:
        """What the cloud holds now."""
        return View(
            self.bench.admin("GET", "state"), lambda name: name == self.case or name.startswith(f"{self.case}-")
        )


def expiry(key: Mapping[str, Any]) -> datetime:
    """When the cloud's key ends."""
    return datetime.fromisoformat(key["expiresAt"]) if key["expiresAt"] else NEVER
