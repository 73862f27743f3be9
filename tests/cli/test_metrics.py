"""`yckeys metrics`: figures that Prometheus reads, and alerts that are raised by what they are for and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from setup.engine.places import REPOSITORY
from tests.cli.conftest import Yckeys, changed_outputs
from tests.cli.promql import Figures, evaluated, figures_of, names_in
from tests.cli.recorded_cloud import MOMENT

Golden = Callable[[str, str], None]
DAY = 86_400
NOW = datetime.fromisoformat(MOMENT).timestamp()
MONITORING = REPOSITORY / "cli" / "monitoring"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for rule in yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]
}


def figures(yckeys: Yckeys, *arguments: str) -> Figures:
    ended = yckeys("metrics", *arguments)
    assert ended.code == 0, ended.errors
    return figures_of(ended.out)


def note_run(yckeys: Yckeys, stack: str, at: float, result: str = "succeeded", kind: str = "update") -> None:
    """A run in the history of the copy's backend, as the engine writes it."""
    folder = yckeys.folder / "state" / ".pulumi" / "history" / "api-keys" / stack
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{stack}-{int(at * 1e9)}.history.json"
    file.write_text(json.dumps({"kind": kind, "result": result, "startTime": int(at) - 9, "endTime": int(at)}))


def raised(rule: str, of: Figures, now: float = NOW) -> list[dict[str, str]]:
    """The labels of what the alert is raised for."""
    return [dict(labels) for labels in evaluated(RULES[rule]["expr"], of, now)]


def test_prometheus_reads_the_text(own_copy: Yckeys, golden: Golden) -> None:
    note_run(own_copy, "prod", NOW - DAY)
    golden("metrics.prom", own_copy("metrics").out)
    read = figures(own_copy)
    assert sum(read["yckeys_keys"].values()) == 8
    assert read["yckeys_collected_timestamp_seconds"] == {frozenset(): int(NOW)}


def test_a_textfile_is_written_whole_and_readable_by_a_collector(yckeys: Yckeys, tmp_path: Path) -> None:
    file = tmp_path / "yckeys.prom"
    file.write_text("old")
    ended = yckeys("metrics", "--textfile", str(file))
    assert (ended.code, ended.out) == (0, "")
    assert figures_of(file.read_text()) == figures(yckeys)
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]


def test_a_textfile_that_can_t_be_written_is_said(yckeys: Yckeys, tmp_path: Path) -> None:
    ended = yckeys("metrics", "--textfile", str(tmp_path / "none" / "yckeys.prom"))
    assert ended.code == 3
    assert "can't be written" in ended.errors


def test_json_has_the_documented_shape(yckeys: Yckeys, golden: Golden) -> None:
    golden("metrics.json", yckeys("metrics", "--json", "--stack", "staging").out)


def test_labels_are_escaped(own_copy: Yckeys) -> None:
    with changed_outputs(own_copy, "IamServiceAccount::translator") as outputs:
        outputs["name"] = 'a "b" \\ c\nd'
    labels = {dict(it)["account"] for it in figures(own_copy)["yckeys_key_generation"]}
    assert 'a "b" \\ c\nd' in labels


def test_the_last_successful_run_is_no_failed_one_and_no_refresh(own_copy: Yckeys) -> None:
    note_run(own_copy, "prod", NOW - 5 * DAY)
    note_run(own_copy, "prod", NOW - 4 * DAY)
    note_run(own_copy, "prod", NOW - 3 * DAY, result="failed")
    note_run(own_copy, "prod", NOW - 2 * DAY, kind="refresh")
    assert figures(own_copy)["yckeys_stack_last_successful_run_timestamp_seconds"] == {
        frozenset({("stack", "prod")}): int(NOW - 4 * DAY)
    }


def test_findings_in_the_cloud_count_where_it_is_looked_into(yckeys: Yckeys) -> None:
    def outside(of: Figures) -> dict[str, float]:
        wanted = {("stack", ""), ("severity", "error")}
        return {dict(it)["owner"]: n for it, n in of["yckeys_findings"].items() if wanted <= it}

    assert outside(figures(yckeys)) == {}
    assert outside(figures(yckeys, "--cloud")) == {"": 1, "support-team": 2}


