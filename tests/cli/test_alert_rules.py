"""The alert rules by Prometheus' own judge: `alert_rules.yml` beside this file says what raises each, when, and in which words."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from setup.engine.places import REPOSITORY
from tools.go_command import CommandMissing
from tools.promtool import command

RULES = REPOSITORY / "cli" / "monitoring" / "alerts.yml"
TESTS = Path(__file__).with_name("alert_rules.yml")


@pytest.fixture(scope="module")
def promtool() -> Path:
    """A test downloads nothing: it is skipped where promtool was neither built before nor installed. A parser judges the rules in
    `test_metrics.py` all the same."""
    try:
        return command.build(os.environ, download=False)
    except CommandMissing as error:
        installed = shutil.which("promtool")
        if installed is None:
            pytest.skip(str(error))
        return Path(installed)


def judged(promtool: Path, folder: Path, rules: str, story: str = "") -> tuple[int, str]:
    """How promtool ends on these rules, and what it says: on all that `alert_rules.yml` tells, or on one of it."""
    (folder / "alerts.yml").write_text(rules)
    shutil.copy(TESTS, folder)
    done = subprocess.run(
        [promtool, "test", "rules", f"--run=^{story}", str(folder / TESTS.name)],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_each_alert_is_raised_by_what_it_is_for_in_its_own_words(promtool: Path, tmp_path: Path) -> None:
    code, said = judged(promtool, tmp_path, RULES.read_text())
    assert code == 0, said


def test_the_rules_are_of_prometheus_form(promtool: Path) -> None:
    done = subprocess.run(
        [promtool, "check", "rules", "--lint=all", "--lint-fatal", str(RULES)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("before", "after", "story"),
    [
        (
            "yckeys_key_expires_timestamp_seconds < time()",
            "yckeys_key_expires_timestamp_seconds > time()",
            "a key that has ended",
        ),
        ("> 2 * 86400\n        for: 1h", "> 2 * 86400", "a rotation that doesn't come"),
        ('severity="error"', 'severity="warning"', "errors of an audit"),
        ("{{ $labels.account }}/{{ $labels.key }}", "{{ $labels.key }}", "a key that has ended"),
        ("or absent(yckeys_collected_timestamp_seconds)", "", "figures that never came"),
    ],
)
def test_a_rule_that_is_wrong_is_told(promtool: Path, tmp_path: Path, before: str, after: str, story: str) -> None:
    """By the story that it spoils; the others, of days of figures, take promtool seconds."""
    rules = RULES.read_text()
    assert before in rules
    assert judged(promtool, tmp_path, rules.replace(before, after), story)[0] == 1


def test_no_alert_is_without_a_test() -> None:
    named = {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}
    tests = yaml.safe_load(TESTS.read_text())["tests"]
    raised = {it["alertname"] for test in tests for it in test["alert_rule_test"] if it["exp_alerts"]}
    quiet = {it["alertname"] for test in tests for it in test["alert_rule_test"] if not it["exp_alerts"]}
    assert named == raised == quiet
