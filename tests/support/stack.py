"""A stack of this project, in a folder of its own, driven by the real `pulumi` as a user would."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from cli.checkpoint_files import opened
from setup.engine.places import REPOSITORY
from setup.engine.provision import Engine
from tests.support.forked_python import ForkedPython
from tests.support.fresh_stack import initialise
from tests.support.local_cloud import LocalCloud
from tests.support.pulumi import engine, engine_environment, run_pulumi
from tools.local_stack.project import COPIED, lay_out
from tools.local_stack.pulumi_command import command

# Where what a stack came to is kept, by all that it came of.
_KEPT: dict[tuple[str, ...], Path] = {}


class Stack:
    """`pulumi` on the stack `test`: its program is the project's own, its settings those of `write`.

    Its processes are ordinary ones, but where `python` is given: then they are forked.
    """

    python: ForkedPython | None = None

    def __init__(
        self, directory: Path, cloud: LocalCloud, name: str = "test", python: ForkedPython | None = None
    ) -> None:
        self.directory, self.cloud, self.name, self.python = directory, cloud, name, python
        lay_out(directory, REPOSITORY, python.virtual_environment if python else REPOSITORY / ".venv")
        initialise(directory, name)
        self.environment = engine_environment(directory, self.engine)
        self.printed: list[str] = []

    @property
    def engine(self) -> Engine:
        return self.python.engine if self.python else engine()

    @contextmanager
    def with_ordinary_python(self) -> Iterator[None]:
        """Meanwhile its processes are ordinary ones: a kill ends them where they are, and at once."""
        python, environment = self.python, self.environment
        if python is None:
            yield
            return
        link = self.directory / ".venv"
        self._link(link, REPOSITORY / ".venv")
        self.python, self.environment = None, {**environment, "PATH": engine_environment(self.directory)["PATH"]}
        try:
            yield
        finally:
            self._link(link, python.virtual_environment)
            self.python, self.environment = python, environment

    @staticmethod
    def _link(link: Path, target: Path) -> None:
        link.unlink()
        link.symlink_to(target, target_is_directory=True)

    @property
    def file(self) -> Path:
        return self.directory / "stacks" / f"Pulumi.{self.name}.yaml"

    def write(self, accounts: Any, defaults: Any = None, **settings: Any) -> None:
        """Writes the stack file, as a user would edit it."""
        kept = yaml.safe_load(self.file.read_text()) or {} if self.file.exists() else {}
        config: dict[str, Any] = {f"yandex-keys:{name}": value for name, value in settings.items()}
        config["api-keys:accounts"] = accounts
        if defaults is not None:
            config["api-keys:defaults"] = defaults
        self.file.write_text(yaml.safe_dump({**kept, "config": config}, allow_unicode=True))

    def run(self, *arguments: str, check: bool = True, more: Mapping[str, str] | None = None) -> str:
        """Runs `pulumi`; everything that it printed."""
        return self.attempt(*arguments, check=check, more=more)[1]

    def attempt(self, *arguments: str, check: bool = False, more: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Runs `pulumi`: its exit code and everything that it printed."""
        environment = {**self.environment, **self.cloud.environment(), **(more or {})}
        done = run_pulumi(environment, self.directory, *arguments, check=check, by=self.engine)
        printed = f"{done.stdout}\n{done.stderr}"
        if hasattr(self, "printed"):
            self.printed.append(printed)
        return done.returncode, printed

    def up(self, *arguments: str, **more: Any) -> str:
        return self.run("up", "--yes", "--skip-preview", *arguments, **more)

    def bring_up(self, accounts: Any, defaults: Any = None) -> None:
        """What a test begins with: the stack up by this stack file, on a cloud that nothing has been asked of yet.

        The engine does it for the first test of a process that begins so; those after it get copies of what this came to.
        """
        self.write(accounts, defaults)
        kept = _KEPT.get(self._begins_by())
        if kept is None:
            self.up()
            kept = _KEPT[self._begins_by()] = self.directory.with_name(f"{self.directory.name}-brought-up")
            shutil.copytree(self.directory / "state", kept / "state")
            self.cloud.keep_in(kept / "cloud")
        else:
            shutil.copytree(kept / "state", self.directory / "state", dirs_exist_ok=True)
            self.cloud.begin_with(kept / "cloud")

    def _begins_by(self) -> tuple[str, ...]:
        return (self.name, self.file.read_text(), *(path.read_text() for path in map(self.directory.joinpath, COPIED)))

    def preview(self, *arguments: str) -> str:
        return self.run("preview", "--diff", *arguments)

    def refresh(self) -> str:
        return self.run("refresh", "--yes", "--skip-preview")

    def destroy(self) -> str:
        return self.run("destroy", "--yes", "--skip-preview")

    def outputs(self, secrets: bool = False) -> dict[str, Any]:
        arguments = ["stack", "output", "--json", *(["--show-secrets"] if secrets else [])]
        environment = {**self.environment, **self.cloud.environment()}
        done = run_pulumi(environment, self.directory, *arguments, by=self.engine)
        return dict(json.loads(done.stdout))

    def receipt(self, key: str) -> dict[str, Any]:
        """The receipt of `account/key`, as the state has it among the stack's outputs."""
        (stack,) = (it for it in self.resources() if it["type"] == "pulumi:pulumi:Stack")
        return dict(stack["outputs"]["receipts"][key])

    def key(self, name: str) -> dict[str, Any]:
        """What the state has of the key `account/key`: the resource's own outputs, of which the receipt is a part."""
        (found,) = (
            it for it in self.resources() if it["urn"].endswith(f":index:ApiKey::{name}") and not it.get("delete")
        )
        return dict(found["outputs"])

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts `pulumi` in a process group of its own, for a test that ends it half-way."""
        return subprocess.Popen(
            command(self.engine, *arguments),
            cwd=self.directory,
            env={**self.environment, **self.cloud.environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @staticmethod
    def kill(process: subprocess.Popen[str]) -> None:
        """SIGKILL for the whole process group: the engine, its language host and its plugins."""
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state file, secrets encrypted as they are."""
        files = self.directory.glob(f"state/.pulumi/stacks/*/{self.name}.json*")
        (file,) = (it for it in files if it.suffix in (".json", ".zst"))
        return list(json.loads(opened(file.read_bytes()))["checkpoint"]["latest"].get("resources", []))