def test_every_rule_asks_for_figures_that_there_are(own_copy: Yckeys) -> None:
    note_run(own_copy, "prod", NOW)
    known = figures(own_copy, "--cloud").keys()
    for name, rule in RULES.items():
        assert names_in(rule["expr"]) <= known, name
        assert rule["annotations"].keys() == {"summary", "remedy"}, name
        assert rule["labels"]["severity"] in ("warning", "critical"), name


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_healthy_stack_raises_nothing(own_copy: Yckeys, name: str) -> None:
    note_run(own_copy, "prod", NOW - DAY)
    assert raised(name, figures(own_copy, "--stack", "prod")) == []


def test_a_rotation_that_doesn_t_come_is_told_before_the_key_ends(yckeys: Yckeys) -> None:
    of = figures(yckeys)
    staging = {"stack": "staging", "account": "translator-staging", "key": "default", "owner": ""}
    assert raised("YckeysRotationOverdue", of) == [staging]
    assert raised("YckeysKeyExpiresSoon", of) == []
    (ends,) = (
        value for labels, value in of["yckeys_key_expires_timestamp_seconds"].items() if ("stack", "staging") in labels
    )
    assert staging in raised("YckeysKeyExpiresSoon", of, ends - 2 * DAY)
    assert staging in raised("YckeysKeyExpired", of, ends + 1)
    assert staging not in raised("YckeysKeyExpired", of, ends - 1)


def test_a_stack_that_isn_t_run_is_told(own_copy: Yckeys) -> None:
    note_run(own_copy, "prod", NOW - 2 * DAY)
    of = figures(own_copy)
    assert raised("YckeysStackNotRun", of) == []
    assert raised("YckeysStackNotRun", of, NOW + 2 * DAY) == [{"stack": "prod"}]


def test_errors_of_an_audit_are_told(yckeys: Yckeys) -> None:
    assert raised("YckeysFindings", figures(yckeys)) == [{"stack": "staging", "owner": "", "severity": "error"}]


def test_figures_that_nobody_renews_or_that_are_gone_are_told(yckeys: Yckeys) -> None:
    of = figures(yckeys)
    assert raised("YckeysMetricsStale", of) == []
    assert raised("YckeysMetricsStale", of, NOW + 3 * DAY) == [{}]
    assert raised("YckeysMetricsStale", {}) == [{}]


def test_the_dashboard_asks_for_figures_that_there_are(own_copy: Yckeys) -> None:
    note_run(own_copy, "prod", NOW)
    known = figures(own_copy, "--cloud").keys()
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(expressions) == len(dashboard["panels"]) > 5
    for expression in expressions:
        assert names_in(expression) <= known, expression
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_figures_of_keys_and_findings_carry_the_owner(yckeys: Yckeys) -> None:
    of = figures(yckeys, "--cloud")
    owners = {(dict(it)["account"], dict(it)["key"]): dict(it)["owner"] for it in of["yckeys_key_generation"]}
    assert owners["translator", "nightly"] == "data-team"
    assert (owners["webshop", "mailer"], owners["translator-staging", "default"]) == ("shop", "")
    counted = {
        (dict(it)["stack"], dict(it)["owner"], dict(it)["severity"]): n for it, n in of["yckeys_findings"].items()
    }
    assert counted["prod", "shop", "warning"] > 0
    # Also where there are none, so that an alert ends.
    assert counted["prod", "data-team", "error"] == 0


def test_the_dashboard_shows_one_owner_s_keys_or_everybody_s(yckeys: Yckeys) -> None:
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    (owner,) = (it for it in dashboard["templating"]["list"] if it["name"] == "owner")
    assert owner["allValue"] == ".*"  # a list of all owners would leave out keys that have none
    owned = {name for name, series in figures(yckeys).items() if any("owner" in dict(labels) for labels in series)}
    assert len(owned) > 3
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    for expression in expressions:
        assert bool(names_in(expression) & owned) == ('owner=~"$owner"' in expression), expression
