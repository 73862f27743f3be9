"""Where in a stack file an account or a key stands, by lines: what findings point at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from cli.exit_codes import CouldNotLook

_ACCOUNTS = "api-keys:accounts"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class StackFileLines:
    """Lines count from 1."""

    by_path: dict[tuple[str, ...], int] = field(default_factory=dict)

    def of(self, account: str, key: str = "", setting: str = "") -> int | None:
        """The line of the setting of a key, or of what is nearest to it: the key, the account; None where the file has neither."""
        paths = [(account, key, setting), (account, key), (account,)]
        return next((line for path in paths if (line := self.by_path.get(path)) is not None), None)


def lines_of(file: Path) -> StackFileLines:
    """Where accounts and keys stand in `file`; nothing where there is no file. Raises CouldNotLook where it isn't YAML."""
    root = _root(file)
    found: dict[tuple[str, ...], int] = {}
    for account in _items(_value(_value(root, "config"), _ACCOUNTS)):
        name = _name(account)
        found[(name,)] = _line(account)
        for key in _items(_value(account, "keys")):
            found[(name, _name(key))] = _line(key)
            for setting, node in _settings(key):
                found[(name, _name(key), setting)] = _line(node)
    return StackFileLines(found)


def line_at(file: Path, steps: Sequence[int | str]) -> int:
    """The line of what `steps` lead to, or of the last of them that is there. Raises CouldNotLook where the file isn't YAML."""
    node, line = _root(file), 1
    for step in steps:
        if isinstance(step, int):
            items = _items(node)
            if step >= len(items):
                return line
            node = items[step]
            line = _line(node)
        else:
            found = next(
                (pair for pair in getattr(node, "value", ()) if isinstance(pair, tuple) and pair[0].value == step), None
            )
            if found is None:
                return line
            line, node = _line(found[0]), found[1]
    return line


@cache
def _composed(text: str) -> yaml.Node | None:
    node: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    return node


def _root(file: Path) -> yaml.Node | None:
    try:
        return _composed(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CouldNotLook(f"{file}: can't be read as YAML: {' '.join(str(error).split())[:200]}") from None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _settings(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for name, _ in node.value:
            if isinstance(name, yaml.ScalarNode):
                yield str(name.value), name


def _value(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if getattr(key, "value", None) == name), None)


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _name(node: yaml.Node) -> str:
    return str(getattr(_value(node, "name"), "value", ""))
