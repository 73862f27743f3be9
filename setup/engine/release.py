"""The official release of the CLI: fetched as one archive, and opened only where its checksum is the one that is pinned."""

from __future__ import annotations

import hashlib
import http.client
import platform
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from setup.engine.places import MODULE, VERSION
from setup.progress import Ticker

CHECKSUMS = MODULE / "checksums.txt"
SOURCES = (
    f"https://github.com/pulumi/pulumi/releases/download/{VERSION}",
    "https://get.pulumi.com/releases/sdk",
)
TITLE = f"fetching the Pulumi CLI {VERSION}"
# A server that doesn't answer within this is taken as unreachable.
_CONNECT_SECONDS = 10.0
_TOTAL_SECONDS = 300.0
_CHUNK = 1 << 20
_SYSTEMS = {"linux": "linux", "darwin": "darwin"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}


class ReleaseUnavailable(Exception):
    """The release could not be had, or isn't the one that is pinned; the message is one line."""


def archive_name(system: str = sys.platform, machine: str = "") -> str:
    """The release archive for a machine, as its publisher names it."""
    machine = machine or platform.machine()
    architecture = _MACHINES.get(machine.lower(), machine)
    return f"pulumi-{VERSION}-{_SYSTEMS.get(system, system)}-{architecture}.tar.gz"


def checksum(name: str, checksums: Path = CHECKSUMS) -> str:
    """The SHA-256 that is pinned for an archive. Raises ReleaseUnavailable where none is."""
    lines = checksums.read_text(encoding="utf-8").splitlines()
    pinned = {each: digest for digest, _, each in (line.partition("  ") for line in lines if not line.startswith("#"))}
    if name not in pinned:
        raise ReleaseUnavailable(f"no checksum is pinned for {name}")
    return pinned[name]


def install(
    directory: Path,
    sources: Sequence[str] = SOURCES,
    checksums: Path = CHECKSUMS,
    seconds: float = _TOTAL_SECONDS,
) -> None:
    """Puts the official CLI with its language hosts into `directory`/bin. Raises ReleaseUnavailable, after `seconds` at the latest."""
    name = archive_name()
    expected = checksum(name, checksums)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=directory) as archive:
        found = _fetch_from_any([f"{source}/{name}" for source in sources], archive, time.monotonic() + seconds)
        if found != expected:
            raise ReleaseUnavailable(f"{name} is refused: its SHA-256 is {found}, and {expected} is pinned")
        archive.seek(0)
        _unpack(archive, directory / "bin")


def _fetch_from_any(addresses: Sequence[str], into: IO[bytes], deadline: float) -> str:
    """The SHA-256 of what the first address that answers has."""
    ticker = Ticker(TITLE)
    problem = ""
    try:
        for address in addresses:
            into.seek(0)
            into.truncate()
            try:
                return _fetch(address, into, deadline, ticker)
            except (OSError, http.client.HTTPException) as error:
                problem = f"{address.split('/')[2]}: {getattr(error, 'reason', '') or error or type(error).__name__}"
    finally:
        ticker.clear()
    raise ReleaseUnavailable(problem)


def _fetch(address: str, into: IO[bytes], deadline: float, ticker: Ticker) -> str:
    digest = hashlib.sha256()
    with urllib.request.urlopen(
        address, timeout=min(_CONNECT_SECONDS, max(deadline - time.monotonic(), 0.1))
    ) as answer:
        while chunk := answer.read1(_CHUNK):
            digest.update(chunk)
            into.write(chunk)
            ticker.tick(f"({into.tell() >> 20} MiB)")
            if time.monotonic() > deadline:
                raise TimeoutError("it took too long")
    return digest.hexdigest()


def _unpack(archive: IO[bytes], directory: Path) -> None:
    """The programs of the archive's one folder, `pulumi/`: regular files by their bare names, and nothing else."""
    directory.mkdir(parents=True)
    with tarfile.open(fileobj=archive, mode="r:gz") as tar:
        for member in tar:
            folder, _, name = member.name.removeprefix("./").partition("/")
            content = tar.extractfile(member) if member.isfile() else None
            if content is None or folder != "pulumi" or not name or "/" in name:
                continue
            program = directory / name
            with program.open("wb") as file:
                while chunk := content.read(_CHUNK):
                    file.write(chunk)
            program.chmod(0o755)
    if not (directory / "pulumi").exists():
        raise ReleaseUnavailable("the release archive holds no pulumi")
