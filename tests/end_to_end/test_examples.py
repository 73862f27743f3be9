"""The programs of examples/: added, previewed, brought up, left alone, rotated a month later, mended after drift, and taken away.

Each names no plugin but ours; one process of it serves a run, and one default provider all that the program and its components declare.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from setup.engine.places import REPOSITORY
from tests.end_to_end.example_program import EXAMPLES, ExampleProgram, live_a_month
from tests.support.colleague import call
from tests.support.forked_python import ForkedPython
from tests.support.local_cloud import LocalCloud
from tests.support.snapshot import changed_files

LANGUAGES = ("yaml", "python")
SCHEMA_READERS = ("yaml",)
"""Languages whose host starts the plugin once more, to ask it for the schema: they have no SDK that was made of it before."""
KINDS = ("serviceAccounts", "apiKeys", "secrets", "accessBindings")


@pytest.fixture(params=LANGUAGES)
def program(
    request: pytest.FixtureRequest, tmp_path: Path, cloud: LocalCloud, python: ForkedPython | None
) -> ExampleProgram:
    return ExampleProgram(request.param, tmp_path / "program", cloud, python)


def of_kind(program: ExampleProgram, kind: str) -> dict[str, dict[str, Any]]:
    """The resources of one type (its last part) in the state, by name."""
    return {
        item["urn"].rpartition("::")[2]: item for item in program.resources() if item["type"].rpartition(":")[2] == kind
    }


def used(program: ExampleProgram, cloud: LocalCloud) -> str:
    """What the app of the pages prints, as a user runs it in a shell of the local cloud."""
    environment = {
        **program.environment,
        **cloud.environment(),
        "YANDEX_KEYS_SERVICES": f"{cloud.ready['http']}/services",
    }
    command = f'API_KEY="$(pulumi stack output apiKey --show-secrets)" sh {EXAMPLES}/app.sh'
    done = subprocess.run(
        ["sh", "-c", command], cwd=program.directory, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_a_program_lives_a_month_and_goes(program: ExampleProgram, cloud: LocalCloud, request: Any) -> None:
    language = request.node.callspec.params["program"]
    processes = 2 if language in SCHEMA_READERS else 1
    empty = cloud.state()

    previewed = program.run("preview")
    assert "13 to create" in previewed
    assert program.starts.taken() == processes
    assert cloud.state()["apiKeys"] == empty["apiKeys"]

    program.up()
    assert program.starts.taken() == processes
    providers = {item["urn"] for item in program.resources() if item["type"].startswith("pulumi:providers:")}
    assert len(providers) == 1
    assert next(iter(providers)).rpartition("::")[2].startswith("default")
    served = {item["provider"].rpartition("::")[0] for item in program.resources() if "provider" in item}
    assert served == providers

    outputs = program.outputs(secrets=True)
    receipt = outputs["receipt"]
    assert cloud.use("text-generation", outputs["apiKey"]) == 200
    assert cloud.use("translate", cloud.entries(receipt["lockboxSecretId"])["api_key"]) == 200
    assert program.outputs()["apiKey"] == "[secret]"
    assert used(program, cloud) == "200\n"
    assert not [text for text in program.printed if outputs["apiKey"] in text]
    assert outputs["apiKey"] not in program.run("stack", "export")

    live_a_month(program)
    later = program.outputs(secrets=True)
    assert later["receipt"]["keyId"] != receipt["keyId"]
    for secret in (outputs["apiKey"], later["apiKey"]):
        assert cloud.use("text-generation", secret) == 200

    lost = next(key for key in cloud.live_keys("example-nightly") if key["secret"] == later["apiKey"])
    call(cloud, "ApiKeyService/Delete", api_key_id=lost["id"])
    program.refresh()
    program.up()
    mended = program.outputs(secrets=True)
    assert mended["apiKey"] != later["apiKey"]
    assert cloud.use("text-generation", mended["apiKey"]) == 200

    program.destroy()
    left = cloud.state()
    for kind in KINDS:
        assert left[kind] == empty[kind], kind


def test_an_example_runs_beside_the_local_stack_for_no_account_of_theirs_has_the_same_name() -> None:
    stack = yaml.safe_load((REPOSITORY / "stacks/Pulumi.local.yaml").read_text())
    taken = {account["name"] for account in stack["config"]["api-keys:accounts"]}
    programs = [EXAMPLES / it for it in ("yaml/Pulumi.yaml", "python/__main__.py", "go/main.go", "typescript/index.ts")]
    for program in programs:
        names = set(re.findall(r"\bname(?:=|: +)\"?([a-z-]+)\"?", program.read_text(), re.IGNORECASE))
        assert "example-translator" in names
        assert not names & taken, program


def test_a_program_anywhere_adds_the_package_by_one_command(tmp_path: Path, cloud: LocalCloud) -> None:
    """As the pages say it, by the plugin's folder here in place of its address: no line under `plugins` is needed."""
    program = ExampleProgram("yaml", tmp_path / "program", cloud)
    text = program.program.read_text()
    named = text[text.index("plugins:") : text.index("resources:")]
    program.edit(named, "")
    before = changed_files(REPOSITORY)
    program.run("package", "add", str(REPOSITORY / "provider"))
    assert yaml.safe_load(program.program.read_text())["packages"] == {"yandex-keys": str(REPOSITORY / "provider")}
    assert "13 to create" in program.run("preview")
    assert changed_files(REPOSITORY) == before
