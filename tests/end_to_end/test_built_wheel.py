"""A Python program on nothing of the repository but the wheel of a release and the plugin."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from setup.engine.places import REPOSITORY
from tests.end_to_end.example_program import ExampleProgram
from tests.support.local_cloud import LocalCloud
from tools.release import installation, packages


@pytest.fixture
def program(tmp_path: Path, cloud: LocalCloud) -> ExampleProgram:
    """The Python example, in an environment that the wheel is installed in."""
    _, wheel = packages.build(REPOSITORY / "sdk" / "python", tmp_path / "dist", dt.date(2026, 12, 24))
    installation.install(wheel, tmp_path / "environment")
    program = ExampleProgram("python", tmp_path / "program", cloud)
    del program.environment["PYTHONPATH"]
    project = program.directory / "Pulumi.yaml"
    text = project.read_text()
    assert f"virtualenv: {REPOSITORY}/.venv" in text
    project.write_text(text.replace(f"{REPOSITORY}/.venv", str(tmp_path / "environment")))
    return program


def test_a_program_comes_up_on_the_installed_wheel_and_goes(program: ExampleProgram, cloud: LocalCloud) -> None:
    said = "print('SDK:', yandex_keys.__file__)\n"
    program.edit("import pulumi_yandex_keys as yandex_keys\n", f"import pulumi_yandex_keys as yandex_keys\n{said}")
    installed = program.directory.parent / "environment"
    previewed = program.run("preview")
    assert "13 to create" in previewed
    assert f"SDK: {installed}" in previewed
    program.up()
    assert cloud.use("text-generation", program.outputs(secrets=True)["apiKey"]) == 200
    cloud.forget_calls()
    program.up("--expect-no-changes")
    assert cloud.calls() == {}
    program.destroy()
    assert program.resources() == []
