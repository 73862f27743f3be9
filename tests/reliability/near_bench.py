"""A bench on a cloud in this very process: what a case of the matrix does, without ports, TLS or threads, in a part of the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.durations import parse_duration
from provider.yandex_keys.run import Session
from tests.reliability.near_cloud import NearCloud, near_cloud
from tests.reliability.plugin_run import Identity, PluginRun
from tests.reliability.small_engine import SmallStack


class NearBench:
    """What `Bench` offers to a case; each case begins with an empty cloud of its own."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._cloud: NearCloud
        self._colleague: Cloud
        self.ready: Mapping[str, str] = {}
        self.warm = False
        """Connections are always open here."""

    def close(self) -> None:
        """Ends the last cloud."""
        self._open.close()

    def begin(self) -> str:
        """An empty cloud. Answers a name for the case's things."""
        self._open.close()
        self._cloud = self._open.enter_context(near_cloud())
        self._colleague = self._cloud.colleague()
        self.ready = {"folderId": self._cloud.folder_id}
        return "case-1"

    def state(self) -> dict[str, Any]:
        """Everything that the cloud holds."""
        return self._cloud.inventory()

    def accepts(self, secret: str) -> bool:
        """Whether the service lets a consumer in with that secret."""
        return self._cloud.accepts(secret)

    def advance(self, duration: str) -> None:
        """Moves the cloud's time."""
        self._cloud.advance(parse_duration(duration))

    def now(self) -> datetime:
        """The cloud's time."""
        return self._cloud.now()

    def fault(self, *faults: Mapping[str, Any]) -> None:
        """Adds faults."""
        self._cloud.faults.add(list(faults))

    def clear_faults(self) -> None:
        """Takes all of them back."""
        self._cloud.faults.clear()

    def forget_calls(self) -> None:
        """Begins a new count and log of calls."""
        self._cloud.calls.clear()

    def calls(self) -> list[str]:
        """The methods called since `forget_calls`, in order."""
        return [entry.method for entry in self._cloud.calls.entries()]

    def stack(
        self, tuned: Callable[[Session], None] | None = None, name: str = "reliability", **environment: str
    ) -> SmallStack:
        """A stack without resources; each of its commands starts the plugin anew, with the cloud's time."""
        cloud = self._cloud

        def start(identity: Identity) -> PluginRun:
            moment = cloud.now()
            return PluginRun({**cloud.environment(), **environment}, lambda: moment, tuned, cloud.sdk, identity)

        return SmallStack(start, name)

    def by_hand(self, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """What a colleague does behind our back."""
        plain = method == "ApiKeyService/Create" or method.rpartition("/")[2].startswith(("Get", "List"))
        return self._colleague.call(method, request) if plain else self._colleague.operate(method, request)
