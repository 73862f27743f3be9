"""A local Yandex Cloud in a process of its own, as every test, the benchmark and the proof see it: its admin calls and its gateway."""

from __future__ import annotations

import base64
import shutil
import subprocess
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.support.cloud_process import CloudProcess
from tests.support.kept_connection import KeptConnection
from tools.local_stack.local_cloud import LocalCloud as RunningCloud

_HOLD_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.1
_OF_ITS_OWN: Final = ("lock", "ports.json")
# What a change, made or refused, does not count as: finding the services and logging in.
_ASIDE: Final = ("ApiEndpointService/", "IamTokenService/")


class LocalCloud:
    """One emulator process on its own data. `stop` and `kill` end it; `start` goes on with the same data."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ready: dict[str, Any] = {}
        self._process: CloudProcess | None = None
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._process = CloudProcess(self.directory)
        self.ready = self._process.ready
        self.running = RunningCloud.from_ready(self.ready)
        self._http = KeptConnection(self.ready["http"])

    def stop(self) -> None:
        if self._process is not None:
            self._http.close()
            self._process.terminate()
            self._process = None

    def kill(self) -> None:
        if self._process is not None:
            self._http.close()
            self._process.kill()
            self._process = None

    def keep_in(self, directory: Path) -> None:
        """Copies all that it holds there, for other clouds to begin with."""
        self.stop()
        shutil.copytree(self.directory, directory, ignore=shutil.ignore_patterns(*_OF_ITS_OWN))
        self.start()

    def begin_with(self, directory: Path) -> None:
        """Forgets what it holds, and goes on with what another cloud has kept there."""
        self.stop()
        shutil.copytree(directory, self.directory, dirs_exist_ok=True)
        self.start()

    @property
    def pid(self) -> int:
        """The number of its process, which must run."""
        assert self._process is not None
        return self._process.pid

    @property
    def folder_id(self) -> str:
        """The folder that is there from the start."""
        return str(self.ready["folderId"])

    def place(self) -> dict[str, str]:
        """Where it is and whom to trust, without a login."""
        return self.running.place()

    def environment(self) -> dict[str, str]:
        """What a pipeline sets: where the cloud is, whom to trust, who asks, and the cloud's own time."""
        return self.running.variables()

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """The status and the JSON that it answers on its HTTP address."""
        return self._http.request(method, path, body, headers)

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of the admin API, which has to be 200."""
        status, answer = self.request(method, f"/admin/{path}", body)
        assert status == 200, f"{method} /admin/{path}: {status} {answer}"
        return answer

    def state(self) -> dict[str, Any]:
        """Everything that it holds."""
        return dict(self.admin("GET", "state"))

    def now(self) -> str:
        """Its time, as RFC 3339 in UTC."""
        return str(self.admin("GET", "clock")["now"])

    def advance(self, duration: str) -> None:
        """Moves its time by a duration (`31d`)."""
        self.admin("POST", "clock", {"advance": duration})

    def move_to(self, time: datetime) -> None:
        """Moves its time to a moment."""
        self.admin("POST", "clock", {"now": time.isoformat()})

    def set(self, **traits: Any) -> None:
        """Gives it other traits (`apiKeyQuota=3`)."""
        self.admin("POST", "settings", traits)

    def reset(self) -> None:
        """Gives it its traits by default."""
        self.admin("DELETE", "settings")

    def fault(self, method: str, when: str = "before", code: str = "UNAVAILABLE", times: int = 1, **more: Any) -> None:
        """The next calls of `method` fail, `before` or `after` they took effect."""
        self.faults({"method": method, "when": when, "code": code, "times": times, **more})

    def hold(self, method: str, when: str) -> None:
        """The next call of `method` gets no answer until `let_go`, `before` or `after` it took effect."""
        self.faults({"method": method, "when": when, "hold": True, "times": 1})

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """Adds faults, as the admin API has them."""
        self.admin("POST", "faults", list(faults))

    def holds_a_call(self, running: subprocess.Popen[str]) -> bool:
        """Waits until a call is held: True; False where the command has ended before it came to that. Raises TimeoutError."""
        deadline = time.monotonic() + _HOLD_SECONDS
        while time.monotonic() < deadline:
            if self.admin("GET", "held"):
                return True
            if running.poll() is not None:
                return False
            time.sleep(_POLL_SECONDS)
        raise TimeoutError("no call was held")

    def let_go(self) -> None:
        """No call is held any more; a fault that is still to come stays."""
        self.admin("POST", "release")

    def clear_faults(self) -> None:
        """Takes every fault back."""
        self.admin("DELETE", "faults")

    def forget_calls(self) -> None:
        """Begins a new count and log of calls."""
        self.admin("DELETE", "calls")

    def calls(self) -> dict[str, int]:
        """How often each method was called since `forget_calls`, without discovery and login, e.g. `{"SecretService/Get": 1}`."""
        counted: Mapping[str, int] = self.admin("GET", "calls")
        return {method: count for method, count in counted.items() if count and not method.startswith(_ASIDE)}

    def call_log(self) -> list[str]:
        """The methods called since `forget_calls`, in order."""
        return [entry["method"] for entry in self.admin("GET", "calls?log=1")]

    def live_keys(self, account: str | None = None) -> list[dict[str, Any]]:
        """The API keys, of one account by name or of all, but for those that have expired."""
        state = self.state()
        names = {item["id"]: item["name"] for item in state["serviceAccounts"]}
        now = self.now()
        return [
            key
            for key in state["apiKeys"]
            if (account is None or names[key["serviceAccountId"]] == account) and (key["expiresAt"] or "9") > now
        ]

    def entries(self, secret_id: str) -> dict[str, str]:
        """The entries of a Lockbox secret's current version."""
        secret = next(item for item in self.state()["secrets"] if item["id"] == secret_id)
        current = secret["currentVersionId"]
        return dict(next(version["entries"] for version in secret["versions"] if version["id"] == current))

    def use(self, service: str, secret: str, login: str | None = None) -> int:
        """The status that the service answers to a call with the key: in the Api-Key header, or as the password of `login`."""
        basic = base64.b64encode(f"{login}:{secret}".encode()).decode()
        header = f"Api-Key {secret}" if login is None else f"Basic {basic}"
        return self.request("GET", f"/services/{service}/", headers={"Authorization": header})[0]

    def accepts(self, secret: str) -> bool:
        """Whether the service `translate` lets a consumer in with that secret."""
        return self.use("translate", secret) == 200
