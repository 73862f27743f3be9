"""What TypeScript programs are compiled with: pinned by hash, got once, and where it can't be got one line says so."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from setup.engine.places import REPOSITORY, VERSION
from tools.typescript import packages
from tools.typescript.packages import PackagesMissing, provide

FOLDER = REPOSITORY / "tools" / "typescript"
LOCK = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))["packages"]


def test_every_package_is_pinned_by_its_hash_and_by_no_server() -> None:
    fetched = {name: it for name, it in LOCK.items() if name and not it.get("inBundle")}
    assert [name for name, it in fetched.items() if not it["integrity"].startswith("sha512-")] == []
    assert [name for name, it in LOCK.items() if "resolved" in it] == []


def test_the_sdk_is_of_the_engine_s_version_and_the_example_s() -> None:
    example = json.loads((REPOSITORY / "examples" / "typescript" / "package.json").read_text(encoding="utf-8"))
    assert f"v{LOCK['node_modules/@pulumi/pulumi']['version']}" == VERSION
    assert f"v{example['dependencies']['@pulumi/pulumi']}" == VERSION


def test_without_npm_one_line_says_what_is_left_out(tmp_path: Path) -> None:
    with pytest.raises(PackagesMissing, match=r"^no npm on this machine: TypeScript programs aren't compiled$"):
        provide({"PATH": str(tmp_path)}, download=True, folder=tmp_path / "packages")


def test_a_test_fetches_nothing(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("no npm on this machine")
    with pytest.raises(PackagesMissing, match="`make test` fetches them"):
        provide(os.environ, download=False, folder=tmp_path / "packages")


def test_where_npm_reaches_nobody_one_line_says_so(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("no npm on this machine")
    nobody = {**os.environ, "npm_config_registry": "http://127.0.0.1:9/", "npm_config_cache": str(tmp_path / "cache")}
    with pytest.raises(PackagesMissing, match=r"^npm can't get what TypeScript programs are compiled with: "):
        provide(nobody, download=True, folder=tmp_path / "packages")


def test_what_is_there_is_taken_until_the_pins_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_fetch", lambda npm, environment, folder: (folder / "node_modules").mkdir())
    npm = tmp_path / "npm"
    npm.touch(mode=0o755)
    environment = {"PATH": str(tmp_path)}
    there = provide(environment, download=True, folder=tmp_path / "packages")
    assert provide({"PATH": ""}, download=False, folder=tmp_path / "packages") == there
    monkeypatch.setattr(packages, "_pins", lambda: "others")
    with pytest.raises(PackagesMissing):
        provide(environment, download=False, folder=tmp_path / "packages")
