"""The SDK's debug lines reach the events of `pulumi up --json`: they must not hold what a resource's properties hold."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.debug_lines import leave_out_unless_asked, withhold_values


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...]]]:
    lines: list[tuple[str, tuple[Any, ...]]] = []
    monkeypatch.setattr(pulumi.log, "debug", lambda msg, *more: lines.append((msg, more)))
    return lines


def test_properties_are_withheld_and_the_rest_of_the_line_stays(said: list[tuple[str, tuple[Any, ...]]]) -> None:
    withhold_values()
    pulumi.log.debug("resource registration successful: urn=u, props=fields { a secret }")
    pulumi.log.debug("no values here", None)
    assert said == [
        ("resource registration successful: urn=u, props=[withheld]", ()),
        ("no values here", (None,)),
    ]


def test_doing_it_twice_is_doing_it_once(said: list[tuple[str, tuple[Any, ...]]]) -> None:
    withhold_values()
    once = pulumi.log.debug
    withhold_values()
    assert pulumi.log.debug is once


def test_the_program_of_stack_files_sends_none(
    said: list[tuple[str, tuple[Any, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_OPTION_DEBUG", raising=False)
    leave_out_unless_asked()
    withhold_values()
    pulumi.log.debug("resource registration successful: urn=u, props=fields { a secret }")
    assert said == []


def test_where_they_are_asked_for_they_come_without_values(
    said: list[tuple[str, tuple[Any, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_OPTION_DEBUG", "true")
    leave_out_unless_asked()
    pulumi.log.debug("urn=u, props=fields { a secret }")
    assert said == [("urn=u, props=[withheld]", ())]
