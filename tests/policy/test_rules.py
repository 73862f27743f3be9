"""What each policy finds wrong with a resource, and what it lets pass."""

from __future__ import annotations

import re
from typing import Any

import pytest

from policy.rules import ACCOUNT, RULES, stack_of
from setup.engine.places import REPOSITORY

KEY = {"lifetime": "30d", "scopes": ["yc.ai.translate.execute"], "exposeSecret": False}


def violations(
    name: str, properties: dict[str, Any], settings: dict[str, Any] | None = None, stack: str = "prod", kind: str = ""
) -> str:
    """By the first of the policy's types, unless another is given."""
    judged = kind or next(iter(RULES[name].judges))
    return "\n".join(RULES[name].violations(judged, properties, settings or {}, stack))


@pytest.mark.parametrize(("lifetime", "longest"), [("30d", "30d"), ("720h", "30d"), ("15m", "1d")])
def test_a_key_that_lives_as_long_as_is_allowed_passes(lifetime: str, longest: str) -> None:
    assert violations("maximum-lifetime", {**KEY, "lifetime": lifetime}, {"lifetime": longest}) == ""


def test_a_key_that_lives_longer_is_told_the_longest_lifetime() -> None:
    told = violations("maximum-lifetime", {**KEY, "lifetime": "721h"}, {"lifetime": "30d"})
    assert told == (
        "lifetime 721h is longer than 30d: write lifetime 30d or less, with rotateEvery + overlap within it"
    )


def test_without_a_config_ninety_days_are_the_longest() -> None:
    assert violations("maximum-lifetime", {**KEY, "lifetime": "90d"}) == ""
    assert violations("maximum-lifetime", {**KEY, "lifetime": "91d"}).startswith("lifetime 91d is longer than 90d")


@pytest.mark.parametrize("stack", ["prod", "prod-eu", "shop-prod"])
def test_in_production_a_secret_as_an_output_is_refused(stack: str) -> None:
    told = violations("no-output-delivery", {**KEY, "exposeSecret": True}, stack=stack)
    assert f"its secret is an output of stack {stack}" in told
    assert violations("no-output-delivery", KEY, stack=stack) == ""


@pytest.mark.parametrize("stack", ["dev", "product", "preprod"])
def test_elsewhere_a_secret_may_be_an_output(stack: str) -> None:
    assert violations("no-output-delivery", {**KEY, "exposeSecret": True}, stack=stack) == ""


def test_which_stacks_are_production_is_set_by_their_names() -> None:
    exposed = {**KEY, "exposeSecret": True}
    assert violations("no-output-delivery", exposed, {"stacks": ["live-*"]}, stack="live-eu")
    assert not violations("no-output-delivery", exposed, {"stacks": ["live-*"]}, stack="prod")


@pytest.mark.parametrize("name", RULES)
def test_a_policy_without_stacks_holds_nowhere(name: str) -> None:
    nobody = {"lifetime": "900d", "exposeSecret": True, "scopes": ["yc.x"], "member": "system:allUsers"}
    assert violations(name, nobody, {"stacks": [], "scopes": ["yc.y"], "readers": []}) == ""


@pytest.mark.parametrize("labels", [None, {}, {"team": "shop"}, {"owner": ""}])
def test_a_secret_that_nobody_answers_for_is_refused(labels: dict[str, str] | None) -> None:
    told = violations("owner-required", {"labels": labels})
    assert told == "no one answers for the keys of this Lockbox secret: name their owner (label `owner`)"


def test_an_owner_is_enough_where_no_list_of_owners_is_kept() -> None:
    assert violations("owner-required", {"labels": {"owner": "shop"}}) == ""


def test_an_owner_whom_nobody_knows_is_refused() -> None:
    owners = {"owners": ["*-team", "shop"]}
    assert violations("owner-required", {"labels": {"owner": "mail-team"}}, owners) == ""
    told = violations("owner-required", {"labels": {"owner": "me"}}, owners)
    assert told == "owner 'me' is none that policy allows: name another one, one of *-team, shop"


@pytest.mark.parametrize("told", [{}, {"owners": None}, {"owners": {}}])
def test_an_account_that_nobody_answers_for_is_refused(told: dict[str, Any]) -> None:
    assert violations("owner-required", told, kind=ACCOUNT) == (
        "no one answers for the keys of this account: name its `owner`"
    )


@pytest.mark.parametrize("told", [{"owner": "shop"}, {"owners": {"default": "shop"}}])
def test_an_account_or_its_keys_name_who_answers(told: dict[str, Any]) -> None:
    assert violations("owner-required", told, kind=ACCOUNT) == ""


def test_every_owner_of_an_account_s_keys_is_looked_at() -> None:
    told = violations("owner-required", {"owners": {"a": "shop", "b": "me"}}, {"owners": ["shop"]}, kind=ACCOUNT)
    assert told == "owner 'me' is none that policy allows: name another one, one of shop"


def test_a_policy_looks_at_no_resource_that_it_is_not_about() -> None:
    assert violations("maximum-lifetime", {**KEY, "lifetime": "900d"}, kind=ACCOUNT) == ""


def test_any_scope_passes_until_some_are_listed() -> None:
    assert violations("allowed-scopes", {**KEY, "scopes": ["yc.anything.execute"]}) == ""


def test_scopes_are_allowed_by_pattern_and_by_service() -> None:
    allowed = {"services": ["translate"], "scopes": ["yc.search-api.*"]}
    assert violations("allowed-scopes", KEY, allowed) == ""
    assert violations("allowed-scopes", {**KEY, "scopes": ["yc.search-api.execute"]}, allowed) == ""


def test_each_scope_that_is_not_allowed_is_named_with_what_is() -> None:
    scopes = ["yc.ai.translate.execute", "yc.postbox.send", "yc.logging.write"]
    told = violations("allowed-scopes", {**KEY, "scopes": scopes}, {"services": ["translate"], "scopes": ["yc.x.*"]})
    assert told.splitlines() == [
        "scope yc.postbox.send is not allowed: take it out; allowed are services translate and scopes yc.x.*",
        "scope yc.logging.write is not allowed: take it out; allowed are services translate and scopes yc.x.*",
    ]


def test_any_reader_passes_until_some_are_listed() -> None:
    assert violations("allowed-readers", {"member": "userAccount:aje1"}) == ""


def test_a_reader_who_is_not_allowed_is_named() -> None:
    readers = {"readers": ["serviceAccount:*", "group:aje2"]}
    assert violations("allowed-readers", {"member": "serviceAccount:aje1"}, readers) == ""
    assert violations("allowed-readers", {"member": "group:aje2"}, readers) == ""
    told = violations("allowed-readers", {"member": "userAccount:aje1"}, readers)
    assert told == (
        "userAccount:aje1 may not read it: take it out of `readers`; allowed are serviceAccount:*, group:aje2"
    )


def test_the_stack_is_told_by_a_resource_s_urn() -> None:
    urn = "urn:pulumi:prod-eu::api-keys::yandex-keys:index:ServiceAccountKeys$yandex-keys:index:ApiKey::shop/default"
    assert stack_of(urn) == "prod-eu"


def test_the_page_has_every_policy_with_its_settings() -> None:
    page = (REPOSITORY / "docs" / "policy.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|(.*)\|$", page, re.MULTILINE))
    assert rows.keys() == RULES.keys()
    for name, rule in RULES.items():
        for setting, declared in rule.all_settings().items():
            if setting == "stacks" and declared.default == ("*",):
                continue
            assert f"`{setting}`" in rows[name]
            assert [it for it in declared.default if f"`{it}`" not in rows[name]] == []
