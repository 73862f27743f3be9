"""Commands that Go builds of modules which a go.sum pins, for tools and tests alone. The engine's own build is in setup/engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from setup.engine.go_build import find_go
from setup.file_lock import exclusive
from setup.progress import run_logged


class CommandMissing(Exception):
    """The command can't be had on this machine; the message says what it lacks."""


class BuildFailed(Exception):
    """Go could not build the command; the message has its own words."""


def build(
    package: str,
    output: Path,
    module: Path,
    environment: Mapping[str, str],
    *,
    download: bool,
    what: str,
    fetched_by: str,
    options: Sequence[str] = (),
) -> Path:
    """Builds `package` by the go.mod in `module`, and answers `output`; Go's own cache makes all but the first time a matter of a second.

    `download`: whether Go may fetch modules. `what` and `fetched_by` (a command) are words for the user. Raises CommandMissing and BuildFailed.
    """
    go = find_go(environment)
    if go is None:
        raise CommandMissing("no Go on this machine: install Go 1.25 or newer")
    # A workspace file in some folder above must not change what is built.
    settings = {**environment, "GOWORK": "off", **({} if download else {"GOPROXY": "off"})}
    log = output.with_name("build.log")
    command = [go, "build", "-buildvcs=false", *options, "-o", str(output), package]
    with exclusive(output.with_name("lock")):
        log.write_text("")
        code = run_logged(command, f"building {what}", log, lambda: "", module, settings)
        said = log.read_text(errors="replace").strip()
    if code == 0:
        return output
    if "GOPROXY=off" in said:
        raise CommandMissing(f"the Go modules of {what} aren't on this machine: `{fetched_by}` fetches them")
    raise BuildFailed(f"{what} could not be built:\n{said}")
