"""The local stack, driven by the real `pulumi` alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup import json_file, processes
from setup.engine.provision import Engine
from setup.progress import say
from tools.local_stack.api_keys import ApiKey, Deployment, api_keys
from tools.local_stack.places import STACK, Places
from tools.local_stack.pulumi_command import PulumiFailed, command, output_of
from tools.local_stack.receipts import Receipt

_ALWAYS = ("--yes", "--skip-preview", "--suppress-permalink=true", "--suppress-progress", "--stack", STACK)


@dataclass(frozen=True)
class Stack:
    """The local stack. `environment` is the whole environment of each command."""

    engine: Engine
    places: Places
    environment: Mapping[str, str]

    def select(self) -> None:
        """Makes the stack where it isn't there yet, and selects it."""
        self._read("stack", "select", "--create", STACK)

    def heal(self) -> None:
        """Clears what a killed `pulumi` left: its lock, and the creations that it had begun.

        The provider finds again what such a creation made in the cloud, so the record of it is of no more use.
        """
        if self._locks_of_the_dead():
            say("clearing the lock of a `pulumi` that was killed")
            self._read("cancel", "--yes", STACK)
        pending = self._deployment().get("pending_operations") or []
        if pending:
            say(f"clearing {len(pending)} unfinished operations of an earlier run")
            self._read("refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", STACK)

    def up(self, *, refresh: bool) -> dict[str, int]:
        """`pulumi up`, its output shown; answers how many resources had which change (`create`, `same`, …)."""
        # The receipts are shown as a table afterwards.
        options = ["--suppress-outputs", *(["--refresh"] if refresh else [])]
        self._show("up", *_ALWAYS, *options)
        history = json.loads(self._read("stack", "history", "--json", "--page-size", "1", "--stack", STACK))
        changes: dict[str, int] = history[0].get("resourceChanges") or {}
        return changes

    def destroy(self) -> None:
        """`pulumi destroy`, its output shown but for its advice to remove the stack: that would delete the stack's file, which git tracks."""
        self._show("destroy", *_ALWAYS, unsaid="pulumi stack rm")

    def has_resources(self) -> bool:
        """Whether there is something to destroy; the stack has to be there."""
        deployment = self._deployment()
        return bool(deployment.get("resources") or deployment.get("pending_operations"))

    def receipts(self) -> dict[str, Receipt]:
        """The stack's output of that name; empty where it declares no keys, or nothing is up."""
        outputs: dict[str, dict[str, Receipt]] = json.loads(self._read("stack", "output", "--json", "--stack", STACK))
        return outputs.get("receipts") or {}

    def api_keys(self) -> dict[str, ApiKey]:
        """The keys that the state holds, by `account/key`."""
        return api_keys(self._deployment())

    def _deployment(self) -> Deployment:
        exported: dict[str, Deployment | None] = json.loads(self._read("stack", "export", "--stack", STACK))
        return exported.get("deployment") or {}

    def _locks_of_the_dead(self) -> bool:
        locks = list(self.places.stack_locks.glob("*.json"))
        return bool(locks) and not any(_is_held(lock) for lock in locks)

    def _read(self, *arguments: str) -> str:
        return output_of(self.engine, self.places.repository, self.environment, *arguments)

    def _show(self, *arguments: str, unsaid: str = "") -> None:
        """Shows the command's output, but for the lines that hold `unsaid`."""
        coloured = ("--color", "always") if unsaid and sys.stdout.isatty() else ()
        process = subprocess.Popen(
            command(self.engine, *arguments, *coloured),
            cwd=self.places.repository,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if unsaid else None,
        )
        code = _wait(process, unsaid.encode())
        if code != 0:
            raise PulumiFailed(why_it_ended(arguments[0], code))


def why_it_ended(verb: str, code: int) -> str:
    """In words. An engine that Ctrl-C, or another signal, has ended says nothing itself."""
    if code < 0:
        return f"`pulumi {verb}` was interrupted: run this again, and it goes on from there"
    return f"`pulumi {verb}` failed with exit code {code}: its output is above"


def _wait(process: subprocess.Popen[bytes], unsaid: bytes) -> int:
    """Waits through Ctrl-C: it reaches the engine as well, which ends in its own way and keeps what it has done."""
    while True:
        try:
            for line in process.stdout or ():
                if unsaid not in line:
                    sys.stdout.buffer.write(line)
                    sys.stdout.buffer.flush()
            return process.wait()
        except KeyboardInterrupt:
            continue


def _is_held(lock: Path) -> bool:
    """Whether the `pulumi` that took the lock still lives: a killed one leaves its lock behind."""
    record = json_file.read_object(lock)
    if record is None:
        return True
    return processes.command_name(int(str(record.get("pid", 0)))).startswith("pulumi")
