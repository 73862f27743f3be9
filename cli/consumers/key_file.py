"""Writes entries of a Lockbox secret into files, by the machine's own account. Copy this file; it needs nothing but Python.

Usage: python3 key_file.py FOLDER SECRET_ID ENTRY [ENTRY …]
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

_SECONDS = 15
_METADATA = "169.254.169.254"
_TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"
_LOCKBOX = "https://payload.lockbox.api.cloud.yandex.net"


def write(folder: Path, secret_id: str, entries: list[str], lockbox: str = _LOCKBOX) -> None:
    """Puts the entries of the secret's current version into files of their names. All are read first, and each is written whole or not at all.

    Raises OSError where something isn't answered, and KeyError where the secret lacks an entry.
    """
    metadata = os.environ.get("YC_METADATA_ADDR") or _METADATA
    token = _answer(f"http://{metadata}{_TOKEN}", {"Metadata-Flavor": "Google"})["access_token"]
    # Without a version: what a rotation delivers becomes the current one.
    payload = _answer(f"{lockbox}/lockbox/v1/secrets/{secret_id}/payload", {"Authorization": f"Bearer {token}"})
    values = {it["key"]: it.get("textValue", "") for it in payload["entries"]}
    for entry, value in [(entry, values[entry]) for entry in entries]:
        _put(folder / entry.replace("/", "-"), value)


def _answer(url: str, headers: dict[str, str]) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_SECONDS) as answer:
        return json.load(answer)


def _put(file: Path, value: str) -> None:
    if file.is_file() and file.read_text(encoding="utf-8") == value:
        return
    number, beside = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(number, "w", encoding="utf-8") as written:
        written.write(value)
    # The folder decides who gets in: mkstemp's own mode would shut out the group of the app.
    os.chmod(beside, 0o640)
    os.replace(beside, file)


if __name__ == "__main__":
    try:
        write(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
    except (OSError, KeyError, ValueError) as error:
        # The reason, and nothing of what was read.
        sys.exit(
            f"the key could not be read: {type(error).__name__} {error if isinstance(error, OSError) else ''}".rstrip()
        )
