"""The examples in the schema, which are those of the documentation, declare what they say, in each language the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pulumi
import pytest
import yaml

from components.package_schema import COMPONENT
from components.spec import parse_account
from provider.yandex_keys.server import TYPES
from tests.components.declared import run

SCHEMA: Final = json.loads(
    (Path(__file__).parents[2] / "provider" / "yandex_keys" / "schema.json").read_text(encoding="utf-8")
)
RESOURCES: Final = sorted(token for token, it in SCHEMA["resources"].items() if not it.get("isComponent"))
Resources = dict[tuple[str, str], Any]
"""What an example declares: by type (its last part) and name, the inputs as the provider fills them in."""


def example(token: str, language: str) -> str:
    """The code of the one example that there is."""
    (code,) = re.findall(rf"```{language}\n(.*?)```", SCHEMA["resources"][token]["description"], re.DOTALL)
    return str(code)


def checked(kind: str, name: str, inputs: dict[str, Any]) -> Any:
    token = f"yandex-keys:index:{kind}"
    given = {"folderId": "b1gfolder", "name": name, **inputs} if kind == "LockboxSecret" else inputs
    # Numbers travel as floats; the provider makes whole ones of them again.
    given = {name: int(value) if isinstance(value, float) else value for name, value in given.items()}
    return TYPES[token].check(f"urn:pulumi:test::api-keys::{token}::{name}", {}, given, None)


def in_python(code: str) -> tuple[Resources, set[str]]:
    exports: dict[str, Any] = {}

    def program() -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(pulumi, "export", exports.__setitem__)
            exec(code, {})

    declared = run(program)
    return {which: checked(*which, inputs) for which, inputs in declared.inputs.items()}, set(exports)


def in_yaml(code: str) -> tuple[Resources, set[str]]:
    """The same of a YAML program; an id that it refers to is the one that `declared` gives."""
    program = yaml.safe_load(re.sub(r"\$\{([-\w]+)\.id\}", r"\1-id", code))
    found = {}
    for name, resource in program["resources"].items():
        package, kind = resource["type"].split(":")
        assert package == "yandex-keys"
        found[kind, name] = checked(kind, name, resource.get("properties", {}))
    for output in program.get("outputs", {}).values():
        reference = re.fullmatch(r"\$\{([-\w]+)\.(\w+)\}", output)
        if reference:
            kind = program["resources"][reference[1]]["type"].replace(":", ":index:")
            assert reference[2] in SCHEMA["resources"][kind]["properties"]
    return found, set(program.get("outputs", {}))


@pytest.mark.parametrize("token", [*RESOURCES, COMPONENT])
def test_a_resource_has_an_example_in_every_language(token: str) -> None:
    languages = re.findall(r"```(\w+)\n", SCHEMA["resources"][token]["description"])
    assert languages == ["typescript", "python", "go", "csharp", "java", "yaml"]


@pytest.mark.parametrize("token", RESOURCES)
def test_the_examples_of_a_resource_declare_the_same_in_python_and_yaml(token: str) -> None:
    resources, exports = in_python(example(token, "python"))
    assert token.rpartition(":")[2] in {kind for kind, _ in resources}
    assert (resources, exports) == in_yaml(example(token, "yaml"))


def test_the_component_s_example_declares_the_same_account_in_python_and_yaml() -> None:
    declared = run(lambda: exec(example(COMPONENT, "python"), {}))
    program = yaml.safe_load(example(COMPONENT, "yaml"))
    ((name, resource),) = program["resources"].items()
    assert resource["type"].replace(":", ":index:") == COMPONENT
    assert declared.inputs == {("ServiceAccountKeys", name): resource["properties"]}
    assert parse_account(resource["properties"]).name == name


def test_the_registry_s_page_shows_the_component_s_example_in_every_language() -> None:
    page = (Path(__file__).parents[2] / "docs" / "_index.md").read_text(encoding="utf-8")
    shown = re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL)
    assert shown == re.findall(r"```(\w+)\n(.*?)```", SCHEMA["resources"][COMPONENT]["description"], re.DOTALL)
    assert re.findall(r'chooser language "([\w,]+)"', page) == [",".join(language for language, _ in shown)]
