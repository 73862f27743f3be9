"""The SDK that Pulumi's generator makes for Node.js, the program of examples/typescript and the examples of the schema compile together."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from setup.engine.places import REPOSITORY
from tools.sdk_generator.generator import SCHEMA, GeneratorMissing, build, generate
from tools.typescript.packages import PackagesMissing, provide

EXAMPLE = REPOSITORY / "examples" / "typescript"
PACKAGE = "@pulumi-yandex-keys/yandex-keys"
WRONG = "wrong.ts"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's folder with the SDK as `pulumi package add` has npm put it there, and a program with a field that there is not."""
    try:
        command, packages = build(os.environ, download=False), provide(os.environ, download=False)
    except (GeneratorMissing, PackagesMissing) as lacking:
        pytest.skip(str(lacking))
    folder = tmp_path_factory.mktemp("typescript") / "program"
    shutil.copytree(EXAMPLE, folder)
    (folder / "node_modules").mkdir()
    for package in packages.iterdir():
        (folder / "node_modules" / package.name).symlink_to(package)
    generate(command, "nodejs", folder / "node_modules" / PACKAGE)
    settings = json.loads((folder / "tsconfig.json").read_text())
    for token, resource in json.loads(SCHEMA.read_text(encoding="utf-8"))["resources"].items():
        (text,) = re.findall(r"```typescript\n(.*?)```", resource["description"], re.DOTALL)
        settings["files"].append(f"{token.rpartition(':')[2]}.ts")
        (folder / settings["files"][-1]).write_text(text)
    text = (folder / "index.ts").read_text()
    assert text.count("readers: [")
    (folder / WRONG).write_text(text.replace("readers: [", "raeders: [", 1))
    (folder / "tsconfig.json").write_text(json.dumps({**settings, "files": [*settings["files"], WRONG]}))
    return folder


@pytest.fixture(scope="module")
def compiled(project: Path) -> list[str]:
    """What the compiler says of them all, in one run: reading Pulumi's own types takes it longer than our programs do."""
    done = subprocess.run(
        ["node", "node_modules/typescript/bin/tsc", "--noEmit", "--listFiles", "--preserveSymlinks", "--project", "."],
        check=False,
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0, "the wrong program compiles"
    return done.stdout.splitlines()


def test_the_sdk_is_the_package_that_the_programs_import(project: Path) -> None:
    assert json.loads((project / "node_modules" / PACKAGE / "package.json").read_text())["name"] == PACKAGE
    assert f'from "{PACKAGE}"' in (project / "index.ts").read_text()


def test_the_sdk_and_the_programs_compile(project: Path, compiled: list[str]) -> None:
    errors = [line for line in compiled if re.search(r"\berror TS\d+:", line)]
    assert [line for line in errors if not line.startswith(f"{WRONG}(")] == []
    files = json.loads((project / "tsconfig.json").read_text())["files"]
    assert {"index.ts", "ApiKey.ts"} <= set(files)
    assert {str(project / file) for file in files} <= set(compiled)


def test_a_field_that_there_is_not_does_not_compile(compiled: list[str]) -> None:
    assert [line for line in compiled if line.startswith(f"{WRONG}(") and "'raeders' does not exist" in line]
