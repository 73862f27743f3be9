"""From whatever a machine has to a working `pulumi`, once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from setup.engine import go_build, record, release
from setup.engine.places import REPOSITORY, VERSION, local_directory
from setup.file_lock import exclusive
from setup.progress import say

Origin = Literal["path", "release", "built"]
Installer = Callable[[Path], None]

ADVICE = (
    "No Pulumi engine: install the Pulumi CLI (https://www.pulumi.com/docs/install/), or Go 1.25 or newer to build it, "
    "then run this again."
)
_VERSION_SECONDS = 60
_HOST = "pulumi-language-python"
_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
_WRAPPER = """#!/bin/sh
# The Python language host of an engine that was built from its Go module.
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../../.." && pwd)
exec "$root/.venv/bin/python" -P -u -c 'import sys
sys.path.insert(0, sys.argv.pop(1))
from setup.language_host.server import main
main()' "$root" "$@"
"""


class EngineMissing(Exception):
    """There is no engine that may be used and no way to get one; the message says what to do."""


@dataclass(frozen=True)
class Engine:
    """A working `pulumi`: `origin` says how it came."""

    executable: Path
    origin: Origin

    def search_path(self, path: str) -> str:
        """PATH with this engine, and the language hosts beside it, first; as it is when the engine came from there."""
        if self.origin == "path":
            return path
        first = str(self.executable.parent)
        rest = [entry for entry in path.split(os.pathsep) if entry and entry != first]
        return os.pathsep.join([first, *rest])


def provide(
    environment: Mapping[str, str], repository: Path = REPOSITORY, installer: Installer = release.install
) -> Engine:
    """Finds or gets the engine, and answers it; one that was got before is compared with its record first.

    Shows progress on standard error. Raises EngineMissing, also where `pulumi` on PATH is older than the pinned version.
    """
    directory = local_directory(repository)
    found = _on_path(environment, directory)
    if found is not None:
        return Engine(found, "path")
    ready = _ready(directory)
    if ready is not None:
        return ready
    with exclusive(
        directory.with_name("engine.lock"), lambda: say("another run is getting the Pulumi engine; waiting")
    ):
        return _ready(directory, tell=True) or _get(environment, directory, installer)


def _on_path(environment: Mapping[str, str], ours: Path) -> Path | None:
    found = shutil.which("pulumi", path=environment.get("PATH", os.defpath))
    if found is None or Path(found).is_relative_to(ours):
        return None
    try:
        told = subprocess.run(
            [found, "version"],
            env={**environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            check=True,
            capture_output=True,
            text=True,
            timeout=_VERSION_SECONDS,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        say(f"{found} is on PATH but doesn't run ({error}); getting another one")
        return None
    version = _VERSION.match(told.strip())
    if version is None:
        say(f"{found} is on PATH but doesn't say its version; getting another one")
        return None
    if _numbers(version) < _numbers(_VERSION.match(VERSION)):
        raise EngineMissing(
            f"{found} is {version[0]}, older than {VERSION}, which this project is pinned to: upgrade it "
            "(https://www.pulumi.com/docs/install/), or take it off PATH and another one is got"
        )
    return Path(found)


def _numbers(version: re.Match[str] | None) -> tuple[int, ...]:
    assert version is not None
    return tuple(int(part) for part in version.groups())


def _ready(directory: Path, *, tell: bool = False) -> Engine | None:
    """What an earlier run left, where it is what that run installed, and for the same pins."""
    origin, flaw = record.read(directory)
    if origin == "built" and not _has_this_wrapper(directory / "bin" / _HOST):
        origin, flaw = None, "its language host is that of another version of this project"
    if tell and flaw:
        say(f"the engine in {directory} is not taken: {flaw}; getting it anew")
    return None if origin is None else Engine(directory / "bin" / "pulumi", origin)


def _has_this_wrapper(host: Path) -> bool:
    """A clone that was updated may have a wrapper that calls a module which has moved since; the engine itself stays good."""
    return host.is_file() and host.read_text(encoding="utf-8") == _WRAPPER


def _get(environment: Mapping[str, str], directory: Path, installer: Installer) -> Engine:
    fresh = directory.with_name(f"engine.{os.getpid()}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        origin = _fill(environment, fresh, directory.parent, installer)
        record.write(fresh, origin)
        if directory.is_symlink():
            directory.unlink()
        elif directory.exists():
            shutil.rmtree(directory)
        fresh.rename(directory)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Engine(directory / "bin" / "pulumi", origin)


def _fill(environment: Mapping[str, str], fresh: Path, logs: Path, installer: Installer) -> record.Origin:
    built = go_build.built_engine(environment)
    if built is None:
        try:
            installer(fresh)
        except release.ReleaseUnavailable as error:
            say(f"Pulumi's release could not be had: {error}")
            shutil.rmtree(fresh, ignore_errors=True)
        else:
            return "release"
        go = go_build.find_go(environment)
        if go is None:
            raise EngineMissing(ADVICE)
        try:
            built = go_build.build(go, environment, logs / "engine-build.log")
        except go_build.BuildFailed as error:
            raise EngineMissing(f"The Pulumi engine could not be built: {error}. {ADVICE}") from error
    _place(built, fresh / "bin")
    return "built"


def _place(built: Path, directory: Path) -> None:
    """The shared engine, under this clone's own path: the engine looks for language hosts in the folder it is in."""
    directory.mkdir(parents=True)
    try:
        os.link(built, directory / "pulumi")
    except OSError:
        shutil.copy2(built, directory / "pulumi")
    wrapper = directory / _HOST
    wrapper.write_text(_WRAPPER)
    wrapper.chmod(0o755)
