"""TLS is checked, nothing turns it off, the documented roles are enough, the lock is in step."""

from __future__ import annotations

import re
from pathlib import Path

from setup.engine.places import REPOSITORY
from tests.reliability import dependencies, least_roles, sinks, supply, trust
from tests.reliability.bench import Bench
from tests.support.local_cloud import LocalCloud


def test_a_certificate_of_another_authority_is_refused(bench: Bench, tmp_path: Path) -> None:
    other = LocalCloud(tmp_path)
    try:
        assert trust.wrong_authority(bench, other) == []
    finally:
        other.stop()


def test_a_certificate_for_another_host_is_refused(bench: Bench) -> None:
    assert trust.wrong_host(bench) == []


def test_no_setting_and_no_code_turns_tls_off() -> None:
    assert trust.no_way_around() == []


def test_a_stack_file_leads_no_credential_astray(bench: Bench, tmp_path: Path) -> None:
    assert sinks.hostile_settings(bench, tmp_path) == []


def test_a_listener_of_a_requests_own_gets_no_token(bench: Bench, tmp_path: Path) -> None:
    assert sinks.hostile_listener(bench, tmp_path) == []


def test_a_credential_in_the_wrong_variable_stays_unseen(bench: Bench) -> None:
    assert sinks.hostile_variables(bench) == []


def test_every_variable_that_the_plugin_reads_is_tried() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "provider").rglob("*.py"))
    read = set(re.findall(r"\"((?:YC|YANDEX_KEYS)_[A-Z_]+)\"", code))
    assert read == set(sinks.VARIABLES)


def test_the_deployers_token_is_in_no_state(bench: Bench) -> None:
    assert trust.credentials_in_states(bench) == []


def test_the_documented_roles_are_enough_and_none_can_be_left_out(bench: Bench) -> None:
    _, with_readers, _, keys_only = least_roles.deployers()
    assert least_roles.flaws(bench, with_readers) == []
    assert least_roles.flaws(bench, keys_only) == []


def test_readme_names_every_role_that_a_deployer_may_need() -> None:
    assert set(least_roles.documented()) == {
        "iam.serviceAccounts.admin",
        "iam.serviceAccounts.apiKeyAdmin",
        "resource-manager.admin",
        "lockbox.editor",
        "lockbox.admin",
        "kms.admin",
    }


def test_what_is_shipped_is_pinned_with_hashes() -> None:
    assert len(dependencies.locked()) > 30
    assert dependencies.flaws() == []
    assert dependencies.flaws(dependencies.DEVELOPMENT) == []


def test_both_locks_agree() -> None:
    assert dependencies.locked().items() <= dependencies.locked(dependencies.DEVELOPMENT).items()


def test_a_lock_out_of_step_is_noticed(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("pulumi==3.0.0 \\\n    --hash=sha256:" + "0" * 64 + "\nrequests==2.0.0 \\\n")
    found = dependencies.flaws(lock)
    assert any("requirements.txt wants pulumi==3.259.0, the lock has 3.0.0" in line for line in found)
    assert any("requests==2.0.0 \\ has no hash" in line for line in found)
    assert any("requests 2.0.0 is locked, and" in line for line in found)


def test_what_is_planted_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "engines").mkdir()
    assert supply.planted_engines(tmp_path / "engines") == []
    assert supply.planted_wheel(tmp_path / "wheel") == []
    assert supply.planted_command(tmp_path / "command") == []


def test_what_a_request_prints_of_its_job_shows_nothing(tmp_path: Path) -> None:
    assert supply.talkative_request(tmp_path / "request") == []


def test_the_workflows_are_as_their_linter_and_their_rules_want() -> None:
    rules, findings = supply.workflows()
    assert findings == []
    assert rules > 20
