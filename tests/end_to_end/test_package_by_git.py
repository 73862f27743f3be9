"""From an empty folder, with nothing of ours but a git address and a tag: the package is added, and the program lives a month and goes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from setup.engine.places import REPOSITORY
from tests.end_to_end.example_program import EXAMPLES, ProgramElsewhere, live_a_month
from tests.support.colleague import call
from tests.support.git_server import HOST, GitServer, available
from tests.support.local_cloud import LocalCloud
from tests.support.snapshot import changed_files

ADDRESS = f"{HOST}/somebody/keys/provider@0.0.7"


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[GitServer]:
    """Has this repository, as it is here, with a tag that no release will ever have."""
    if not available():
        pytest.skip("this machine's git has no http-backend")
    with GitServer(tmp_path / "forge") as server:
        server.publish(REPOSITORY, "somebody/keys.git", "v0.0.7")
        yield server


@pytest.fixture
def program(tmp_path: Path, cloud: LocalCloud, forge: GitServer) -> ProgramElsewhere:
    """The YAML program of the pages, without a line under `plugins`."""
    folder = tmp_path / "program"
    folder.mkdir()
    text = (EXAMPLES / "yaml" / "Pulumi.yaml").read_text()
    named = text[text.index("plugins:") : text.index("resources:")]
    (folder / "Pulumi.yaml").write_text(text.replace(named, ""))
    return ProgramElsewhere("yaml", folder, cloud, forge.environment)


def test_a_git_address_and_a_tag_are_all_that_a_program_needs(
    program: ProgramElsewhere, cloud: LocalCloud, forge: GitServer
) -> None:
    before = changed_files(REPOSITORY)
    empty = cloud.state()
    program.run("package", "add", ADDRESS)
    assert yaml.safe_load(program.program.read_text())["packages"] == {"yandex-keys": ADDRESS}
    # What runs from here on is what was got: the address isn't there any more.
    shutil.rmtree(forge.directory / "somebody")
    assert list(program.directory.glob("pulumi-home/plugins/*keys*")), "the plugin isn't where the engine keeps plugins"

    assert "13 to create" in program.run("preview")
    program.up()
    receipt = program.outputs(secrets=True)["receipt"]
    assert cloud.use("translate", cloud.entries(receipt["lockboxSecretId"])["api_key"]) == 200

    live_a_month(program)
    rotated = program.outputs()["receipt"]
    assert rotated["keyId"] != receipt["keyId"]

    call(cloud, "ApiKeyService/Delete", api_key_id=rotated["keyId"])
    program.refresh()
    program.up()
    assert program.outputs()["receipt"]["keyId"] not in (rotated["keyId"], receipt["keyId"])

    program.destroy()
    left = cloud.state()
    for kind in ("serviceAccounts", "apiKeys", "secrets", "accessBindings"):
        assert left[kind] == empty[kind], kind
    assert changed_files(REPOSITORY) == before
