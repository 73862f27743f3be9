"""The wheel of pulumi-yandex, packed from its source archive without running a line of it.

Standard library alone: it runs on the system's Python, before anything is installed, and as a build backend (PEP 517)
that needs nothing. The bytes of the wheel depend on nothing but the archive: stored, not compressed (compressors
differ), by name, with one fixed date.
"""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

ARCHIVE = Path(__file__).resolve().with_name("pulumi_yandex-0.13.0.tar.gz")
ARCHIVE_SHA256 = "5dff5a739d8195723f78a56e72fc937128c3e5169095c301c5a1961e436c5203"
WHEEL = "pulumi_yandex-0.13.0-py3-none-any.whl"
_TOP = "pulumi_yandex-0.13.0"
_INFO = f"{_TOP}.dist-info"
_DATE = (1980, 1, 1, 0, 0, 0)
# Of the archive's own description; the long text is left out.
_KEPT = ("Name", "Version", "Summary", "Home-page", "License", "Project-URL", "Keywords")
# Told to Pulumi's Python host, which would take the archive's own word for it, name the plugin `yandex` as needed, and
# have it looked for in the network. Our plugin serves that package's types.
_NO_PLUGIN = ("pulumi_yandex/pulumi-plugin.json", b'{"resource": false}\n')
_WHEEL_FILE = "Wheel-Version: 1.0\nGenerator: pulumi-yandex-keys\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class WrongArchive(Exception):
    """The source archive isn't the one that was published."""


def pack(directory: Path, archive: Path = ARCHIVE) -> Path:
    """Writes the wheel into `directory` and answers its path. Raises WrongArchive."""
    content = archive.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != ARCHIVE_SHA256:
        raise WrongArchive(f"{archive} is not what was published: its SHA-256 is {found}, not {ARCHIVE_SHA256}")
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / WHEEL
    wheel.write_bytes(_zipped(_contents(content)))
    return wheel


def build_wheel(
    wheel_directory: str, config_settings: dict[str, Any] | None = None, metadata_directory: str | None = None
) -> str:
    """PEP 517's hook: the wheel's name."""
    return pack(Path(wheel_directory)).name


def _contents(archive: bytes) -> dict[str, bytes]:
    """The wheel's files: the package as it is in the archive, but for the plugin that it names, and what PEP 427 asks
    for beside it."""
    published = _files(archive)
    files = {name: content for name, content in published.items() if name.startswith("pulumi_yandex/")}
    files.update([_NO_PLUGIN])
    files[f"{_INFO}/METADATA"] = _metadata(published).encode()
    files[f"{_INFO}/WHEEL"] = _WHEEL_FILE.encode()
    files[f"{_INFO}/top_level.txt"] = b"pulumi_yandex\n"
    return files


def _files(archive: bytes) -> dict[str, bytes]:
    """The archive's files by their names below its one folder."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                files[member.name.removeprefix(f"{_TOP}/")] = content.read()
    return files


def _metadata(published: dict[str, bytes]) -> str:
    described = Parser().parsestr(published["PKG-INFO"].decode(), headersonly=True)
    lines = ["Metadata-Version: 2.1"]
    lines += [f"{name}: {value}" for name in _KEPT for value in described.get_all(name, [])]
    needed = published["pulumi_yandex.egg-info/requires.txt"].decode().split()
    return "\n".join([*lines, *(f"Requires-Dist: {requirement}" for requirement in needed), ""])


def _zipped(files: dict[str, bytes]) -> bytes:
    names = sorted(files)
    record = [f"{name},sha256={_record_digest(files[name])},{len(files[name])}" for name in names]
    record_name = f"{_INFO}/RECORD"
    record_file = "\n".join([*record, f"{record_name},,", ""]).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, content in (*((name, files[name]) for name in names), (record_name, record_file)):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return written.getvalue()


def _record_digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
