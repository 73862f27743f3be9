"""The SDK that Pulumi's generator makes for Go, the program of examples/go and the examples of the schema compile together."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from setup.engine.go_build import find_go
from setup.engine.places import MODULE, REPOSITORY
from tools.sdk_generator.generator import SCHEMA, GeneratorMissing, build, generate

PROGRAM = REPOSITORY / "examples" / "go" / "main.go"


def test_the_sdk_and_the_programs_compile(tmp_path: Path) -> None:
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
    programs = {"program": PROGRAM.read_text()}
    for token, resource in json.loads(SCHEMA.read_text(encoding="utf-8"))["resources"].items():
        (programs[token.rpartition(":")[2]],) = re.findall(r"```go\n(.*?)```", resource["description"], re.DOTALL)
    for name, text in programs.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.go").write_text(text)
    done = subprocess.run(
        [
            go,
            "build",
            "-mod=mod",
            "-buildvcs=false",
            "-o",
            f"{tmp_path}/compiled/",
            *(f"./{name}" for name in programs),
        ],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "GOWORK": "off", "GOPROXY": "off", "GOFLAGS": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert {file.name for file in (tmp_path / "compiled").iterdir()} == set(programs)
