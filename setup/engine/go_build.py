"""The official engine, built from its Go module, every module by the hash that go.sum has; once for all clones on a machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from setup.engine import record
from setup.engine.places import LINKER_FLAGS, MODULE, PACKAGE, VERSION, shared_build
from setup.file_lock import exclusive
from setup.progress import last_line, run_logged, say

# What a build compiles, counted once: only for the progress shown.
_ABOUT_PACKAGES = 1700
# Go's own installer puts it there, and not every shell has it on PATH.
_USUAL_GO = Path("/usr/local/go/bin/go")
TITLE = f"building the Pulumi engine {VERSION} from its Go module (once on this machine, about 5 minutes)"


class BuildFailed(Exception):
    """Go could not build the engine; the message is one line that names the log."""


def find_go(environment: Mapping[str, str]) -> str | None:
    """The `go` command, where there is one."""
    found = shutil.which("go", path=environment.get("PATH", os.defpath))
    if found is None and os.access(_USUAL_GO, os.X_OK):
        return str(_USUAL_GO)
    return found


def built_engine(environment: Mapping[str, str]) -> Path | None:
    """The engine that a clone on this machine has built before, where there is one and it is what was built."""
    directory = shared_build(environment)
    origin, flaw = record.read(directory)
    if flaw:
        say(f"the engine in {directory} is not taken: {flaw}")
    return directory / "bin" / "pulumi" if origin == "built" else None


def build(go: str, environment: Mapping[str, str], log: Path) -> Path:
    """Builds the engine into the user's cache, unless it is there; answers its path. Raises BuildFailed.

    Two that come at once build once: the second waits for the first.
    """
    directory = shared_build(environment)
    waiting = "another run is building the Pulumi engine; waiting for it"
    with exclusive(directory.with_name(directory.name + ".lock"), lambda: say(waiting)):
        engine = built_engine(environment)
        if engine is not None:
            return engine
        fresh = directory.with_name(f"{directory.name}.{os.getpid()}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            (fresh / "bin").mkdir(parents=True)
            _compile(go, fresh / "bin" / "pulumi", environment, log)
            record.write(fresh, "built")
            shutil.rmtree(directory, ignore_errors=True)
            fresh.replace(directory)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return directory / "bin" / "pulumi"


def _compile(go: str, output: Path, environment: Mapping[str, str], log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    say(TITLE)
    # What lies unpacked in Go's module cache is built as it lies there, unless somebody compares it with what was downloaded.
    run([go, "mod", "verify"], "checking Go's module cache", environment, log, lambda: _packages_done(log))
    # Not stamped with the state of this repository, which isn't the engine's and may not be readable to git.
    options = ["-v", "-buildvcs=false", "-mod=readonly", "-ldflags", LINKER_FLAGS, "-o", str(output)]
    run([go, "build", *options, PACKAGE], "building the engine", environment, log, lambda: _packages_done(log))


def run(
    command: list[str], title: str, environment: Mapping[str, str], log: Path, detail: Callable[[], str] = lambda: ""
) -> None:
    """Runs Go in the engine's module, shows meanwhile that it lives, and adds its output to `log`. Raises BuildFailed."""
    # A workspace file in some folder above must not change what is built; go.sum has no hash of another toolchain.
    settings = {**environment, "GOWORK": "off", "GOTOOLCHAIN": "local"}
    code = run_logged(command, title, log, detail, MODULE, settings)
    if code != 0:
        raise BuildFailed(f"{last_line(log, f'exit code {code}')} (all of its output: {log})")


def _packages_done(log: Path) -> str:
    """`-v` names each package as it is compiled; downloads are named with `go:` in front."""
    lines = log.read_text(errors="replace").splitlines()
    compiled = sum(1 for line in lines if not line.startswith(("go: ", "all modules verified")))
    if compiled == 0:
        return f"(fetched {len(lines)} modules)" if lines else ""
    return f"(compiled {compiled} of about {_ABOUT_PACKAGES} packages)"
