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

from setup.engine.places import REPOSITORY
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack
from tools.fleet_bench.fleet import accounts

_DAYS = 90
# Keys are issued to be counted, not timed, and the engine is quicker where it writes the state at the end alone.
_WRITTEN_ONCE = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


@dataclass(frozen=True)
class Peak:
    """live: the most keys at one moment; of: how many are declared; busiest: the most rotations on one day."""

    live: int
    of: int
    busiest: int


def peak(spread: int, keys: int, directory: Path, cloud: LocalCloud) -> Peak:
    """Issues the keys through the real engine, and takes the days from `yckeys plan`, which the code that acts decides."""
    stack = Stack(directory / "stack", cloud)
    stack.write(accounts(0, keys), {"lifetime": "90d", "rotateEvery": "30d", "overlap": "7d", "spread": spread})
    stack.up(more=_WRITTEN_ONCE)
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
