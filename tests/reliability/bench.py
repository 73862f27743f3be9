"""A local cloud and what a case does with it: commands on a small stack, a consumer's calls, a colleague's hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from provider.yandex_keys.run import Session
from tests.reliability.plugin_run import Identity, PluginRun
from tests.reliability.small_engine import SmallStack
from tests.support.colleague import client
from tests.support.local_cloud import LocalCloud
from tools.local_stack.account_tokens import deployer_token

_QUOTAS: Final = {"apiKeyQuota": 100_000, "serviceAccountQuota": 10_000}


class Bench:
    """One emulator process, used by one case after the other. Each case has names of its own."""

    def __init__(self, directory: Path) -> None:
        self.cloud = LocalCloud(directory)
        self.ready: Mapping[str, str] = self.cloud.ready
        self.reset()
        self._numbers = itertools.count(1)
        self.token = deployer_token(self.cloud.running)
        self._colleague = client(self.cloud, self.token)
        self.warm = False
        """Whether runs of the plugin find connections open and services known, so that what only leads to a case takes less time."""

    def close(self) -> None:
        """Stops the cloud."""
        self.cloud.stop()

    def reset(self) -> None:
        """The cloud's traits as they are by default, with room for many cases."""
        self.cloud.reset()
        self.cloud.set(**_QUOTAS)

    def begin(self) -> str:
        """A clean slate: no faults, today's date. Answers a name for the case's things."""
        self.warm = False
        self.clear_faults()
        self.cloud.move_to(datetime.now(UTC))
        return f"case-{next(self._numbers)}"

    def state(self) -> dict[str, Any]:
        """Everything that the cloud holds."""
        return self.cloud.state()

    def accepts(self, secret: str) -> bool:
        """Whether the service lets a consumer in with that secret."""
        return self.cloud.accepts(secret)

    def advance(self, duration: str) -> None:
        """Moves the cloud's time."""
        self.cloud.advance(duration)

    def now(self) -> datetime:
        """The cloud's time."""
        return datetime.fromisoformat(self.cloud.now())

    def fault(self, *faults: Mapping[str, Any]) -> None:
        """Adds faults."""
        self.cloud.faults(*faults)

    def clear_faults(self) -> None:
        """Takes all of them back."""
        self.cloud.clear_faults()

    def forget_calls(self) -> None:
        """Begins a new count and log of calls."""
        self.cloud.forget_calls()

    def calls(self) -> list[str]:
        """The methods called since `forget_calls`, in order."""
        return self.cloud.call_log()

    def environment(self) -> dict[str, str]:
        """What the plugin finds in its environment; it logs in with a token, so that a case's calls are its step's own."""
        return {**self.cloud.place(), "YC_TOKEN": self.token}

    def stack(
        self, tuned: Callable[[Session], None] | None = None, name: str = "reliability", **environment: str
    ) -> SmallStack:
        """A stack without resources; each of its commands starts the plugin anew, with the cloud's time."""

        def start(identity: Identity) -> PluginRun:
            moment = self.now()
            sdk = self._colleague.sdk if self.warm else None
            return PluginRun({**self.environment(), **environment}, lambda: moment, tuned, sdk, identity)

        return SmallStack(start, name)

    def by_hand(self, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """What a colleague does behind our back."""
        return (
            self._colleague.operate(method, request) if _is_operation(method) else self._colleague.call(method, request)
        )


def _is_operation(method: str) -> bool:
    return method != "ApiKeyService/Create" and not method.rpartition("/")[2].startswith(("Get", "List"))
