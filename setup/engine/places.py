"""Where the engine's files are, and which engine they are."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# Where go.mod and go.sum are. The name in go.mod means nothing; another one would change the digest, and everybody would build anew.
MODULE = Path(__file__).resolve().parent
# The same as the SDK's pin in requirements.txt; a test compares the two.
VERSION = "v3.259.0"
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
# Without the tables for debuggers it is a third smaller.
LINKER_FLAGS = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={VERSION}"


def local_directory(repository: Path = REPOSITORY) -> Path:
    """The clone's own `.local/engine`."""
    return repository / ".local" / "engine"


def user_cache(environment: Mapping[str, str]) -> Path:
    """The user's cache folder, by the custom of the system."""
    named = environment.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        return Path(named)
    home = Path(environment.get("HOME") or Path.home())
    return home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"


def pins() -> str:
    """Changes with whatever decides which engine is got: the version, the release's checksums, the Go module's sums, the build, the machine."""
    return _digest("checksums.txt", "go.mod", "go.sum")


def shared_build(environment: Mapping[str, str]) -> Path:
    """Where all clones of one user on one machine share a built engine: named after all that goes into the build."""
    return user_cache(environment) / "pulumi-yandex-keys" / "engine" / f"{VERSION}-{_digest('go.mod', 'go.sum')[:12]}"


def _digest(*files: str) -> str:
    digest = hashlib.sha256()
    for name in files:
        digest.update((MODULE / name).read_bytes())
    digest.update(f"{PACKAGE} {LINKER_FLAGS} {sys.platform} {platform.machine()}".encode())
    return digest.hexdigest()
