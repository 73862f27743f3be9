"""What somebody may plant where set-up could find it: wheels in pip's cache, in place of those that a lock pins."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

# Where pip keeps a wheel that it has built of what a link leads to.
_PLACE = """
import sys
from pip._internal.cache import SimpleWheelCache
from pip._internal.models.link import Link
print(SimpleWheelCache(sys.argv[1]).get_path_for_link(Link(sys.argv[2])))
"""


def a_wheel(path: Path, content: str = "") -> str:
    """Writes a wheel of a package `asked_for` 1.0, whose module is `content`; answers its SHA-256."""
    info = "asked_for-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("asked_for.py", content)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: asked-for\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def a_clone_with_a_planted_wheel(directory: Path) -> dict[str, str]:
    """A clone whose lock pins `asked_for` by hash, and a pip cache with another one that claims to be made of it.

    Answers what the machine's environment says to pip: where the package is to be had, and where the cache is.
    """
    links, cache = directory / "links", directory / "cache"
    links.mkdir()
    true = links / "asked_for-1.0-py3-none-any.whl"
    digest = a_wheel(true, "PLANTED = False\n")
    for purpose in ("requirements", "requirements-dev"):
        (directory / f"{purpose}.txt").write_text("asked-for==1.0\n")
        (directory / f"{purpose}.lock").write_text(f"asked-for==1.0 \\\n    --hash=sha256:{digest}\n")
    command = [sys.executable, "-c", _PLACE, str(cache), true.as_uri()]
    place = Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    place.mkdir(parents=True)
    a_wheel(place / true.name, "PLANTED = True\n")
    origin = {"url": true.as_uri(), "archive_info": {"hash": f"sha256={digest}", "hashes": {"sha256": digest}}}
    (place / "origin.json").write_text(json.dumps(origin))
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(links), "PIP_CACHE_DIR": str(cache)}


def installed_module(directory: Path) -> str:
    """The text of the module that the clone's `.venv` has."""
    (module,) = directory.glob(".venv/lib/python*/site-packages/asked_for.py")
    return module.read_text()
