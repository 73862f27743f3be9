"""A run of the benchmark: what it measured, with what, kept as a file of its own; and what another tool took, where somebody measured that beside."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from setup import json_file
from setup.engine.places import REPOSITORY
from tools.bench.figures import STEPS, Figures, Place, Sample, read
from tools.bench.machine import Machine
from tools.bench.rounds import Plan
from tools.bench.spent import Spent

KEPT: Final = REPOSITORY / ".local" / "bench"


class NothingKept(Exception):
    """There is no run, or none that can be read; the message says what makes one."""


@dataclass(frozen=True)
class Run:
    """beside: what the other tool is, with its versions; empty where there is none."""

    plan: Plan
    machine: Machine
    figures: Figures
    beside: str = ""

    @property
    def other(self) -> str:
        """The other tool's name among the figures."""
        return self.beside.partition(",")[0]


def add_beside(figures: Figures, file: Path) -> str:
    """Adds another tool's figures, which were measured on this machine beside ours; answers what it is. Raises OSError, ValueError.

    The file: `{"tool": "terraform, with its versions", "figures": [FIGURE, …]}`, each figure
    `{"step": "create", "keys": 300, "delay": 50, "seconds": 9.1, "cpu": 14.2, "calls": 1560}`; without `delay` calls were no slower.
    """
    written = json.loads(file.read_text(encoding="utf-8"))
    try:
        tool = str(written["tool"])
        for item in written["figures"]:
            if item["step"] not in STEPS:
                raise ValueError(f"{file}: {item['step']!r} isn't one of {', '.join(STEPS)}")
            place = Place(tool.partition(",")[0], item["step"], int(item["keys"]), int(item.get("delay", 0)))
            figures.add(place, Sample(Spent(float(item["seconds"]), float(item["cpu"])), item.get("calls")))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file}: {error!r} is wrong; `tool` and `figures` were expected") from error
    return tool


def keep(run: Run, directory: Path = KEPT) -> Path:
    """Keeps the run; answers its file."""
    file = directory / f"{run.machine.ended:%Y-%m-%dT%H%M%S}.json"
    machine = {**asdict(run.machine), "ended": run.machine.ended.isoformat()}
    json_file.write(
        file,
        {"plan": asdict(run.plan), "machine": machine, "figures": run.figures.as_json(), "beside": run.beside},
    )
    return file


def newest(directory: Path = KEPT) -> Run:
    """The run that was kept last. Raises NothingKept."""
    files = sorted(directory.glob("*.json"))
    written = json_file.read_object(files[-1]) if files else None
    if written is None:
        raise NothingKept("no run is kept: `make bench` measures one")
    kept: dict[str, Any] = written
    ended = datetime.fromisoformat(kept["machine"]["ended"])
    return Run(
        Plan(**{**kept["plan"], "sizes": tuple(kept["plan"]["sizes"])}),
        Machine(**{**kept["machine"], "ended": ended}),
        read(kept["figures"]),
        kept["beside"],
    )
