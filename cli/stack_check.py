"""What is wrong with a stack file, before anything is run: what the program and the plugin would refuse, with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from cli.borrowed import (
    ENVIRONMENT_ONLY,
    PROVIDER_SETTINGS,
    RUN_EVERY,
    SECRET_SETTINGS,
    InvalidInput,
    Spec,
    SpecError,
    did_you_mean,
    encrypted_places,
    format_duration,
    parse,
    parse_duration,
    place,
    settings,
)
from cli.project import NotYaml, Project
from cli.stack_file_lines import line_at

_OURS: Final = "yandex-keys:"
_PROJECT: Final = "api-keys:"
_ENGINE: Final = frozenset({"version", "pluginDownloadURL"})
_STEP: Final = re.compile(r"\[(\d+)\]|\[('[^']*')\]|([^.\[\]]+)")


class Weight(StrEnum):
    """ERROR: `pulumi up` would fail, or its consumers would. NOTE: it may be right, and can't be seen from here."""

    ERROR = "error"
    NOTE = "note"


@dataclass(frozen=True)
class FileProblem:
    """One thing to mend in a stack file: at `path`, what is wrong and what would be right."""

    stack: str
    file: str
    line: int
    path: str
    wrong: str
    right: str
    weight: Weight = Weight.ERROR

    def as_json(self) -> dict[str, object]:
        """The documented shape, version 1."""
        return {
            "stack": self.stack,
            "file": self.file,
            "line": self.line,
            "path": self.path,
            "severity": str(self.weight),
            "wrong": self.wrong,
            "right": self.right,
        }


@dataclass(frozen=True)
class Checked:
    """A stack file that was looked at. `spec` is what it says; None where that can't be used."""

    stack: str
    file: str
    spec: Spec | None
    problems: tuple[FileProblem, ...]
    folder_id: str = ""


class Reporter:
    """Makes problems of one file, each with its line."""

    def __init__(self, project: Project, stack: str) -> None:
        self._stack, self._path = stack, project.stack_file(stack)
        self.file = self._path.relative_to(project.folder).as_posix()

    def __call__(self, path: str, wrong: str, right: str, weight: Weight = Weight.ERROR) -> FileProblem:
        """A problem at `path`, such as `accounts[0].keys[1].overlap` or `yandex-keys:endpoint`."""
        setting = path if path.startswith((_OURS, _PROJECT)) else f"{_PROJECT}{path}"
        name, _, rest = setting.partition(":")
        steps = [
            int(index) if index else word.strip("'")
            for index, quoted, plain in _STEP.findall(rest)
            for word in [quoted or plain]
        ]
        first, *others = steps or [""]
        return FileProblem(
            self._stack,
            self.file,
            line_at(self._path, ["config", f"{name}:{first}", *others]),
            path,
            wrong,
            right,
            weight,
        )


def check_file(project: Project, stack: str, environment: Mapping[str, str]) -> Checked:
    """What is wrong with the file of `stack`. `YC_FOLDER_ID` counts as in a run."""
    report = Reporter(project, stack)
    try:
        config = project.config_of(stack)
    except NotYaml as error:
        wrong = FileProblem(stack, report.file, error.line, "the file", "can't be read as YAML", error.why)
        return Checked(stack, report.file, None, (wrong,))
    problems = list(_settings_problems(config, report))
    given = config.get(f"{_OURS}folderId")
    folder_id = given if isinstance(given, str) else environment.get("YC_FOLDER_ID", "")
    names = {name.removeprefix(_PROJECT): value for name, value in config.items() if name.startswith(_PROJECT)}
    encrypted = [it.path for name, value in sorted(names.items()) for it in encrypted_places(value, place(name))]
    spec = None
    if encrypted:
        right = "write it in plain text or leave it out; nothing there is a secret, and the state would hold it in plain text"
        problems += [report(path, "is encrypted", right) for path in encrypted]
    else:
        others = [name for name in names if name not in ("defaults", "accounts")]
        try:
            spec = parse(
                names.get("defaults"),
                names.get("accounts"),
                others=others,
                folder_id=folder_id or None,
                run_every=_run_every(config, environment),
            )
        except SpecError as error:
            problems += [report(it.path, it.wrong, it.right) for it in error.problems]
    return Checked(stack, report.file, spec, tuple(sorted(problems, key=lambda it: (it.line, it.path))), folder_id)


def _run_every(config: Mapping[str, object], environment: Mapping[str, str]) -> timedelta | None:
    """How often the stack is run; None where what is written is no duration, which is told as a setting's problem."""
    given = config.get(f"{_OURS}runEvery") or environment.get("YANDEX_KEYS_RUN_EVERY") or format_duration(RUN_EVERY)
    try:
        return parse_duration(given)
    except ValueError:
        return None


def _settings_problems(config: Mapping[str, object], report: Reporter) -> list[FileProblem]:
    given = {name.removeprefix(_OURS): value for name, value in config.items() if name.startswith(_OURS)}
    problems = []
    for name, value in given.items():
        if name not in PROVIDER_SETTINGS | _ENGINE:
            right = did_you_mean(name, PROVIDER_SETTINGS - ENVIRONMENT_ONLY.keys(), "settings")
            problems.append(report(f"{_OURS}{name}", "unknown setting", right))
        elif name in SECRET_SETTINGS and isinstance(value, str):
            right = f"take it out, revoke it, and set a new one with `pulumi config set --secret {_OURS}{name}`, or by the environment"
            problems.append(report(f"{_OURS}{name}", "a credential in plain text", right))
    plain = {name: value for name, value in given.items() if isinstance(value, str) and name not in SECRET_SETTINGS}
    try:
        settings(plain, {})
    except InvalidInput as error:
        for path, reason in error.problems:
            wrong, _, right = reason.partition(": ")
            problems.append(report(f"{_OURS}{path}", wrong, right or "see docs/stack-file.md"))
    return problems
