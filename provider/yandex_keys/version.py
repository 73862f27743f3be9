"""The package's version, as `PulumiPlugin.yaml`, `schema.json` and `pyproject.toml` have it (a test holds them equal).

It is above 0.13.0 because the plugin also answers for `yandex`, of which pulumi-yandex 0.13.0 asks for at least its own
version.
"""

from typing import Final

VERSION: Final = "1.0.0"
