"""`Construct` makes what this project's own program makes of the same account; what can't be used is told with its paths, and no value of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import alias_pb2
from pulumi.runtime.proto.provider_pb2 import ConstructRequest
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_ON_THE_WIRE

from components.service_account_keys import ServiceAccountKeys
from provider.yandex_keys import construct
from provider.yandex_keys.component import _alias as alias_of
from provider.yandex_keys.component import declare
from provider.yandex_keys.construct import Constructions
from provider.yandex_keys.errors import Cancelled, ConfigurationError, InvalidInput
from provider.yandex_keys.properties import write
from tests.components.declared import Declared, run

ACCOUNT: dict[str, Any] = {
    "name": "translator",
    "readers": ["self"],
    "kmsKey": True,
    "labels": {"team": "support"},
    "keys": [
        {"name": "default", "uses": ["translate"], "verify": {"url": "https://example.test/", "expectStatus": 204}},
        {"name": "nightly", "uses": ["vision"], "deliver": "output", "rotateEvery": "14d"},
    ],
}


def given(values: Mapping[str, Any]) -> dict[str, PropertyValue]:
    """Plain values as a program of another language gives them."""
    return PropertyValue.unmarshal_map(write(values))


GIVEN = given(ACCOUNT)


def made(inputs: Mapping[str, PropertyValue]) -> Declared:
    return run(lambda: declare("translator", inputs, pulumi.ResourceOptions()))


def problems(**fields: PropertyValue) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        declare("translator", {**GIVEN, **fields}, pulumi.ResourceOptions())
    return dict(refused.value.problems)


def test_it_makes_what_the_class_of_this_project_s_program_makes() -> None:
    theirs, ours = made(GIVEN), run(lambda: ServiceAccountKeys("translator", ACCOUNT))
    assert theirs.inputs == ours.inputs
    assert theirs.urns == ours.urns
    assert theirs.outputs["translator"] == ours.outputs["translator"]


def test_every_problem_is_told_at_once_under_its_own_path() -> None:
    keys = [{"name": "a", "uses": ["transalte"], "overlap": "5"}, {"name": "a", "uses": ["vision"]}]
    told = problems(**given({"name": "Translator", "keys": keys, "colour": "red"}))
    assert set(told) == {"name", "keys[0].uses[0]", "keys[0].overlap", "keys[1].name", "colour"}
    assert told["keys[1].name"] == "'a' is the name of keys[0] (a) already: give each key of this account its own name"


def test_a_value_that_is_not_known_yet_is_named() -> None:
    reader = PropertyValue([PropertyValue("self"), PropertyValue(UNKNOWN_ON_THE_WIRE)])
    (path,) = problems(readers=reader)
    assert path == "readers[1]"


def test_a_secret_is_refused_and_not_repeated() -> None:
    key = {"name": PropertyValue("leaked"), "uses": PropertyValue([PropertyValue("translate").with_secret(True)])}
    told = problems(keys=PropertyValue([PropertyValue(key)]))
    assert list(told) == ["keys[0].uses[0]"]
    assert "a secret, and nothing there is one" in told["keys[0].uses[0]"]
    assert "translate" not in str(told)


def test_a_folder_may_be_another_resource_s_output() -> None:
    folder = PropertyValue("b1gmade", dependencies=["urn:pulumi:test::p::a:b:C::folder"])
    declared = made({**GIVEN, "folderId": folder})
    assert declared.inputs["IamServiceAccount", "translator"]["folderId"] == "b1gmade"
    assert "folder" in declared.depends_on("IamServiceAccount", "translator")


def test_a_folder_that_is_not_known_yet_is_left_open() -> None:
    declared = run(
        lambda: declare(
            "translator", {**GIVEN, "folderId": PropertyValue(UNKNOWN_ON_THE_WIRE)}, pulumi.ResourceOptions()
        ),
        preview=True,
    )
    assert declared.inputs["LockboxSecret", "translator/default"].get("folderId") in (None, pulumi.UNKNOWN)


@pytest.mark.parametrize(
    "nothing", [PropertyValue(None), PropertyValue(None, dependencies=["urn:pulumi:test::p::a:b:C::it"])]
)
def test_no_folder_is_the_provider_s(nothing: PropertyValue) -> None:
    declared = made({**GIVEN, "folderId": nothing})
    assert "folderId" not in declared.inputs["LockboxSecret", "translator/default"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"name": "before"}, {"name": "before"}),
        (
            {"type": "a:b:C", "parentUrn": "urn:pulumi:test::p::a:b:C::it"},
            {"type_": "a:b:C", "parent": "urn:pulumi:test::p::a:b:C::it"},
        ),
        ({"noParent": True}, {"parent": None}),
        ({"stack": "other", "project": "there"}, {"stack": "other", "project": "there"}),
    ],
)
def test_an_alias_reaches_the_component(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    alias = alias_of(alias_pb2.Alias(spec=alias_pb2.Alias.Spec(**given)))
    assert isinstance(alias, pulumi.Alias)
    assert {name: value for name, value in vars(alias).items() if value is not ...} == wanted


def test_an_alias_by_urn_is_that_urn() -> None:
    assert alias_of(alias_pb2.Alias(urn="urn:pulumi:test::p::a:b:C::it")) == "urn:pulumi:test::p::a:b:C::it"


def test_a_plugin_that_makes_no_component_loads_nothing_for_it() -> None:
    program = (
        "import sys; sys.path.insert(0, 'provider')\n"
        "from yandex_keys import sdk_internals, server\n"
        "heavy = ('pydantic', 'components', 'pulumi_yandex', 'pulumi.provider.experimental.server')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_a_plugin_without_the_component_s_folder_says_where_it_has_to_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(construct, "_REPOSITORY", tmp_path)
    with pytest.raises(
        ConfigurationError, match=r"made by the folder `components`, and there is none in .*: take the plugin with"
    ):
        Constructions().construct(ConstructRequest(), "urn", "id")


def test_after_a_cancel_none_is_begun() -> None:
    constructions = Constructions()
    constructions.cancel()
    with pytest.raises(Cancelled, match="stopped, as asked"):
        constructions.construct(ConstructRequest(), "urn", "id")
