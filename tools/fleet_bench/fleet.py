"""A folder that is a clone but for its history, with a stack file for each of many stacks."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from setup.engine.places import REPOSITORY
from tests.support.local_cloud import LocalCloud
from tests.support.pulumi import as_users_have_it, engine_environment, run_pulumi
from tools.fleet_bench.usage import Usage, measured

_COPIED = ("components", "pipelines", "provider", "sdk", "setup", "third_party")
_FILES = ("Pulumi.yaml", "__main__.py", "requirements.txt", "requirements.lock")
_KEYS_OF_AN_ACCOUNT = 10
_INITS_AT_ONCE = 4
_NEVER = shutil.ignore_patterns("__pycache__", "*.pyc")
_WRITTEN_ONCE = "the state is written once"
# A row of the summary: the stack, its stage, what became of it, its seconds.
_ROW = re.compile(r"^(stack-\d+) +- +(.*?) {2,}([\d.]+|-) ")


@dataclass(frozen=True)
class Run:
    """One run of the pipelines' script. ended: by stack, what became of it and how many seconds its turn took."""

    code: int
    usage: Usage
    ended: Mapping[str, tuple[str, float]]
    log: str

    @property
    def written_once(self) -> int:
        """How many stacks' states were written at the end alone, as the script says it."""
        return self.log.count(_WRITTEN_ONCE)


class Fleet:
    """`stacks` stacks of as many keys each, shared out among the clouds, with limits that allow a rotation of all of them. keys: in all stacks."""

    def __init__(self, directory: Path, clouds: Sequence[LocalCloud], stacks: int, keys: int) -> None:
        self._folder, self._clouds = directory / "clone", clouds
        self.names, self.keys = [f"stack-{number}" for number in range(stacks)], stacks * keys
        (self._folder / "stacks").mkdir(parents=True)
        for name in _COPIED:
            shutil.copytree(REPOSITORY / name, self._folder / name, ignore=_NEVER)
        for name in _FILES:
            shutil.copy(REPOSITORY / name, self._folder / name)
        (self._folder / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
        self._environment = as_users_have_it(engine_environment(directory))
        self.limited(True)
        with ThreadPoolExecutor(_INITS_AT_ONCE) as pool:
            list(pool.map(lambda number: self._make(number, keys), range(stacks)))

    def up(self, jobs: int) -> Run:
        """`python3 -m pipelines up --jobs N` of all stacks."""
        environment = {
            **self._environment,
            **self._clouds[0].environment(),
            "PIPELINE_STATE_DIR": str(self._folder.parent / "journal"),
        }
        command = [sys.executable, "-S", "-m", "pipelines", "up", "--jobs", str(jobs), *self.names]
        code, usage, log = measured(command, self._folder, environment)
        rows = [match for line in log.splitlines() if (match := _ROW.match(line))]
        ended = {row[1]: (row[2], 0.0 if row[3] == "-" else float(row[3])) for row in rows}
        return Run(code, usage, ended, log)

    def advance(self, span: str) -> None:
        """Moves the time of every cloud."""
        for cloud in self._clouds:
            cloud.advance(span)

    def live_keys(self) -> int:
        """How many keys work, in all clouds."""
        return sum(len(cloud.live_keys()) for cloud in self._clouds)

    def limited(self, limited: bool) -> None:
        """Whether there are limits: then each stack is previewed first, and a run of plain rotations writes a state once."""
        file = self._folder / "stacks" / "fleet.toml"
        if limited:
            file.write_text(f"[limits]\nrotate = {self.keys}\ndelete = 0\n")
        else:
            file.unlink()

    def break_one(self, name: str) -> None:
        """Writes a mistake into a stack's file."""
        file = self._file(name)
        file.write_text(file.read_text().replace("translate", "translat"))

    def _make(self, number: int, keys: int) -> None:
        name, cloud = self.names[number], self._clouds[number % len(self._clouds)]
        file = self._file(name)
        file.write_text("{}\n")
        run_pulumi({**self._environment, **cloud.environment()}, self._folder, "stack", "init", name)
        salt = yaml.safe_load(file.read_text())
        config = {"yandex-keys:endpoint": cloud.ready["endpoint"], "api-keys:accounts": accounts(number, keys)}
        # JSON is YAML, and quick to write.
        file.write_text(json.dumps({**salt, "config": config}) + "\n")

    def _file(self, name: str) -> Path:
        return self._folder / "stacks" / f"Pulumi.{name}.yaml"


def accounts(stack: int, keys: int) -> list[dict[str, object]]:
    """Ten keys an account, each with a Lockbox secret of its own."""
    names = [f"key{number}" for number in range(keys)]
    groups = [names[at : at + _KEYS_OF_AN_ACCOUNT] for at in range(0, keys, _KEYS_OF_AN_ACCOUNT)]
    return [
        {"name": f"account-{stack}-{number}", "keys": [{"name": name, "uses": ["translate"]} for name in group]}
        for number, group in enumerate(groups)
    ]
