"""A program of examples/ in a folder of its own, driven by the real `pulumi` as a user would."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

from setup.engine.places import REPOSITORY
from tests.end_to_end.plugin_starts import PluginStarts
from tests.support.forked_python import ForkedPython
from tests.support.fresh_stack import initialise
from tests.support.local_cloud import LocalCloud
from tests.support.pulumi import engine, engine_environment
from tests.support.stack import Stack
from tools.go_command import CommandMissing
from tools.yaml_host import host

EXAMPLES = REPOSITORY / "examples"
_SDK = REPOSITORY / "sdk" / "python"


class ExampleProgram(Stack):
    """The stack `test` of the example in `language`. It lies outside of the repository, and the plugin's starts are counted.

    Its processes are ordinary ones, but where `python` is given: then they are forked.
    """

    def __init__(self, language: str, directory: Path, cloud: LocalCloud, python: ForkedPython | None = None) -> None:
        self.directory, self.cloud, self.name, self.python = directory, cloud, "test", python
        shutil.copytree(EXAMPLES / language, directory)
        virtual_environment = python.virtual_environment if python else REPOSITORY / ".venv"
        self.starts = PluginStarts(directory, virtual_environment)
        self.environment = {**engine_environment(directory, self.engine), **self.starts.environment}
        if language == "python":
            self._install()
        self.environment["PATH"] = os.pathsep.join([*_hosts(language), self.environment["PATH"]])
        project = (directory / "Pulumi.yaml").read_text()
        assert "../../provider" in project
        project = project.replace("../../provider", "counted").replace(
            "virtualenv: .venv", f"virtualenv: {virtual_environment}"
        )
        (directory / "Pulumi.yaml").write_text(project)
        initialise(directory, self.name)
        self.printed: list[str] = []

    def _install(self) -> None:
        """What `pulumi install` installs of the example's requirements.txt. A forked Python has looked for what is installed already."""
        if self.python:
            for part in _SDK.glob("pulumi_yandex_keys*"):
                (self.directory / part.name).symlink_to(part, target_is_directory=True)
        else:
            self.environment["PYTHONPATH"] = str(_SDK)

    @property
    def program(self) -> Path:
        """The file that a user edits."""
        return next(path for name in ("__main__.py", "Pulumi.yaml") if (path := self.directory / name).exists())

    def edit(self, before: str, after: str) -> None:
        """Edits the program."""
        text = self.program.read_text()
        assert before in text
        self.program.write_text(text.replace(before, after))


class ProgramElsewhere(Stack):
    """The stack `test` of a program in `directory`, which names no place of this repository."""

    def __init__(self, language: str, directory: Path, cloud: LocalCloud, more: Mapping[str, str]) -> None:
        self.directory, self.cloud, self.name = directory, cloud, "test"
        self.environment = {**engine_environment(directory), **pip_environment(), **more}
        # Here the plugin is to be got.
        del self.environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"]
        self.environment["PATH"] = os.pathsep.join([*_hosts(language), self.environment["PATH"]])
        # The engine never deletes the archive that it makes of a plugin from git.
        temporary = directory / "temporary"
        temporary.mkdir()
        self.environment["TMPDIR"] = str(temporary)
        self.run("stack", "init", self.name)
        self.printed: list[str] = []

    @property
    def program(self) -> Path:
        """The file that a user edits."""
        return self.directory / "Pulumi.yaml"


def live_a_month(program: Stack) -> None:
    """Left alone, the program asks the cloud for nothing; a month later its three keys rotate."""
    program.cloud.forget_calls()
    program.up("--expect-no-changes")
    assert program.cloud.calls() == {}

    program.cloud.advance("31d")
    assert "3 to update" in program.preview()
    program.up()


def pip_environment() -> dict[str, str]:
    """A new environment has what this Python's has: pip finds on the path what it is to install, and fetches nothing.

    Where the CLI is the official one, its Python host has pip upgrade itself first, and asks the environment for the plugins that it needs: there
    pip does all of it, and fetches what it lacks.
    """
    if engine().origin != "built":
        return {}
    return {"PYTHONPATH": sysconfig.get_path("purelib"), "PIP_NO_INDEX": "1"}


def _hosts(language: str) -> list[str]:
    """Folders with language hosts that the engine lacks. A test downloads nothing: it is skipped where the host was not built before."""
    if language != "yaml" or engine().origin != "built":
        return []
    try:
        return [str(host.build(os.environ, download=False).parent)]
    except CommandMissing as lacking:
        pytest.skip(str(lacking))
