"""A local Yandex Cloud in a process of its own, as tests see it: its admin calls and its gateway."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from setup.engine.places import REPOSITORY

_TIMEOUT = 30.0


class LocalCloud:
    """One emulator process on its own data. `stop` and `kill` end it; `start` goes on with the same data."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ready: dict[str, Any] = {}
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "emulator", "serve", "--data", str(self.directory)]
        self._process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.ready = json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        self._end("terminate")

    def kill(self) -> None:
        self._end("kill")

    def _end(self, how: str) -> None:
        if self._process is not None:
            getattr(self._process, how)()
            self._process.wait(_TIMEOUT)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def environment(self) -> dict[str, str]:
        """What a pipeline sets: where the cloud is, whom to trust, who asks, and the cloud's own time."""
        return {
            "YC_ENDPOINT": self.ready["endpoint"],
            "YC_FOLDER_ID": self.ready["folderId"],
            "YC_CLOUD_ID": self.ready["cloudId"],
            "YC_SERVICE_ACCOUNT_KEY_FILE": self.ready["serviceAccountKey"],
            "YANDEX_KEYS_ROOT_CERTIFICATES": self.ready["ca"],
            "YANDEX_KEYS_AS_OF": self.now(),
            "YANDEX_KEYS_SERVICES": f"{self.ready['http']}/services",
        }

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.ready['http']}/admin/{path}", json=body, timeout=_TIMEOUT)
        assert answer.ok, f"{method} /admin/{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def state(self) -> dict[str, Any]:
        return dict(self.admin("GET", "state"))

    def now(self) -> str:
        return str(self.admin("GET", "clock")["now"])

    def advance(self, duration: str) -> None:
        self.admin("POST", "clock", {"advance": duration})

    def fault(self, method: str, when: str = "before", code: str = "UNAVAILABLE", times: int = 1, **more: Any) -> None:
        self.admin("POST", "faults", [{"method": method, "when": when, "code": code, "times": times, **more}])

    def clear_faults(self) -> None:
        self.admin("DELETE", "faults")

    def forget_calls(self) -> None:
        self.admin("DELETE", "calls")

    def calls(self) -> dict[str, int]:
        """How often each method was called, without discovery and login."""
        counted: Mapping[str, int] = self.admin("GET", "calls")
        aside = ("ApiEndpointService/", "IamTokenService/")
        return {method: count for method, count in counted.items() if count and not method.startswith(aside)}

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
        answer = requests.get(
            f"{self.ready['http']}/services/{service}/", headers={"Authorization": header}, timeout=_TIMEOUT
        )
        return answer.status_code
