"""Where the repository is for everybody else. pyproject.toml says it; what is to know it in the schema, examples and pages is written of that."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from components import package_schema

PLACEHOLDER: Final = "https://git.example.com/us/pulumi-yandex-keys"
"""What stands there until somebody has the project somewhere. Nobody can ever have that host (RFC 2606), so no program can be led to fetch a
plugin from whoever registers a name that was made up here."""
_SCHEMA: Final = "provider/yandex_keys/schema.json"
FILES: Final = (
    _SCHEMA,
    "examples/go/main.go",
    "docs/program-go.md",
    "docs/_index.md",
    "docs/installation-configuration.md",
)
"""Every file that names it, but for pyproject.toml."""
_LOGO: Final = "docs/images/logo.svg"


class AddressWrong(Exception):
    """pyproject.toml says no address that a repository can have; the message says what would be right."""


def said(repository: Path) -> str:
    """The address that pyproject.toml says. Raises AddressWrong."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = str(project.get("urls", {}).get("Repository", ""))
    parts = urlsplit(address)
    if parts.scheme != "https" or len(parts.path.split("/")) < 3 or address.endswith(("/", ".git")):
        raise AddressWrong(
            f"pyproject.toml, [project.urls], Repository: {address or 'nothing'} is no address of a repository: "
            "say https://<host>/<owner>/<repository>, without `.git`"
        )
    return address


def write(repository: Path) -> None:
    """Writes the address that pyproject.toml says wherever another one stands. Raises AddressWrong."""
    address = said(repository)
    schema = repository / _SCHEMA
    before = json.loads(schema.read_text(encoding="utf-8"))
    for name in FILES:
        file = repository / name
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(_bare(before["repository"]), _bare(address)), encoding="utf-8")
    settled = with_address(json.loads(schema.read_text(encoding="utf-8")), address)
    schema.write_text(package_schema.laid_out(settled), encoding="utf-8")


def with_address(schema: Mapping[str, Any], address: str) -> dict[str, object]:
    """`schema` with all that follows from where the repository is."""
    follows = {
        "homepage": address,
        "repository": address,
        # The generator for .NET fetches it, and fails where it can't.
        "logoUrl": "" if address == PLACEHOLDER else f"{address}/raw/HEAD/{_LOGO}",
        "pluginDownloadURL": _plugin(address),
    }
    go = {**schema["language"]["go"], "importBasePath": f"{_bare(address)}/sdk/go/yandexkeys"}
    settled: dict[str, object] = {}
    for name, value in schema.items():
        if name == "homepage":
            settled |= {name: it for name, it in follows.items() if it}
        elif name not in follows:
            settled[name] = value
    return {**settled, "language": {**schema["language"], "go": go}}


def _bare(address: str) -> str:
    """As Go has it, and every form that a page may show."""
    return address.removeprefix("https://")


def _plugin(address: str) -> str:
    """As the engine takes it for a folder of a git repository; in a path of more than two parts it needs to be told where the repository ends."""
    repository = _bare(address)
    end = "" if repository.count("/") == 2 else ".git"
    return f"git://{repository}{end}/provider"
