"""The settings of `yandex-keys` that hold for a command: those of the chosen stacks' files, and the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cli.borrowed import InvalidInput, Settings, settings
from cli.exit_codes import CouldNotLook, WrongUse
from cli.project import Project

_OURS: Final = "yandex-keys:"
# What a command needs of a stack file; credentials that stand there are encrypted, and are taken from the environment instead.
_READ: Final = ("endpoint", "folderId", "cloudId", "runEvery")


def settings_of(project: Project, stack: str, environment: Mapping[str, str]) -> Settings:
    """The settings of one stack. Raises CouldNotLook where they can't be used."""
    return _settings(project.config_of(stack), f"{project.stack_file(stack)}: ", environment)


def common_settings(project: Project, stacks: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """The settings by which the cloud is asked for all of `stacks`; without any, those of the environment.

    Raises CouldNotLook where they can't be used, WrongUse where the stacks are on different endpoints.
    """
    each = {stack: settings_of(project, stack, environment) for stack in stacks}
    if not each:
        return _settings({}, "", environment)
    endpoints = sorted({it.endpoint for it in each.values()})
    if len(endpoints) > 1:
        raise WrongUse(
            f"the chosen stacks are on different endpoints ({', '.join(endpoints)}): choose those of one with --stack"
        )
    return next(iter(each.values()))


def cloud_ids(project: Project, stacks: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The ids of the clouds that `stacks` are in, each once; without stacks, the environment's.

    Raises CouldNotLook, and WrongUse where one isn't known.
    """
    each = {f"stack {stack}": settings_of(project, stack, environment).cloud_id for stack in stacks}
    each = each or {"it": _settings({}, "", environment).cloud_id}
    unknown = [name for name, cloud_id in each.items() if not cloud_id]
    if unknown:
        raise WrongUse(
            f"--cloud: in which cloud {unknown[0]} is isn't known: set yandex-keys:cloudId in the stack file, or YC_CLOUD_ID"
        )
    return list(dict.fromkeys(each.values()))


def judged_at(environment: Mapping[str, str]) -> datetime:
    """The time by which keys are judged, in UTC and whole seconds: `YANDEX_KEYS_AS_OF`, or the clock. Raises CouldNotLook where that is no time."""
    now = _settings({}, "", environment).as_of or datetime.now(UTC)
    return now.astimezone(UTC).replace(microsecond=0)


def run_every(project: Project, stack: str, environment: Mapping[str, str]) -> timedelta:
    """How often the stack is run, as its user declares it. Raises CouldNotLook."""
    return settings_of(project, stack, environment).run_every


def _settings(config: Mapping[str, object], where: str, environment: Mapping[str, str]) -> Settings:
    given = {name: value for name in _READ if isinstance(value := config.get(f"{_OURS}{name}"), str)}
    try:
        return settings(given, environment)
    except InvalidInput as error:
        raise CouldNotLook(f"{where}{'; '.join(f'{path}: {reason}' for path, reason in error.problems)}") from None
