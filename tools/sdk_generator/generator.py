"""Pulumi's own code generators as a command, built from the engine's Go module."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from setup.engine.places import MODULE, REPOSITORY
from setup.language_host.definitions import GENERATOR
from tools import go_command

Language = Literal["python", "nodejs", "go"]

SCHEMA: Final = REPOSITORY / "provider" / "yandex_keys" / "schema.json"
_SOURCE: Final = Path(__file__).with_name("main.go")


class GeneratorMissing(Exception):
    """The generator can't be had on this machine; the message says what it lacks."""


class GeneratorFailed(Exception):
    """The generator could not be built, or refused the schema; the message has its own words."""


def build(environment: Mapping[str, str], *, download: bool) -> Path:
    """Builds the generator, and answers the command's path; Go's own cache makes all but the first time a matter of a second.

    `download`: whether Go may fetch modules. Those that the engine was built from are nearly all. Raises GeneratorMissing and GeneratorFailed.
    """
    try:
        return go_command.build(
            str(_SOURCE),
            GENERATOR,
            MODULE,
            environment,
            download=download,
            what="the SDK generator",
            fetched_by="make sdk",
        )
    except go_command.CommandMissing as error:
        raise GeneratorMissing(str(error)) from error
    except go_command.BuildFailed as error:
        raise GeneratorFailed(str(error)) from error


def generate(command: Path, language: Language, directory: Path, schema: Path = SCHEMA) -> None:
    """Writes the SDK of `language` into `directory`. Raises GeneratorFailed, where the schema isn't valid above all."""
    done = subprocess.run(
        [command, schema, language, directory], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise GeneratorFailed(done.stderr.strip())
