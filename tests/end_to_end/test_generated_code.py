"""What the engine generates of our package: SDKs, and the Python of what was imported, which runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from setup.engine.places import REPOSITORY
from tests.end_to_end.example_program import ExampleProgram, ProgramElsewhere, pip_environment
from tests.support.colleague import call
from tests.support.local_cloud import LocalCloud
from tests.support.pulumi import engine, engine_environment, run_pulumi
from tests.support.snapshot import changed_files, snapshot
from tools.sdk_generator.generator import GeneratorMissing, build
from tools.sdk_generator.python_sdk import files

SDK = REPOSITORY / "sdk" / "python"


@pytest.fixture
def generator() -> None:
    """`make test` has built it wherever Go built the engine; the official CLI has its own. A test downloads nothing."""
    if engine().origin == "built":
        try:
            build(os.environ, download=False)
        except GeneratorMissing as lacking:
            pytest.skip(str(lacking))


@pytest.mark.usefixtures("generator")
def test_gen_sdk_writes_the_python_that_is_committed_and_leaves_the_clone_clean(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    snapshot(REPOSITORY, clone)
    environment = {**engine_environment(tmp_path / "engine"), **pip_environment()}
    out = tmp_path / "out"
    run_pulumi(environment, clone, "package", "gen-sdk", "./provider", "--language", "python", "--out", str(out))
    # What packagers write beside it is added by `make sdk`.
    committed = {path: text for path, text in files(SDK).items() if ".dist-info/" not in str(path)}
    assert files(out / "python") == committed
    assert changed_files(clone) == ""


@pytest.mark.parametrize("language", ["nodejs", "go", "dotnet", "java"])
def test_gen_sdk_of_a_language_without_its_host_says_which_is_missing_and_leaves_the_clone_clean(
    language: str, tmp_path: Path
) -> None:
    """An engine that was built from source has no other host than Python's: what it would generate, tests/tools compiles."""
    if engine().origin != "built":
        pytest.skip("the official CLI has the hosts")
    clone = tmp_path / "clone"
    snapshot(REPOSITORY, clone)
    environment = {**engine_environment(tmp_path / "engine"), **pip_environment()}
    asked = ("package", "gen-sdk", "./provider", "--language", language, "--out", str(tmp_path / "out"))
    done = run_pulumi(environment, clone, *asked, check=False)
    assert done.returncode != 0
    assert f"no language plugin 'pulumi-language-{language}' found" in done.stderr
    assert changed_files(clone) == ""


def imported(program: ExampleProgram, token: str, name: str, its_id: str) -> str:
    """What `pulumi import` writes of one resource that was made by hand, as a user pastes it into the program."""
    written = program.directory / "imported.txt"
    program.run("import", "--yes", token, name, its_id, "--protect=false", "--out", str(written))
    code = written.read_text()
    (program.directory / "__main__.py").write_text(code)
    return code


@pytest.mark.usefixtures("generator")
def test_the_python_of_an_imported_secret_runs_and_changes_nothing(tmp_path: Path, cloud: LocalCloud) -> None:
    program = ExampleProgram("python", tmp_path / "program", cloud)
    made = call(cloud, "SecretService/Create", folder_id=cloud.folder_id, name="by-hand", description="Nobody knows")
    code = imported(program, "yandex-keys:index:LockboxSecret", "found", made["metadata"]["secret_id"])
    assert 'yandex_keys.LockboxSecret("found"' in code
    program.up("--expect-no-changes")


@pytest.mark.usefixtures("generator")
def test_the_python_of_an_imported_key_runs_and_rotates_it_with_its_overlap(tmp_path: Path, cloud: LocalCloud) -> None:
    """Its secret can't be read again, so nobody but its consumers has it until the next run."""
    program = ExampleProgram("python", tmp_path / "program", cloud)
    account = cloud.state()["serviceAccounts"][0]["id"]
    wanted = {"scopes": ["yc.ai.translate.execute"], "expires_at": "2030-01-01T00:00:00Z"}
    by_hand = call(cloud, "ApiKeyService/Create", service_account_id=account, **wanted)["api_key"]["id"]
    assert 'yandex_keys.ApiKey("found"' in imported(program, "yandex-keys:index:ApiKey", "found", by_hand)
    assert "1 to update" in program.preview()
    program.up()
    (key,) = (item["outputs"] for item in program.resources() if item["type"] == "yandex-keys:index:ApiKey")
    assert [previous["keyId"] for previous in key["previous"]] == [by_hand]
    assert {it["id"] for it in cloud.state()["apiKeys"]} == {by_hand, key["keyId"]}
    program.up("--expect-no-changes")


@pytest.mark.usefixtures("generator")
def test_a_python_program_takes_the_package_by_one_line(tmp_path: Path, cloud: LocalCloud) -> None:
    clone, folder = tmp_path / "clone", tmp_path / "program"
    snapshot(REPOSITORY, clone)
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: mine\nruntime: { name: python, options: { virtualenv: .venv } }\n")
    (folder / "__main__.py").write_text("")
    # What builds the SDK's wheel is there already: a test reaches no registry.
    program = ProgramElsewhere("python", folder, cloud, {"PIP_NO_BUILD_ISOLATION": "0"})
    said = program.run("package", "add", str(clone / "provider"))
    assert "import pulumi_yandex_keys" in said
    assert (folder / "requirements.txt").read_text() == "sdks/pulumi-yandex-keys-yandex-keys\n"
    (folder / "__main__.py").write_text("import pulumi_yandex_keys as keys\n\nkeys.LockboxSecret('shared')\n")
    program.up()
    assert [it["name"] for it in cloud.state()["secrets"]]
    program.up("--expect-no-changes")
    assert changed_files(clone) == ""
