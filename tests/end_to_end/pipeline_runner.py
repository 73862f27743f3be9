"""A runner of a forge: a clean clone, an OIDC token for each job, and nothing else that could open the cloud."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import Any

import yaml

from setup.engine.places import REPOSITORY
from setup.engine.provision import Engine
from tests.support import key_service
from tests.support.forked_python import ForkedPython
from tests.support.local_cloud import LocalCloud
from tests.support.pulumi import engine, engine_environment, run_pulumi

SUBJECT = "repo:us/keys:environment:prod"
AUDIENCE = "https://github.com/us"
# Of whoever runs the tests: their own runner, their own clouds.
_FOREIGN = ("ACTIONS_", "AWS_", "CI", "GITHUB_", "GITLAB_", "PIPELINE_", "RUNNER_")
_SECONDS = 180.0


class Runner:
    """Jobs on one clone. What a job's machine would keep between jobs (state of the stack apart) is the journal of runs alone.

    The engine's processes are ordinary ones, but where `python` is given: then they are forked.
    """

    def __init__(
        self, directory: Path, cloud: LocalCloud, stack: str = "prod", python: ForkedPython | None = None
    ) -> None:
        self.directory, self.cloud, self.stack, self.python = directory, cloud, stack, python
        self.clone = directory / "clone"
        self.environment = {
            name: value
            for name, value in engine_environment(directory, self.engine).items()
            if not name.startswith(_FOREIGN)
        }
        clone(self.clone)
        self.deployer = yaml.safe_load(Path(cloud.ready["serviceAccountKey"]).read_text())["service_account_id"]
        cloud.admin(
            "POST",
            "federated-credentials",
            {"serviceAccountId": self.deployer, "subject": SUBJECT, "audience": AUDIENCE},
        )
        self.log: list[str] = []

    @property
    def engine(self) -> Engine:
        return self.python.engine if self.python else engine()

    def to_be_killed(self) -> Runner:
        """The same clone and state on a machine with ordinary processes: a kill ends them where they are, and at once."""
        (self.clone / ".venv").unlink(missing_ok=True)
        other = copy(self)
        other.python = None
        other.environment = {**self.environment, "PATH": other.engine.search_path(self.environment["PATH"])}
        return other

    def commit(self, files: Mapping[str, str], message: str = "A change") -> None:
        """What a merge brings: new texts of files, in the clone's history."""
        for name, text in files.items():
            (self.clone / name).write_text(text, encoding="utf-8")
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--message", message)

    def settings(self) -> dict[str, str]:
        """The whole environment of a job, with a token of its own."""
        ready = self.cloud.ready
        token = self.cloud.admin("POST", "oidc-token", {"subject": SUBJECT, "audience": AUDIENCE})["token"]
        return {
            **self.environment,
            "YC_ENDPOINT": ready["endpoint"],
            "YC_FOLDER_ID": ready["folderId"],
            "YC_CLOUD_ID": ready["cloudId"],
            "YANDEX_KEYS_ROOT_CERTIFICATES": ready["ca"],
            "YANDEX_KEYS_AS_OF": self.cloud.now(),
            "YANDEX_KEYS_FEDERATED_TOKEN": token,
            "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID": self.deployer,
            "YANDEX_KEYS_TOKEN_EXCHANGE_URL": f"{ready['http']}/oauth/token",
            "PIPELINE_VENV": str(self.python.virtual_environment if self.python else Path(sys.prefix)),
            "PIPELINE_STATE_DIR": str(self.directory / "journal"),
            "PIPELINE_LOCK_WAIT": "0s",
        }

    def run(self, command: str, *stacks: str, **settings: str) -> tuple[int, str]:
        """One job to its end: its exit code, and its log."""
        process = self.start(command, *stacks, **settings)
        output, _ = process.communicate(timeout=_SECONDS)
        self.log += output.splitlines()
        return process.returncode, output

    def start(self, command: str, *stacks: str, **settings: str) -> subprocess.Popen[str]:
        """Starts a job. The script needs no package: it runs without the environment's own."""
        return subprocess.Popen(
            [sys.executable, "-S", "-m", "pipelines", command, *(stacks or (self.stack,))],
            cwd=self.clone,
            env={**self.settings(), **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def kill(self, process: subprocess.Popen[str]) -> None:
        """The machine goes away: SIGKILL for the script, the engine and the plugins, all of one job's."""
        for group in (*sessions_of(process.pid), process.pid):
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        output, _ = process.communicate(timeout=_SECONDS)
        # A forge keeps what a job had printed until then.
        self.log += output.splitlines()

    def pulumi(self, *arguments: str) -> str:
        """What a person does with the same state, from a machine that logs in another way."""
        environment = {**self.environment, **self.cloud.environment()}
        return run_pulumi(environment, self.clone, *arguments, by=self.engine).stdout

    def stack_file(self, name: str = "") -> Path:
        return self.clone / "stacks" / f"Pulumi.{name or self.stack}.yaml"

    def init(self, config: Mapping[str, Any], name: str = "", *, by_passphrase: bool = False) -> None:
        """Makes the stack as pipelines/README.md has it: `pulumi stack init`, and what it adds (salt, or encrypted key) is committed.

        Its secrets provider is Vault, as docs/state.md has it, and costs a run a fraction of what a passphrase does: see `key_service`.
        """
        file = self.stack_file(name)
        file.write_text("")
        self.pulumi("stack", "init", name or self.stack, *([] if by_passphrase else key_service.options()))
        salt = yaml.safe_load(file.read_text())
        self.commit({f"stacks/{file.name}": yaml.safe_dump({**salt, "config": dict(config)})}, "A stack")

    def declare(self, config: Mapping[str, Any], name: str = "") -> None:
        """What a merge changes in the stack's file; the salt stays."""
        file = self.stack_file(name)
        salt = {name: value for name, value in yaml.safe_load(file.read_text()).items() if name != "config"}
        self.commit({f"stacks/{file.name}": yaml.safe_dump({**salt, "config": dict(config)})})


def clone(directory: Path) -> None:
    """The repository as its last commit has it."""
    subprocess.run(
        ["git", "clone", "--quiet", "--no-local", "--depth", "1", REPOSITORY.as_uri(), str(directory)], check=True
    )
    git(directory, "config", "user.name", "A test")
    git(directory, "config", "user.email", "test@example.invalid")


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout


def sessions_of(pid: int) -> list[int]:
    """The process groups that a process's children lead: the engine's is one."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,pgid="], check=True, capture_output=True, text=True).stdout
    rows = [tuple(int(field) for field in line.split()) for line in listed.splitlines()]
    return [group for child, parent, group in rows if parent == pid and child == group]
