"""Encrypted values where none belong: no field under `api-keys:` is a secret, and each would stand in the state in
plain text.

The program gets the values decrypted, and is told no more than which setting holds one somewhere; where exactly, the
stack file itself says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from components.rule_book import ACCOUNT_NAME
from components.spec.problems import Place, Problem, place

_IS_NAME: Final = re.compile(ACCOUNT_NAME, re.ASCII).fullmatch
_FORMATS: Final = ("yaml", "yml", "json")
_RIGHT: Final = (
    "write it in plain text or leave it out; nothing there is a secret, and the state would hold it in plain text"
)


def encrypted_problems(settings: Iterable[str], root: Path, stack: str) -> list[Problem]:
    """One for each encrypted value under the `settings`, such as `accounts`, which are known to hold some.

    The stack file of `stack` is looked up in the project at `root`; where it can't be found or read, the setting itself
    is named.
    """
    config = _config(root, stack)
    problems = []
    for name in settings:
        places = list(encrypted_places(config.get(f"api-keys:{name}"), place(name)))
        problems += [Problem(where, "is encrypted", _RIGHT) for where in places]
        if not places:
            problems.append(Problem(place(name), "holds an encrypted value", _RIGHT))
    return problems


def encrypted_places(value: object, at: Place) -> Iterator[Place]:
    """Where in `value`, which stands `at` a place, there are values as `pulumi config set --secret` writes them:
    `{secure: …}`."""
    waiting: list[tuple[object, Place]] = [(value, at)]
    seen: set[int] = set()
    while waiting:
        inner, where = waiting.pop()
        if isinstance(inner, dict) and set(inner) == {"secure"} and isinstance(inner["secure"], str):
            yield where
            continue
        # A YAML alias may repeat a value any number of times.
        if not isinstance(inner, dict | list) or id(inner) in seen:
            continue
        seen.add(id(inner))
        if isinstance(inner, dict):
            waiting += [(item, where / str(key)) for key, item in reversed(inner.items())]
        else:
            waiting += [(item, _item(where / index, item)) for index, item in reversed(list(enumerate(inner)))]


def _item(at: Place, item: object) -> Place:
    """`at`, with the name that the account or key there has."""
    name = item.get("name") if isinstance(item, dict) else None
    return at.of(name) if isinstance(name, str) and _IS_NAME(name) else at


def _config(root: Path, stack: str) -> dict[str, Any]:
    for kind in _FORMATS:
        project = _read(root / f"Pulumi.{kind}")
        folder = project.get("stackConfigDir")
        # The organization is no part of the file's name.
        file = root / (folder if isinstance(folder, str) else "") / f"Pulumi.{stack.rpartition('/')[2]}.{kind}"
        config = _read(file).get("config") if project else None
        if isinstance(config, dict):
            return config
    return {}


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}
