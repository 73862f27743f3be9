"""The SDK's source archive and wheel, of bytes that depend on nothing but the SDK and the day of its release.

The build is what `python -m build` does, source archive first and the wheel of that, by the setuptools that requirements-dev.lock pins: nothing is
fetched for it.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Literal

from tools.release.refused import ReleaseRefused
from tools.sdk_generator import python_sdk

_HOOK = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


def build(sdk: Path, directory: Path, day: dt.date) -> tuple[Path, Path]:
    """Writes the source archive and the wheel of `sdk` into `directory`, and answers their paths. Raises ReleaseRefused."""
    directory.mkdir(parents=True, exist_ok=True)
    released = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        _copy(sdk, work / "sdk")
        built = _run_hook("build_sdist", work / "sdk", work, released)
        archive = directory / built.name
        archive.write_bytes(_without_traces(built, released))
        return archive, wheel_of(archive, directory, released)


def wheel_of(archive: Path, directory: Path, released: int) -> Path:
    """Writes the wheel of a source archive into `directory`; `released` is its time, in seconds since 1970."""
    with tempfile.TemporaryDirectory() as name:
        with tarfile.open(archive) as packed:
            for member in packed:
                if content := packed.extractfile(member):
                    _write(Path(name) / member.name, content.read())
        (source,) = Path(name).iterdir()
        return _run_hook("build_wheel", source, directory, released)


def _copy(sdk: Path, to: Path) -> None:
    for path, content in python_sdk.files(sdk).items():
        # What stands in for an installed package's metadata; the wheel has its own.
        if ".dist-info/" in path:
            continue
        _write(to / path, content)
    # The generator names a README beside pyproject.toml, and writes it into the package.
    _write(to / "README.md", (sdk / "pulumi_yandex_keys" / "README.md").read_bytes())


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    # A package notes the mode, which the user's umask would decide.
    file.chmod(0o644)


def _run_hook(hook: Literal["build_sdist", "build_wheel"], source: Path, directory: Path, released: int) -> Path:
    """Calls the hook of the SDK's build backend, in a process of its own, for it works by the current folder."""
    done = subprocess.run(
        [sys.executable, "-c", _HOOK, hook, str(directory.resolve())],
        check=False,
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(released)},
        umask=0o022,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise ReleaseRefused(f"{hook} of the SDK failed:\n{done.stderr.strip()}")
    return directory / done.stdout.strip().splitlines()[-1]


def _without_traces(archive: Path, released: int) -> bytes:
    """The archive's content without the user, the times and the order of the machine that packed it."""
    packed = io.BytesIO()
    with (
        tarfile.open(archive) as read,
        gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=released) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as written,
    ):
        for member in sorted(read.getmembers(), key=lambda member: member.name):
            plain = tarfile.TarInfo(member.name)
            plain.type, plain.size, plain.mtime = member.type, member.size, released
            plain.mode = 0o755 if member.isdir() else 0o644
            written.addfile(plain, read.extractfile(member) if member.isfile() else None)
    return packed.getvalue()
