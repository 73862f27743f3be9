"""The Pulumi project that the command stands in, and its stack files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from cli.exit_codes import CouldNotLook

_AS_TEXT: Final = re.compile(r"([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|[-+]?[0-9_]+(:[0-5]?[0-9])+)\Z", re.ASCII)
_PLAIN: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _once(loader: yaml.SafeLoader, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
    """A mapping, as the engine takes it: nothing in it may be said twice. PyYAML alone takes the last word."""
    lines: dict[str, int] = {}
    for name in (it for it, _ in node.value if isinstance(it, yaml.ScalarNode)):
        if name.value in lines:
            raise yaml.MarkedYAMLError(
                problem=f"`{name.value}` stands here and in line {lines[name.value]}: once is enough",
                problem_mark=name.start_mark,
            )
        lines[str(name.value)] = name.start_mark.line + 1
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


StackFileLoader: Final = type(
    "StackFileLoader",
    (_PLAIN,),
    {
        "construct_mapping": _once,
        "yaml_implicit_resolvers": {
            first: [("tag:yaml.org,2002:str", _AS_TEXT), *others]
            for first, others in _PLAIN.yaml_implicit_resolvers.items()
        },
    },
)
"""Reads YAML as a program gets it from the engine: what PyYAML alone takes for a date, `2026-12-20`, or for a number to base 60, `17:00`, is text."""
_PREFIX, _SUFFIX = "Pulumi.", ".yaml"


class NotYaml(CouldNotLook):
    """A file that can't be read as YAML: `why`, and from which `line` on."""

    def __init__(self, file: Path, why: str, line: int) -> None:
        super().__init__(f"{file}: can't be read as YAML: {why}")
        self.why, self.line = why, line


@dataclass(frozen=True)
class Project:
    """`folder` has Pulumi.yaml; `stack_folder` has the stack files."""

    folder: Path
    name: str
    stack_folder: Path
    _configs: dict[str, dict[str, object]] = field(default_factory=dict, compare=False, repr=False)

    def stack_file(self, stack: str) -> Path:
        """Where the file of `stack` is, or would be. `stack` may be qualified, as `organization/api-keys/prod`."""
        return self.stack_folder / f"{_PREFIX}{short_name(stack)}{_SUFFIX}"

    def declared_stacks(self) -> list[str]:
        """The stacks that have a file, in the order of their names."""
        files = sorted(self.stack_folder.glob(f"{_PREFIX}?*{_SUFFIX}"))
        return [file.name[len(_PREFIX) : -len(_SUFFIX)] for file in files]

    def config_of(self, stack: str) -> dict[str, object]:
        """What stands under `config:` in the file of `stack`; nothing where there is no file. Raises CouldNotLook where it isn't YAML."""
        if stack not in self._configs:
            self._configs[stack] = dict(_mapping(self.stack_file(stack)).get("config") or {})
        return self._configs[stack]


def short_name(stack: str) -> str:
    """A stack's name without organization and project."""
    return stack.rpartition("/")[2]


def find_project(start: Path) -> Project:
    """The project of `start` or of the nearest folder above it. Raises CouldNotLook where there is none."""
    for folder in (start, *start.parents):
        file = folder / "Pulumi.yaml"
        if file.is_file():
            settings = _mapping(file)
            stacks = settings.get("stackConfigDir") or "."
            return Project(folder, str(settings.get("name", folder.name)), folder / str(stacks))
    raise CouldNotLook(
        f"no Pulumi.yaml in {start} or above it: run this in the project's folder, or name it with --project"
    )


def _mapping(file: Path) -> Mapping[str, Any]:
    try:
        written = yaml.load(file.read_text(encoding="utf-8"), Loader=StackFileLoader)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        raise NotYaml(file, _why(error), mark.line + 1 if mark else 1) from None
    return written if isinstance(written, Mapping) else {}


def _why(error: Exception) -> str:
    """What is wrong, in a line; the parser's own text names a file that it doesn't know, and has each place apart."""
    if not isinstance(error, yaml.MarkedYAMLError) or not error.problem:
        return " ".join(str(error).split())[:200]
    if not error.context:
        return error.problem
    since = f" that begins in line {error.context_mark.line + 1}" if error.context_mark else ""
    return f"{error.problem}, {error.context}{since}"
