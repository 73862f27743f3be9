"""From a clean clone to a working engine and virtual environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from setup import virtual_environment
from setup.engine import provision

VENV = "PIPELINE_VENV"


class SetUpFailed(Exception):
    """What the run needs could not be had; the message says what, and what to do."""


def prepare(repository: Path, environment: Mapping[str, str]) -> provision.Engine:
    """Sets up `.venv` from requirements.lock, unless it is, and answers the engine: `pulumi` on PATH, else what setup/engine gets.

    PIPELINE_VENV names an environment that a runner's image brings along, with the same requirements installed; it is used as it is.
    Raises SetUpFailed.
    """
    local = repository / ".venv"
    ready_made = environment.get(VENV)
    try:
        if ready_made and not local.exists():
            if not (Path(ready_made) / "bin" / "python").exists():
                raise SetUpFailed(f"{VENV} is {ready_made}, which has no bin/python")
            local.symlink_to(Path(ready_made).resolve(), target_is_directory=True)
        if not local.is_symlink():
            virtual_environment.provide(repository, "runtime")
        return provision.provide(environment, repository)
    except (virtual_environment.SetUpFailed, provision.EngineMissing) as error:
        raise SetUpFailed(str(error)) from error
