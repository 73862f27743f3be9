"""A stack as `pulumi stack init` leaves it: made once by each test process, and copied.

It takes as much processor time as a whole test's cloud, and with a passphrase twice that: so there `key_service` stands in for one.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from tests.support import key_service
from tests.support.pulumi import engine_environment, run_pulumi

_MADE: Final = ("Pulumi.*.yaml", "stacks/*", "state/**/*", "pulumi-home/workspaces/*")
# Stand in for the project's folder, in texts, and for its digest, in the name of the file that says which stack is selected.
_FOLDER: Final = b"{folder}"
_DIGEST: Final = "{digest}"


def initialise(directory: Path, name: str) -> None:
    """Makes the stack `name` of the project there, selected, with the backend and the home that `engine_environment` gives it."""
    for made, content in _as_made(name, (directory / "Pulumi.yaml").read_text()).items():
        file = directory / made.replace(_DIGEST, _digest(directory))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.replace(_FOLDER, str(directory).encode()))


@cache
def _as_made(name: str, project: str) -> Mapping[str, bytes]:
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary).resolve()
        (directory / "Pulumi.yaml").write_text(project)
        run_pulumi(engine_environment(directory), directory, "stack", "init", name, *key_service.options())
        files = [file for pattern in _MADE for file in directory.glob(pattern) if file.is_file()]
        made = {str(file.relative_to(directory)): file.read_bytes() for file in files}
    digest = _digest(directory)
    assert any(digest in file for file in made), f"the engine keeps what is selected elsewhere: {sorted(made)}"
    # A checkpoint may be compressed; it names no folder.
    folder = str(directory).encode()
    return {file.replace(digest, _DIGEST): content.replace(folder, _FOLDER) for file, content in made.items()}


def _digest(directory: Path) -> str:
    return hashlib.sha1(str(directory.resolve() / "Pulumi.yaml").encode()).hexdigest()
