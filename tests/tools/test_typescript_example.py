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


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example's folder with the SDK as `pulumi package add` has npm put it there."""
    try:
        command, packages = build(os.environ, download=False), provide(os.environ, download=False)
    except (GeneratorMissing, PackagesMissing) as lacking:
        pytest.skip(str(lacking))
    folder = tmp_path / "program"
    shutil.copytree(EXAMPLE, folder)
    (folder / "node_modules").mkdir()
    for package in packages.iterdir():
        (folder / "node_modules" / package.name).symlink_to(package)
    generate(command, "nodejs", folder / "node_modules" / PACKAGE)
    return folder


def compiled(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", "node_modules/typescript/bin/tsc", "--noEmit", "--preserveSymlinks", "--project", "."],
        check=False,
        cwd=project,
        capture_output=True,
        text=True,
    )


def test_the_sdk_is_the_package_that_the_programs_import(project: Path) -> None:
    assert json.loads((project / "node_modules" / PACKAGE / "package.json").read_text())["name"] == PACKAGE
    assert f'from "{PACKAGE}"' in (project / "index.ts").read_text()


def test_the_sdk_and_the_programs_compile(project: Path) -> None:
    settings = json.loads((project / "tsconfig.json").read_text())
    for token, resource in json.loads(SCHEMA.read_text(encoding="utf-8"))["resources"].items():
        (text,) = re.findall(r"```typescript\n(.*?)```", resource["description"], re.DOTALL)
        name = f"{token.rpartition(':')[2]}.ts"
        (project / name).write_text(text)
        settings["files"].append(name)
    (project / "tsconfig.json").write_text(json.dumps(settings))
    done = compiled(project)
    assert done.returncode == 0, done.stdout


def test_a_field_that_there_is_not_does_not_compile(project: Path) -> None:
    text = (project / "index.ts").read_text()
    (project / "index.ts").write_text(text.replace("readers: [", "raeders: [", 1))
    done = compiled(project)
    assert done.returncode != 0
    assert "'raeders' does not exist" in done.stdout
