"""The project's virtual environment, and the policy pack's own, each made and filled once for each change of the requirements.

Everything in it is a wheel whose hash a lock pins. pip builds nothing from source, since building runs what an archive says, with
whatever it fetches for that; and pip's cache is left alone, since pip takes a wheel from there without looking at its hash.

Runs on the system's Python, before anything is installed: standard library only.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from setup.engine.places import REPOSITORY
from setup.file_lock import exclusive
from setup.progress import elapsed, last_line, run_logged, say
from third_party.pulumi_yandex import packing

Purpose = Literal["runtime", "development", "policy"]

# Each purpose, with the lock that it installs, and the declarations that the lock is made from.
_REQUIREMENTS: dict[Purpose, tuple[str, list[str]]] = {
    "runtime": ("requirements.lock", ["requirements.txt"]),
    "development": ("requirements-dev.lock", ["requirements.txt", "requirements-dev.txt"]),
    "policy": ("policy/requirements.lock", ["policy/requirements.txt"]),
}
# What a declaration names by its folder; a lock has the wheel that is packed of it.
_PACKED = {"./third_party/pulumi_yandex": "pulumi-yandex==0.13.0"}
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:==(?P<version>[^\s;,*]+)(?!\s*,))?")
_OLDEST = (3, 11)
# What the program and the plugin load of the clone.
_LOADED = ("components", "provider", "sdk")
COMMAND = "yckeys"
# A script for the shell and for Python at once, since a kernel takes no long path, and none with a space, behind `#!`. The code is that of the clone
# in whose .venv the script was called, whoever else shares that environment.
_SCRIPT = """\
#!/bin/sh
'''exec' {python} "$0" "$@"
' '''
# Written by set-up (setup/virtual_environment.py).
import sys
from pathlib import Path

here = Path(__file__)
clones = [path.parents[2] for path in (here.absolute(), here.resolve())]
sys.path.insert(0, str(next((clone for clone in clones if (clone / "cli").is_dir()), clones[0])))
from cli.__main__ import main

main()
"""


class SetUpFailed(Exception):
    """The environment could not be made; the message says why and where the whole output is."""


def fingerprint(repository: Path, purpose: Purpose) -> str:
    """Changes whenever what has to be installed for `purpose` may have changed."""
    digest = hashlib.sha256()
    lock, declarations = _REQUIREMENTS[purpose]
    for name in (lock, *declarations):
        file = repository / name
        digest.update((file.read_bytes() if file.exists() else b"") + b"\0")
    return digest.hexdigest()


def is_ready(repository: Path, purpose: Purpose) -> bool:
    """Whether the environment holds what `purpose` needs. What development needs includes the runtime."""
    wider: list[Purpose] = ["runtime", "development"] if purpose == "runtime" else [purpose]
    return (purpose == "policy" or _command(repository).is_file()) and any(
        _stamp(repository, each) == fingerprint(repository, each) for each in wider
    )


def environment_of(repository: Path, purpose: Purpose) -> Path:
    """The folder of the environment for `purpose`: the policy pack's packages clash with the provider's, so it has its own."""
    return repository / "policy" / ".venv" if purpose == "policy" else repository / ".venv"


def provide(repository: Path, purpose: Purpose) -> None:
    """Makes the environment and installs the requirements, unless that was done. Raises SetUpFailed."""
    if is_ready(repository, purpose):
        return
    environment, local = environment_of(repository, purpose), repository / ".local"
    name = environment.relative_to(repository)
    with exclusive(local / "venv.lock", lambda: say("another run is setting up .venv; waiting for it")):
        if is_ready(repository, purpose):
            return
        lock, declarations = _REQUIREMENTS[purpose]
        for declaration in declarations:
            _refuse_unlocked(repository / declaration, repository / lock)
        log = local / "venv.log"
        log.write_text("")
        if not _works(environment):
            say(f"making {name} with Python {sys.version_info.major}.{sys.version_info.minor}")
            _run([sys.executable, "-m", "venv", "--clear", str(environment)], f"making {name}", log)
        wheels = local / "wheels"
        packing.pack(wheels)
        seconds = _run(_install(environment, wheels, repository / lock), f"installing {lock}", log)
        if purpose != "policy":
            _write_command(repository)
            _compile(repository, log)
        _stamp_file(repository, purpose).write_text(fingerprint(repository, purpose))
        say(f"installed {lock} into {name} ({elapsed(seconds)})")


def _install(environment: Path, wheels: Path, lock: Path) -> list[str]:
    """pip's command: what the lock pins, each by its hash, each a wheel, and none from pip's cache."""
    pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "install"]
    return [*pip, "--require-hashes", "--only-binary", ":all:", "--find-links", str(wheels), "-r", str(lock)]


def _compile(repository: Path, log: Path) -> None:
    """Compiles what each run of the engine loads. Python keeps what it has compiled by itself, but not where PYTHONDONTWRITEBYTECODE is set, as in
    many containers: there each run would compile all of it anew, which is as much work as to load it. What can't be compiled the run itself tells."""
    own = [name for name in _LOADED if (repository / name).is_dir()]
    if own:
        python = repository / ".venv" / "bin" / "python"
        run_logged([str(python), "-m", "compileall", "-q", *(str(repository / name) for name in own)], "compiling", log)


