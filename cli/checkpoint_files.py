"""The states of a `file://` backend, read as the engine reads them, without starting it: half a second a stack becomes a hundredth.

`pulumi stack export` of such a backend hands out the checkpoint's `latest` as it lies there (pulumi 3.259, backend/diy), secrets encrypted. So does
this, compressed by zstd or plain; where a file isn't of the form that is known here, or of another version, the engine is asked instead.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_FORM = 3
_PLAIN = ".json"
_COMPRESSED = ".json.zst"
_MAGIC = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True)
class FileBackend:
    """`folder` has a checkpoint for each stack of one project."""

    folder: Path

    @classmethod
    def of(cls, url: str, project: str) -> FileBackend | None:
        """The backend at `url`; None where that is none of files, or keeps them in another way than one folder a project."""
        parts = urlsplit(url)
        if parts.scheme != "file" or not url.startswith("file:///"):
            return None
        root = Path(unquote(parts.path)) / ".pulumi"
        folder = root / "stacks" / project
        if not (root / "meta.yaml").is_file() or not folder.is_dir():
            return None
        files = [file for file in folder.iterdir() if file.is_file()]
        known = all(_is_ours(file) for file in files)
        return cls(folder) if known else None

    def stack_names(self) -> list[str]:
        """The project's stacks, in the order of their names."""
        names = (_stack_of(file) for file in self.folder.iterdir() if file.is_file())
        return sorted({name for name in names if name})

    def last_successful_run(self, stack: str) -> datetime | None:
        """When an `up` of the stack last succeeded, as its history has it; None where there was none."""
        history = self.folder.parents[1] / "history" / self.folder.name / stack
        # A file's name has the time at which its run ended, and always as many digits.
        for file in sorted(history.glob(f"{stack}-*.history.json*"), reverse=True):
            try:
                update = json.loads(opened(file.read_bytes()))
                if update["kind"] == "update" and update["result"] == "succeeded":
                    return datetime.fromtimestamp(int(update["endTime"]), UTC)
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return None

    def deployment(self, stack: str) -> Mapping[str, Any] | None:
        """What `pulumi stack export` has under `deployment`; None where the engine must be asked."""
        if "/" in stack:
            return None
        try:
            written = json.loads(opened(self._checkpoint(stack).read_bytes()))
        except (OSError, ValueError):
            return None
        if not isinstance(written, Mapping) or written.get("version") != _FORM or "features" in written:
            return None
        latest = written.get("checkpoint", {}).get("latest", {})
        return latest if isinstance(latest, Mapping) else None

    def _checkpoint(self, stack: str) -> Path:
        """Where there is a plain one and a compressed one, the engine takes the later."""
        files = [self.folder / f"{stack}{suffix}" for suffix in (_PLAIN, _COMPRESSED)]
        return max(
            (file for file in files if file.is_file()), key=lambda file: file.stat().st_mtime_ns, default=files[0]
        )


def opened(written: bytes) -> bytes:
    """What the engine wrote, told by how it begins, as the engine tells: compressed or not. Raises ValueError."""
    try:
        return zstd.decompress(written) if written.startswith(_MAGIC) else written
    except zstd.ZstdError as error:
        raise ValueError(f"no whole zstd frame: {error}") from None


def _stack_of(file: Path) -> str:
    """The stack whose checkpoint it is; empty where it is none."""
    for suffix in (_PLAIN, _COMPRESSED):
        if file.name.endswith(suffix):
            return file.name.removesuffix(suffix)
    return ""


def _is_ours(file: Path) -> bool:
    """Whether `file` is a checkpoint, or what the engine leaves beside one: an older copy, a blob's attributes."""
    return file.name.endswith((_PLAIN, _COMPRESSED, ".bak", ".attrs"))
