"""The custom resource definitions of External Secrets, out of its Go module, known by its sum."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from setup.engine.go_build import find_go
from tools.go_command import BuildFailed, CommandMissing

MODULE: Final = "github.com/external-secrets/external-secrets"
VERSION: Final = "v1.3.2"
SUM: Final = "h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ="
_DEFINITIONS: Final = "config/crds/bases/external-secrets.io_{kind}.yaml"


def definition(kind: str, environment: Mapping[str, str], *, download: bool) -> Path:
    """The file with the definition of `kind`, in small letters and plural: `secretstores`.

    `download`: whether Go may fetch the module. Raises CommandMissing and BuildFailed.
    """
    go = find_go(environment)
    if go is None:
        raise CommandMissing("no Go on this machine: install Go 1.25 or newer")
    settings = {**environment, "GOWORK": "off", **({} if download else {"GOPROXY": "off"})}
    command = [go, "mod", "download", "-json", f"{MODULE}@{VERSION}"]
    done = subprocess.run(command, check=False, cwd=Path(__file__).parent, env=settings, capture_output=True, text=True)
    said = (done.stderr or done.stdout).strip()
    if done.returncode != 0 and not download:
        raise CommandMissing(f"the Go module {MODULE} isn't on this machine: `make test` fetches it")
    if done.returncode != 0:
        raise BuildFailed(f"{MODULE} could not be fetched:\n{said}")
    fetched = json.loads(done.stdout)
    if fetched["Sum"] != SUM:
        raise BuildFailed(f"{MODULE} {VERSION} has the sum {fetched['Sum']}, and should have {SUM}")
    return Path(fetched["Dir"]) / _DEFINITIONS.format(kind=kind)


def fetch(environment: Mapping[str, str], *, download: bool) -> None:
    """Sees that the module is there. Raises as `definition` does."""
    definition("secretstores", environment, download=download)
