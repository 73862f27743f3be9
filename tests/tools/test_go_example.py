"""The SDK that Pulumi's generator makes for Go, and the program of examples/go, compile together."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from setup.engine.go_build import find_go
from setup.engine.places import MODULE, REPOSITORY
from tools.sdk_generator.generator import GeneratorMissing, build, generate

PROGRAM = REPOSITORY / "examples" / "go" / "main.go"


def test_the_sdk_and_the_program_compile(tmp_path: Path) -> None:
    try:
        generate(build(os.environ, download=False), "go", tmp_path)
    except GeneratorMissing as lacking:
        pytest.skip(str(lacking))
    go = find_go(os.environ)
    assert go is not None
    # As `pulumi package add` has it: the module lies in the program's folder, and the program's go.mod says where.
    (imported,) = re.findall(r'"(.*/yandexkeys)"', PROGRAM.read_text())
    # The SDK needs of Pulumi what the engine was built from: nothing is fetched.
    required = re.sub(r"^(module|tool) .*$", "", (MODULE / "go.mod").read_text(), flags=re.MULTILINE)
    (tmp_path / "go.mod").write_text(f"module {imported.removesuffix('/yandexkeys')}\n{required}")
    shutil.copy(MODULE / "go.sum", tmp_path)
    (tmp_path / "program").mkdir()
    shutil.copy(PROGRAM, tmp_path / "program")
    done = subprocess.run(
        [go, "build", "-mod=mod", "-buildvcs=false", "-o", str(tmp_path / "compiled"), "./program"],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "GOWORK": "off", "GOPROXY": "off", "GOFLAGS": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
