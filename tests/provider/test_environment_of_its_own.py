"""The plugin, its component too, needs what provider/requirements.txt names and no more: `pulumi package add` makes its environment of that."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Refuses the packages that wouldn't be there, then loads all that the plugin ever loads.
_PROGRAM = """
import importlib.abc, json, sys
lacking = set(json.loads(sys.argv[1]))

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in lacking:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
sys.path.insert(0, "provider")
from yandex_keys import sdk_internals, server
from yandex_keys.construct import _component
_component()
from components import yandex
print(yandex.IamServiceAccount.__module__)
"""


def pins(file: Path) -> set[str]:
    return {line for line in file.read_text().splitlines() if line and not line.startswith(("#", "./", "-r "))}


def closure(names: set[str]) -> set[str]:
    """The normal names of these packages and all that they need."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            needed = importlib.metadata.distribution(name).requires or []
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system or Python
        found.add(name)
        waiting += [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in needed if "extra ==" not in line]
    return found


def test_its_pins_are_the_project_s() -> None:
    assert pins(ROOT / "provider" / "requirements.txt") <= pins(ROOT / "requirements.txt")


def test_it_loads_with_nothing_but_what_its_requirements_bring() -> None:
    there = closure({line.partition("==")[0] for line in pins(ROOT / "provider" / "requirements.txt")})
    assert "pulumi-yandex" not in there
    modules = importlib.metadata.packages_distributions()
    lacking = {
        module
        for module, names in modules.items()
        if not {re.sub(r"[-_.]+", "-", name).lower() for name in names} & there
    }
    assert {"pulumi_yandex", "grpc_reflection"} <= lacking
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, json.dumps(sorted(lacking))],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "components.yandex_stand_ins\n", done.stderr
