"""docs/yckeys.md names every command, every option, every word of its answers, and shows what is printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.app import app
from cli.audit_settings import Limits, Suppression, audit_settings
from cli.consumers.kinds import Kind
from cli.exit_codes import ExitCode
from cli.findings import RULES
from cli.forecast import EventKind
from cli.inventory import KeyState
from setup.engine.places import REPOSITORY
from tests.cli.conftest import GOLDEN

PAGE = (REPOSITORY / "docs" / "yckeys.md").read_text(encoding="utf-8")
COMMANDS: dict[str, Any] = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
EVERYWHERE = {"--project", "--stack", "-s", "--help"}


def section(command: str) -> str:
    """What the page says of a command."""
    return PAGE.partition(f"\n## yckeys {command}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_is_on_the_page_and_no_other(command: str) -> None:
    known = {name for parameter in COMMANDS[command].params for name in (*parameter.opts, *parameter.secondary_opts)}
    options = {name for name in known if name.startswith("-")} - EVERYWHERE
    written = section(command)
    assert written
    assert {name for name in options if f"`{name}" not in written} == set()
    assert set(re.findall(r"`(--[a-z-]+)", written)) <= options | EVERYWHERE


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help_with_examples(command: str) -> None:
    assert COMMANDS[command].help
    assert f"yckeys {command}" in COMMANDS[command].epilog


def test_every_state_kind_and_exit_code_is_on_the_page() -> None:
    assert [state for state in KeyState if f"`{state}`" not in section("inventory")] == []
    assert [kind for kind in EventKind if f"`{kind}`" not in section("plan")] == []
    for code in ExitCode:
        assert f"\n| {int(code)} |" in PAGE


def test_every_figure_and_alert_is_on_the_page() -> None:
    written = section("metrics")
    figures = {it["name"] for it in json.loads((GOLDEN / "metrics.json").read_text(encoding="utf-8"))["samples"]}
    alerts = re.findall(r"alert: (\w+)", (REPOSITORY / "cli" / "monitoring" / "alerts.yml").read_text(encoding="utf-8"))
    assert [name for name in [*figures, *alerts] if f"`{name}`" not in written] == []


def test_every_kind_of_consumer_is_on_both_pages() -> None:
    consumers = (REPOSITORY / "docs" / "consumers.md").read_text(encoding="utf-8")
    for kind in Kind:
        assert f"`{kind}`" in section("consume"), kind
        assert f"`{kind}`" in consumers, kind


def test_every_rule_is_on_the_page_with_its_severity_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning|note) \|", section("audit"), re.MULTILINE)
    assert dict(rows) == {rule.name: str(rule.severity) for rule in RULES.values()}


def test_the_config_file_on_the_page_is_right_and_names_every_setting(tmp_path: Path) -> None:
    (written,) = re.findall(r"```yaml\n(.*?)```", section("audit"), re.DOTALL)
    (tmp_path / "yckeys.yaml").write_text(written)
    read = audit_settings(tmp_path / "yckeys.yaml", True)
    assert read.limits == Limits().model_copy(update={"overdue": read.limits.overdue})
    settings = {field.alias or name for name, field in (Limits.model_fields | Suppression.model_fields).items()}
    assert [name for name in settings if f"{name}:" not in written] == []


@pytest.mark.parametrize(
    ("command", "items"),
    [
        ("inventory", "keys"),
        ("plan", "events"),
        ("audit", "findings"),
        ("check", "problems"),
        ("explain", "life"),
        ("consume", "files"),
        ("leaked", "leaks"),
        ("adopt", "keys"),
        ("metrics", "samples"),
        ("report", "counts"),
    ],
)
def test_every_field_of_the_json_is_on_the_page(command: str, items: str) -> None:
    answer = json.loads((GOLDEN / f"{command}.json").read_text(encoding="utf-8"))
    listed = answer[items] if isinstance(answer[items], list) else [answer[items]]
    fields = {name for item in listed for name in item}
    fields |= {name for item in listed for name in (item.get("delivered") or {})}
    fields |= answer.keys() - {"version", "command", "at", "stacks"}
    written = section(command)
    assert [name for name in [items, *sorted(fields)] if f"`{name}`" not in written] == []


@pytest.mark.parametrize(
    "shown", ["inventory-120.txt", "plan.txt", "audit.txt", "explain.txt", "check.txt", "consume-functions.txt"]
)
def test_what_the_page_shows_is_printed(shown: str) -> None:
    printed = (GOLDEN / shown).read_text(encoding="utf-8").splitlines()
    (example,) = re.findall(
        r"```console\n\$ .*\n((?:.*\n)*?)```", section(shown.partition("-")[0].removesuffix(".txt"))
    )
    assert [line for line in example.splitlines() if line not in (*printed, "…", "")] == []
