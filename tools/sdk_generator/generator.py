"""Pulumi's own code generators as a command, built from the engine's Go module."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from setup.engine.go_build import BuildFailed, find_go, run
from setup.engine.places import REPOSITORY
from setup.file_lock import exclusive

Language = Literal["python", "nodejs", "go"]

SCHEMA: Final = REPOSITORY / "provider" / "yandex_keys" / "schema.json"
_SOURCE: Final = Path(__file__).with_name("main.go")
_COMMAND: Final = REPOSITORY / ".local" / "sdk-generator" / "generate"


class GeneratorMissing(Exception):
    """The generator can't be had on this machine; the message says what it lacks."""


class GeneratorFailed(Exception):
    """The generator could not be built, or refused the schema; the message has its own words."""


def build(environment: Mapping[str, str], *, download: bool) -> Path:
    """Builds the generator, and answers the command's path; Go's own cache makes all but the first time a matter of a second.

    `download`: whether Go may fetch modules. Those that the engine was built from are nearly all. Raises GeneratorMissing and GeneratorFailed.
    """
    go = find_go(environment)
    if go is None:
        raise GeneratorMissing("no Go on this machine: install Go 1.25 or newer")
    log = _COMMAND.with_name("build.log")
    with exclusive(_COMMAND.with_name("lock")):
        log.write_text("")
        command = [go, "build", "-buildvcs=false", "-o", str(_COMMAND), str(_SOURCE)]
        try:
            run(command, "building the SDK generator", {**environment, **({} if download else {"GOPROXY": "off"})}, log)
        except BuildFailed:
            said = log.read_text(errors="replace").strip()
            if "GOPROXY=off" in said:
                lacking = "the generator's Go modules aren't on this machine: `make sdk` fetches them"
                raise GeneratorMissing(lacking) from None
            raise GeneratorFailed(f"the SDK generator could not be built:\n{said}") from None
    return _COMMAND


def generate(command: Path, language: Language, directory: Path, schema: Path = SCHEMA) -> None:
    """Writes the SDK of `language` into `directory`. Raises GeneratorFailed, where the schema isn't valid above all."""
    done = subprocess.run(
        [command, schema, language, directory], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise GeneratorFailed(done.stderr.strip())
