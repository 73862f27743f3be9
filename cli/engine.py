"""What the Pulumi engine is asked: which stacks there are, and what their states hold, secrets encrypted as they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from cli.checkpoint_files import FileBackend
from cli.exit_codes import CouldNotLook, WrongUse
from cli.project import Project, short_name

# An engine that waits for a server is idle; one that reads files takes a core for half a second.
_ENGINES_AT_ONCE = 8
_LONGEST_WORDS = 600
_SETTINGS = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "NO_COLOR": "1",
}

Deployment = Mapping[str, object]
"""What `pulumi stack export` has under `deployment`."""


@dataclass(frozen=True)
class Stack:
    """A stack and what its state holds: `resources` as the engine exports them."""

    name: str
    resources: Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class Engine:
    """`pulumi`, run in the project's folder. It is never asked to show secrets."""

    project: Project
    environment: Mapping[str, str]

    def chosen(self, named: Sequence[str]) -> list[str]:
        """The stacks that were named, or all that the backend has of this project. Raises CouldNotLook."""
        if named:
            return list(dict.fromkeys(named))
        return self.stack_names()

    def stack_names(self) -> list[str]:
        """The project's stacks in the backend, in the order of their names. Raises CouldNotLook."""
        files = self._files()
        if files is not None:
            return files.stack_names()
        listed = json.loads(self._run("stack", "ls", "--json"))
        return sorted(short_name(str(item["name"])) for item in listed)

    def stacks(self, named: Sequence[str], done: Callable[[str], None] = lambda name: None) -> list[Stack]:
        """The chosen stacks, read several at once; `done` hears of each. Raises CouldNotLook and WrongUse."""
        names = self.chosen(named)
        if len(names) == 1:
            return [self._stack(names[0])]

        def read(name: str) -> Stack:
            stack = self._stack(name)
            done(name)
            return stack

        with ThreadPoolExecutor(max(1, min(_ENGINES_AT_ONCE, len(names)))) as pool:
            return list(pool.map(read, names))

    def history(self, stack: str) -> list[Mapping[str, object]]:
        """The stack's runs, as the engine lists them. Raises CouldNotLook and WrongUse."""
        listed = json.loads(self._run("stack", "history", "--json", "--stack", stack, stack=stack) or "[]")
        return list(listed or ())

    def last_successful_runs(self, stacks: Sequence[str]) -> dict[str, datetime | None]:
        """When an `up` of each stack last succeeded, by the clock of the machine that ran it; None where there was none. Raises CouldNotLook."""
        files = self._files()

        def asked(stack: str) -> datetime | None:
            ended = [
                datetime.fromisoformat(str(update["endTime"])).astimezone(UTC)
                for update in self.history(stack)
                if update.get("kind") == "update" and update.get("result") == "succeeded" and update.get("endTime")
            ]
            return max(ended, default=None)

        with ThreadPoolExecutor(max(1, min(_ENGINES_AT_ONCE, len(stacks)))) as pool:
            found = pool.map(asked if files is None else files.last_successful_run, stacks)
            return dict(zip(stacks, found, strict=True))

    def _stack(self, name: str) -> Stack:
        files = self._files()
        deployment = files.deployment(name) if files is not None else None
        if deployment is None:
            exported = json.loads(self._run("stack", "export", "--stack", name, stack=name))
            deployment = exported.get("deployment") or {}
        return Stack(short_name(name), deployment.get("resources") or [])

    def _files(self) -> FileBackend | None:
        return FileBackend.of(self.environment.get("PULUMI_BACKEND_URL", ""), self.project.name)

    def _run(self, *arguments: str, stack: str = "") -> str:
        executable = shutil.which("pulumi", path=self.environment.get("PATH", os.defpath))
        if executable is None:
            raise CouldNotLook(
                'no `pulumi` on PATH: install it, or run `eval "$(make -s env)"` in this shell for the local stack\'s'
            )
        done = subprocess.run(
            [executable, "--non-interactive", *arguments],
            check=False,
            cwd=self.project.folder,
            env={**self.environment, **_SETTINGS},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode == 0:
            return done.stdout
        said = " ".join((done.stderr or done.stdout).split())[:_LONGEST_WORDS]
        if stack and "no stack named" in said:
            known = ", ".join(self.stack_names()) or "none"
            raise WrongUse(
                f"--stack {stack}: the backend has no such stack of project {self.project.name}; it has {known}"
            )
        login = ""
        if "PULUMI_ACCESS_TOKEN" in said and not self.environment.get("PULUMI_BACKEND_URL"):
            login = (
                '. Set PULUMI_BACKEND_URL, or `pulumi login`; for the local stack `eval "$(make -s env)"` in this shell'
            )
        raise CouldNotLook(f"`pulumi {' '.join(arguments)}` failed with exit code {done.returncode}: {said}{login}")
