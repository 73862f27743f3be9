"""One version, wherever it is written."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import yaml

from provider.yandex_keys.version import VERSION

ROOT = Path(__file__).parents[2]


def test_the_version_is_the_same_everywhere() -> None:
    plugin = yaml.safe_load((ROOT / "provider" / "PulumiPlugin.yaml").read_text())["version"]
    schema = json.loads((ROOT / "provider" / "yandex_keys" / "schema.json").read_text())["version"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {plugin, schema, project} == {VERSION}


def test_the_plugin_pins_what_the_project_pins() -> None:
    def pins(path: Path) -> set[str]:
        return {line for line in path.read_text().splitlines() if line and not line.startswith("#")}

    assert pins(ROOT / "provider" / "requirements.txt") <= pins(ROOT / "requirements.txt")
