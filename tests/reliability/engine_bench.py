"""The real engine on a stack of its own, and what a case does with it: held calls, kills, healing, judging."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import yaml

from tests.reliability.programs import KEY
from tests.reliability.promises import NOT_HEALED, RULE, BrokenPromises, Judge
from tests.reliability.view import View
from tests.support.colleague import client
from tests.support.first_start import as_first_started
from tests.support.forked_python import ForkedPython
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

ACCOUNT: Final[Mapping[str, Any]] = {
    "name": "translator",
    "readers": ["self"],
    "keys": [{"name": "default", "uses": ["translate"]}],
}
MONTHLY: Final = {"lifetime": "90d", "rotateEvery": "30d", "overlap": "7d"}


class EngineBench(AbstractContextManager["EngineBench"]):
    """A local cloud and a stack `test` in `directory`. The stack file's accounts are what `write` was given last.

    Its processes are ordinary ones, but where `python` is given: then they are forked.
    """

    def __init__(self, directory: Path, python: ForkedPython | None = None) -> None:
        self.cloud = LocalCloud(as_first_started(directory / "cloud"))
        self.stack = Stack(directory / "stack", self.cloud, python=python)
        self.settings: dict[str, Any] = {}
        """What else the stack file says under `yandex-keys:`."""
        self.foreign = {"deployer"}
        """Names of accounts that belong to no stack."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cloud.stop()

    def write(self, *accounts: Mapping[str, Any]) -> None:
        """The stack file."""
        self.stack.write([dict(account) for account in accounts], MONTHLY, **self.settings)

    def set_secret(self, name: str, value: str) -> None:
        """`pulumi config set --secret`, for good."""
        self.stack.run("config", "set", "--secret", f"yandex-keys:{name}", value)
        self.settings[name] = yaml.safe_load(self.stack.file.read_text())["config"][f"yandex-keys:{name}"]

    def start_up(self) -> subprocess.Popen[str]:
        """`pulumi up`, started."""
        return self.stack.start("up", "--yes", "--skip-preview")

    def hold(self, method: str, when: str) -> None:
        """The next call of `method` will be held, `before` or `after` it took effect."""
        self.cloud.hold(method, when)

    def held(self, running: subprocess.Popen[str]) -> bool:
        """Waits until the call is held: True; False where the command has ended before it came to that."""
        return self.cloud.holds_a_call(running)

    def let_go(self) -> None:
        """No call is held any more."""
        self.cloud.clear_faults()
        self.cloud.let_go()

    def heal(self, broken: BrokenPromises) -> str:
        """What a user does after a killed run: `pulumi cancel` where the stack is locked, then one plain `up`. What it printed."""
        code, printed = self.stack.attempt("up", "--yes", "--skip-preview")
        if code and "pulumi cancel" in printed:
            self.stack.run("cancel", "--yes")
            code, printed = self.stack.attempt("up", "--yes", "--skip-preview")
        if code:
            broken.add(NOT_HEALED, printed)
        return printed

    def states(self) -> list[dict[str, Any]]:
        """The outputs of every key in the state, secrets decrypted."""
        return [resource["outputs"] for resource in self.resources() if resource["type"] == KEY]

    def resources(self) -> list[dict[str, Any]]:
        """What the state holds, secrets decrypted."""
        exported = json.loads(self.stack.run("stack", "export", "--show-secrets"))
        return [_decrypted(resource) for resource in exported["deployment"].get("resources", [])]

    def judge(self, broken: BrokenPromises) -> View:
        """Everything that is not as promised, by the state and the cloud as they are now."""
        view = self.look()
        resources = self.resources()
        judged = Judge(view, self.accepts, broken)
        judged.keys(resource["outputs"] for resource in resources if resource["type"] == KEY)
        judged.litter(str(resource.get("id")) for resource in resources)
        for resource in resources:
            if resource.get("initErrors"):
                broken.add(RULE, f"{resource['urn']} still has errors: {resource['initErrors']}")
        return view

    def clear_away(self, secret_ids: Sequence[str]) -> None:
        """Deletes Lockbox secrets that nobody knows, so that the next case doesn't find them."""
        if secret_ids:
            colleague = client(self.cloud)
            for secret_id in secret_ids:
                colleague.operate("SecretService/Delete", {"secret_id": secret_id})

    def judge_served(self, broken: BrokenPromises) -> None:
        """Whoever reads Lockbox now gets keys that work."""
        Judge(self.look(), self.accepts, broken).served()

    def judge_settled(self, broken: BrokenPromises) -> None:
        """One more run changes nothing and calls nothing."""
        self.cloud.forget_calls()
        code, printed = self.stack.attempt("up", "--yes", "--skip-preview", "--expect-no-changes")
        if code or self.cloud.calls():
            broken.add(RULE, f"one more run isn't a no-op: {self.cloud.calls()} {printed}")

    def look(self) -> View:
        """What the cloud holds now."""
        return View(self.cloud.state(), lambda name: name not in self.foreign)

    def accepts(self, secret: str) -> bool:
        """Whether the service lets a consumer in with that secret."""
        return self.cloud.accepts(secret)


def _decrypted(value: Any) -> Any:
    if isinstance(value, dict):
        if "plaintext" in value:
            return json.loads(value["plaintext"])
        return {name: _decrypted(item) for name, item in value.items()}
    return [_decrypted(item) for item in value] if isinstance(value, list) else value
