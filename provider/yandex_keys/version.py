"""The package's version, as `PulumiPlugin.yaml`, `schema.json` and `pyproject.toml` have it (a test holds them equal)."""

from typing import Final

VERSION: Final = "0.1.0"
