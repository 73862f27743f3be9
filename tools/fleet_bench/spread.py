"""How many keys live at once over 90 days, by how far rotations are spread: what a cloud's quota has to hold."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from setup.engine.places import REPOSITORY
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

_DAYS = 90
_PROGRAM = '''"""Keys of one account, all alike but for their names; each with its Lockbox secret."""

import pulumi

import components  # finds the next one
from pulumi_yandex_keys import ApiKey, ApiKeyArgs, LockboxArgs, LockboxSecret, LockboxSecretArgs

config = pulumi.Config()
for number in range(config.require_int("keys")):
    secret = LockboxSecret(f"secret{number}", LockboxSecretArgs(name=f"secret{number}"))
    lockbox = LockboxArgs(secret_id=secret.id)
    wanted = ApiKeyArgs(
        service_account_id=config.require("account"),
        scopes=["yc.ai.translate.execute"],
        lifetime="90d",
        rotate_every="30d",
        overlap="7d",
        spread=config.require("spread"),
        lockbox=lockbox,
    )
    ApiKey(f"key{number}", wanted)
'''


@dataclass(frozen=True)
class Peak:
    """live: the most keys at one moment; of: how many are declared; busiest: the most rotations on one day."""

    live: int
    of: int
    busiest: int


def peak(spread: str, keys: int, directory: Path) -> Peak:
    """Issues the keys through the real engine, and takes the days from `yckeys plan`, which the code that acts decides."""
    with LocalCloud(directory / "cloud") as cloud:
        stack = Stack(directory / "stack", cloud)
        project = yaml.safe_load((stack.directory / "Pulumi.yaml").read_text())
        project.pop("config")
        (stack.directory / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        (stack.directory / "__main__.py").write_text(_PROGRAM)
        salt = yaml.safe_load(stack.file.read_text())
        # Any account does: the deployer's own is there from the start.
        account = json.loads(Path(cloud.ready["serviceAccountKey"]).read_text())["service_account_id"]
        config = {"api-keys:account": account, "api-keys:keys": str(keys), "api-keys:spread": spread}
        stack.file.write_text(yaml.safe_dump({**salt, "config": config}))
        stack.up()
        done = subprocess.run(
            [sys.executable, "-m", "cli", "plan", "--days", str(_DAYS), "--json"],
            cwd=stack.directory,
            env={**stack.environment, **cloud.environment(), "PYTHONPATH": str(REPOSITORY)},
            check=True,
            capture_output=True,
            text=True,
        )
        return of_plan(keys, json.loads(done.stdout)["events"])


def of_plan(keys: int, events: Iterable[Mapping[str, Any]]) -> Peak:
    """Counts what a plan says: a rotation adds a key, which one that ends takes away again."""
    changes: list[tuple[datetime, int]] = []
    rotations: list[datetime] = []
    for event in events:
        if event["kind"] == "rotates":
            rotations.append(datetime.fromisoformat(event["at"]))
            changes += [(rotations[-1], 1), (datetime.fromisoformat(event["endsAt"]), -1)]
    live = most = keys
    for _, change in sorted(changes):
        live += change
        most = max(most, live)
    days = groupby(sorted(rotations), key=datetime.date)
    return Peak(most, keys, max((len(list(same)) for _, same in days), default=0))
