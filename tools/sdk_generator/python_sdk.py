"""`sdk/python`: what the generator wrote, how it is found where nobody has installed it, and whether it is fresh."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

from setup.engine.places import VERSION

_STAMP = "generated.json"
# What tools leave in a Python folder; git ignores the same.
_LEFTOVERS = ("__pycache__", "*.pyc", ".mypy_cache", "build", "dist", "*.egg-info")


def replace(repository: Path, generated: Path) -> None:
    """Puts `generated`, fresh from the generator, in the place of `sdk/python`, and notes what it was made from."""
    sdk = repository / "sdk" / "python"
    add_metadata(generated)
    shutil.rmtree(sdk, ignore_errors=True)
    shutil.copytree(generated, sdk)
    _stamp(repository).write_text(json.dumps(_made_from(repository), indent=2) + "\n", encoding="utf-8")


def add_metadata(generated: Path) -> None:
    """Adds what an installed package has, its name and version where Python looks for them.

    The generated code asks for its own version as it is imported; components/ has it on the path, not installed.
    """
    project = tomllib.loads((generated / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = generated / f"{project['name']}-{project['version']}.dist-info"
    folder.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}"]
    (folder / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")


def staleness(repository: Path) -> list[str]:
    """In words, why `sdk/python` isn't what the generator would write; nothing where it is. Needs no generator.

    It compares digests of schema and files with those that were noted as the SDK was written.
    """
    try:
        noted = json.loads(_stamp(repository).read_text(encoding="utf-8"))
    except FileNotFoundError:
        noted = {}
    words = {
        "generator": f"the SDK is of another generator than {VERSION}",
        "schema": "the schema has changed since the SDK was written",
        "python": "sdk/python has changed since it was written",
    }
    made_from = _made_from(repository)
    return [f"{words[part]}: run `make sdk`" for part in words if noted.get(part) != made_from[part]]


def files(directory: Path) -> dict[str, bytes]:
    """Every file in `directory` by its path there, but what tools leave behind."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in sorted(_files(directory))}


def _files(directory: Path) -> Iterator[Path]:
    for path in directory.rglob("*"):
        parts = path.relative_to(directory).parts
        if path.is_file() and not any(fnmatch.fnmatch(part, left) for part in parts for left in _LEFTOVERS):
            yield path


def _made_from(repository: Path) -> dict[str, str]:
    schema = json.loads((repository / "provider" / "yandex_keys" / "schema.json").read_text(encoding="utf-8"))
    tree = hashlib.sha256()
    for name, content in files(repository / "sdk" / "python").items():
        tree.update(f"{name} {len(content)}\n".encode() + content)
    return {
        "generator": VERSION,
        # Its values: another layout of the file makes no other SDK.
        "schema": hashlib.sha256(json.dumps(schema).encode()).hexdigest(),
        "python": tree.hexdigest(),
    }


def _stamp(repository: Path) -> Path:
    return repository / "sdk" / _STAMP
