"""The SDK that Pulumi's generator makes for Go, the program of examples/go and the examples of the schema compile together."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from setup.engine.go_build import find_go
from setup.engine.places import MODULE, REPOSITORY
from setup.file_lock import exclusive
from tools.sdk_generator.generator import SCHEMA, GeneratorMissing, build, generate

PROGRAM = REPOSITORY / "examples" / "go" / "main.go"
# The same place each time, and nothing is linked: what hasn't changed comes from Go's own cache, whose entries are of a folder.
FOLDER = REPOSITORY / ".local" / "go-example"


def compiled(*programs: str) -> subprocess.CompletedProcess[str]:
    """How the compiler ends on these programs; it names each that it has compiled, with the file that it made."""
    go = find_go(os.environ)
    assert go is not None
    names = [f"./{program}" for program in programs]
    return subprocess.run(
        [go, "list", "-export", "-f", "{{.Name}} {{.Dir}} {{.Export}}", "-mod=mod", "-buildvcs=false", *names],
        check=False,
        cwd=FOLDER,
        env={**os.environ, "GOWORK": "off", "GOPROXY": "off", "GOFLAGS": ""},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def programs() -> Iterator[dict[str, str]]:
    """The programs in folders of their names, the SDK beside them as `pulumi package add` has it."""
    try:
        command = build(os.environ, download=False)
    except GeneratorMissing as lacking:
        pytest.skip(str(lacking))
    found = {"program": PROGRAM.read_text()}
    for token, resource in json.loads(SCHEMA.read_text(encoding="utf-8"))["resources"].items():
        (found[token.rpartition(":")[2]],) = re.findall(r"```go\n(.*?)```", resource["description"], re.DOTALL)
    with exclusive(FOLDER.with_name("go-example.lock")):
        shutil.rmtree(FOLDER, ignore_errors=True)
        generate(command, "go", FOLDER)
        # The module lies in the program's folder, and the program's go.mod says where.
        (imported,) = re.findall(r'"(.*/yandexkeys)"', PROGRAM.read_text())
        # The SDK needs of Pulumi what the engine was built from: nothing is fetched.
        required = re.sub(r"^(module|tool) .*$", "", (MODULE / "go.mod").read_text(), flags=re.MULTILINE)
        (FOLDER / "go.mod").write_text(f"module {imported.removesuffix('/yandexkeys')}\n{required}")
        shutil.copy(MODULE / "go.sum", FOLDER)
        for name, text in found.items():
            (FOLDER / name).mkdir()
            (FOLDER / name / "main.go").write_text(text)
        yield found


def test_the_sdk_and_the_programs_compile(programs: dict[str, str]) -> None:
    done = compiled(*programs)
    assert done.returncode == 0, done.stderr
    for line, name in zip(done.stdout.splitlines(), programs, strict=True):
        package, folder, made = line.split(" ")
        assert (package, folder) == ("main", str(FOLDER / name))
        assert Path(made).stat().st_size


def test_a_field_that_there_is_not_does_not_compile(programs: dict[str, str]) -> None:
    (FOLDER / "program" / "main.go").write_text(programs["program"].replace("Readers:", "Raeders:", 1))
    done = compiled("program")
    assert done.returncode != 0
    assert "unknown field Raeders" in done.stderr