def _command(repository: Path) -> Path:
    return repository / ".venv" / "bin" / COMMAND


def _write_command(repository: Path) -> None:
    """Makes `yckeys` of the code in the clone, as pip makes a console script of an installed package's."""
    script = _command(repository)
    python = script.parent.resolve() / "python"
    script.write_text(_SCRIPT.format(python=shlex.quote(str(python))), encoding="utf-8")
    script.chmod(0o755)


def _refuse_unlocked(declaration: Path, lock: Path) -> None:
    """Raises SetUpFailed where `declaration` asks for what `lock` doesn't pin: it would be left out, or come without a hash.

    An exact version is compared; of a range, which only pip can judge, the name.
    """
    try:
        pinned = dict(_pins(lock))
    except FileNotFoundError:
        raise SetUpFailed(f"there is no {lock.name}: only what it pins, by hash, is installed") from None
    for name, version in _pins(declaration):
        if name not in pinned or version not in ("", pinned[name]):
            wanted = f"{name}=={version}" if version else name
            raise SetUpFailed(
                f"{declaration.name} asks for {wanted}, which {lock.name} doesn't pin: make it anew with `make lock`"
            )


def _pins(file: Path) -> Iterator[tuple[str, str]]:
    """Each package that a declaration or a lock asks for, by its normal name, with its version where exactly one is named.

    What is asked for in another way than by a name, such as a path, comes as it is written: no lock has that name.
    """
    for written in file.read_text(encoding="utf-8").splitlines():
        line = _PACKED.get(written.strip(), written)
        match = _REQUIREMENT.match(line)
        if match:
            yield re.sub(r"[-_.]+", "-", match["name"]).lower(), match["version"] or ""
        elif line.strip() and not line.startswith(("#", "-r ", " ")):
            yield line.strip(), ""


def _stamp_file(repository: Path, purpose: Purpose) -> Path:
    return environment_of(repository, purpose) / f".installed-{purpose}"


def _stamp(repository: Path, purpose: Purpose) -> str | None:
    try:
        return _stamp_file(repository, purpose).read_text()
    except FileNotFoundError:
        return None


def _works(environment: Path) -> bool:
    """An environment whose Python went away with an upgrade, or whose making was interrupted, is made anew."""
    check = f"import pip, sys; sys.exit(sys.version_info < {_OLDEST!r})"
    try:
        tried = subprocess.run([environment / "bin" / "python", "-c", check], check=False, capture_output=True)
    except OSError:
        return False
    return tried.returncode == 0


def _run(command: list[str], title: str, log: Path) -> float:
    started = os.times().elapsed
    code = run_logged(command, title, log)
    if code != 0:
        lines = log.read_text(errors="replace").splitlines()
        errors = [line for line in lines if line.startswith("ERROR") or "ensurepip" in line]
        why = errors[0] if errors else last_line(log, f"exit code {code}")
        raise SetUpFailed(f"{title} failed: {why} (all of its output: {log})")
    return os.times().elapsed - started


def main(arguments: list[str]) -> int:
    """`runtime` for what the product needs, `development` for what its checks need on top, `policy` for the policy pack."""
    purposes: dict[str, Purpose] = {"runtime": "runtime", "development": "development", "policy": "policy"}
    if len(arguments) != 1 or arguments[0] not in purposes:
        say(f"usage: python -m setup.virtual_environment {'|'.join(purposes)}")
        return 2
    try:
        provide(REPOSITORY, purposes[arguments[0]])
    except SetUpFailed as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
