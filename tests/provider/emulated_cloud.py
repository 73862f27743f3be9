"""A Yandex Cloud for a test: the emulator in a process of its own, with its admin calls, and the provider's own way to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import requests

from provider.yandex_keys.run import Runtime, Session
from tests.fast_time import FastTime

_TIMEOUT: Final = 10.0
# What a change, made or refused, does not count as: finding the services and logging in.
_ASIDE: Final = ("ApiEndpointService/", "IamTokenService/")


class EmulatedCloud:
    """The emulator that printed `ready`, as its own line says where it is."""

    def __init__(self, ready: dict[str, str]) -> None:
        self.ready = ready
        self.folder_id = ready["folderId"]
        self.logged: list[str] = []

    def runtime(self, provider_id: str = "one-state", **environment: str) -> Runtime:
        """A new run against it: the real SDK, TLS and login; pauses between two tries take no time.

        `provider_id` is that of the stack's provider resource: another one is another state.
        """
        session = Session(
            environment={
                "YC_ENDPOINT": self.ready["endpoint"],
                "YANDEX_KEYS_ROOT_CERTIFICATES": self.ready["ca"],
                "YC_SERVICE_ACCOUNT_KEY_FILE": self.ready["serviceAccountKey"],
                "YC_FOLDER_ID": self.ready["folderId"],
                "YC_CLOUD_ID": self.ready["cloudId"],
                **environment,
            }
        )
        session.log = lambda severity, message, urn: self.logged.append(message)  # type: ignore[method-assign]
        session.configure({}, provider_id)
        runtime = session.runtime()
        time = FastTime()
        runtime.cloud.wait, runtime.cloud.monotonic = time.wait, time.monotonic
        return runtime

    def calls(self) -> dict[str, int]:
        """How often each method was called since `forget_calls`, e.g. `{"SecretService/Get": 1}`."""
        counted = self._admin("GET", "calls")
        return {method: times for method, times in counted.items() if times and not method.startswith(_ASIDE)}

    def forget_calls(self) -> None:
        """Begins a new count."""
        self._admin("DELETE", "calls")

    def fail(self, method: str, when: str, code: str, times: int = 1) -> None:
        """The next calls of `method` fail `before` or `after` they took effect."""
        self._admin("POST", "faults", [{"method": method, "when": when, "code": code, "times": times}])

    def fail_operation(self, method: str, failure: dict[str, Any], times: int = 1) -> None:
        """The next calls of `method` are answered by operations that fail: `code`, `message`, `done`, `takesEffect`."""
        fault = {"method": method, "when": "before", "times": times, "operation": failure}
        self._admin("POST", "faults", [fault])

    def heal(self) -> None:
        """Takes back every fault and every trait."""
        self._admin("DELETE", "faults")
        self._admin("DELETE", "settings")

    def set(self, **traits: Any) -> None:
        """Gives the cloud other traits, until the next test."""
        self._admin("POST", "settings", traits)

    def now(self) -> str:
        """Its time, as RFC 3339 in UTC."""
        return str(self._admin("GET", "clock")["now"])

    def move_to(self, time: datetime) -> None:
        """Moves its time."""
        self._admin("POST", "clock", {"now": time.isoformat()})

    def state(self) -> dict[str, Any]:
        """Everything that it holds."""
        held: dict[str, Any] = self._admin("GET", "state")
        return held

    def _admin(self, verb: str, what: str, body: Any = None) -> Any:
        answer = requests.request(verb, f"{self.ready['http']}/admin/{what}", json=body, timeout=_TIMEOUT)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@contextmanager
def serving(data: Path) -> Iterator[EmulatedCloud]:
    """The emulator on `data` as long as the block runs."""
    command = [sys.executable, "-m", "emulator", "serve", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        try:
            yield EmulatedCloud(json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            process.wait(_TIMEOUT)
