"""What users run in a clone by plain `pulumi`, one after the other, from nothing set up: it works, and git sees none of it."""

from __future__ import annotations

import json
from pathlib import Path

from setup.engine.places import REPOSITORY
from tests.end_to_end.example_program import pip_environment
from tests.support.local_cloud import LocalCloud
from tests.support.pulumi import engine_environment, run_pulumi
from tests.support.snapshot import changed_files, snapshot


def test_install_get_schema_and_up_leave_the_clone_working_and_clean(tmp_path: Path, cloud: LocalCloud) -> None:
    clone = tmp_path / "clone"
    snapshot(REPOSITORY, clone)
    environment = {**engine_environment(tmp_path / "engine"), **pip_environment(), **cloud.environment()}

    run_pulumi(environment, clone, "install")
    assert (clone / ".venv" / "bin" / "python").exists()
    assert changed_files(clone) == ""

    schema = json.loads(run_pulumi(environment, clone, "package", "get-schema", "./provider").stdout)
    committed = json.loads((clone / "provider" / "yandex_keys" / "schema.json").read_text())
    assert schema["resources"].keys() == committed["resources"].keys()
    assert (schema["repository"], schema["namespace"]) == (committed["repository"], committed["namespace"])
    assert changed_files(clone) == ""

    run_pulumi(environment, clone, "stack", "init", "dev")
    run_pulumi(environment, clone, "config", "set", "yandex-keys:folderId", cloud.folder_id)
    before = changed_files(clone)
    assert "to create" in run_pulumi(environment, clone, "preview").stdout
    run_pulumi(environment, clone, "package", "get-schema", "./provider")
    assert "to create" in run_pulumi(environment, clone, "preview").stdout
    assert changed_files(clone) == before
