"""Mistakes of the pack's config file: all of them at once, each in a line with its place and what would be right."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from policy.rules import RULES
from policy.settings import problems
from setup.engine.places import REPOSITORY

POLICIES = {name: rule.all_settings() for name, rule in RULES.items()}


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"maximum-lifetim": {}}, "maximum-lifetim: there is no such policy: did you mean maximum-lifetime?"),
        (
            {"colour": {}},
            "colour: there is no such policy: there are allowed-readers, allowed-scopes, maximum-lifetime, "
            "no-output-delivery, owner-required",
        ),
        (
            {"maximum-lifetime": {"stakcs": ["prod"]}},
            "maximum-lifetime.stakcs: there is no such setting: did you mean stacks?",
        ),
        (
            {"maximum-lifetime": {"lifetime": "ninety days"}},
            "maximum-lifetime.lifetime: 'ninety days' is not a duration: "
            "write a whole number and a unit, such as 90d, 36h or 15m",
        ),
        (
            {"allowed-scopes": {"services": ["translate", "transalte"]}},
            "allowed-scopes.services: 'transalte' is no service: did you mean translate?",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_place_and_a_remedy(config: dict[str, Any], told: str) -> None:
    assert problems(config, POLICIES) == [told]


def test_every_mistake_is_told_at_once() -> None:
    config: dict[str, dict[str, Any]] = {
        "all": {},
        "nothing": {},
        "maximum-lifetime": {"lifetime": "0d", "x": 1},
        "allowed-scopes": {"y": 2},
    }
    assert len(problems(config, POLICIES)) == 4


def test_the_example_is_right_and_sets_every_policy() -> None:
    config = json.loads((REPOSITORY / "policy" / "config.json").read_text(encoding="utf-8"))
    assert config.keys() == RULES.keys()
    for policy in config.values():
        policy.pop("enforcementLevel", None)
    assert problems(config, POLICIES) == []


def test_what_may_be_set_is_a_schema_as_the_engine_wants_it() -> None:
    for settings in POLICIES.values():
        for name, setting in settings.items():
            jsonschema.Draft7Validator.check_schema(setting.schema())
            assert name != "enforcementLevel", "the engine's own word"
