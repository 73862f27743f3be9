"""The typed classes and the package's schema say the same, both ways: names, kinds, what is needed, what is secret."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import _types

from components import resources
from components.resources.provider import SECRET_SETTINGS

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "provider/yandex_keys/schema.json").read_text(encoding="utf-8")
)
SCALARS = {"string": str, "integer": int, "boolean": bool}


def class_of(token: str) -> Any:
    return getattr(resources, token.rpartition(":")[2])


def args_of(token: str) -> Any:
    return getattr(resources, f"{token.rpartition(':')[2]}Args")


def properties(cls: Any) -> dict[str, Any]:
    """Each property's kind by its wire name, as Pulumi itself reads the class: unwrapped of Input, Output and None."""
    return {name: plain(kind) for name, kind in _types._types_from_py_properties(cls).items() if name != "id"}


def plain(kind: Any) -> Any:
    """`kind` with Input, Output and None taken off at every depth."""
    kind = _types.unwrap_type(kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    return origin[tuple(plain(argument) for argument in arguments)] if origin else kind


def wanted(schema: Mapping[str, Any], *, nested: bool) -> Any:
    """The kind that the schema names; `nested` is True for input types."""
    if "$ref" in schema:
        token = schema["$ref"].removeprefix("#/types/")
        return args_of(token) if nested else class_of(token)
    if schema["type"] == "array":
        return Sequence[wanted(schema["items"], nested=nested)]  # type: ignore[misc]
    if schema["type"] == "object":
        return Mapping[str, wanted(schema["additionalProperties"], nested=nested)]  # type: ignore[misc]
    return SCALARS[schema["type"]]


def optional(cls: Any) -> set[str]:
    """The wire names of the properties that may be None."""
    names = set()
    for _, wire_name, prop in _types._py_properties(cls):
        globalns = _types._globals_for_cls(cls)
        hint = typing.get_type_hints(prop.fget, globalns)["return"]
        arguments = typing.get_args(hint)
        if typing.get_origin(hint) is pulumi.Output:
            arguments = typing.get_args(arguments[0])
        if types.NoneType in arguments:
            names.add(wire_name)
    return names


RESOURCES = sorted(SCHEMA["resources"])
TYPES = sorted(SCHEMA["types"])


def test_every_resource_of_the_schema_has_its_class_and_no_class_is_without_schema() -> None:
    classes = {
        name
        for name in resources.__all__
        if issubclass(getattr(resources, name), pulumi.CustomResource) and name != "Provider"
    }
    assert classes == {token.rpartition(":")[2] for token in RESOURCES}


@pytest.mark.parametrize("token", RESOURCES)
def test_a_resource_takes_the_schemas_inputs(token: str) -> None:
    schema = SCHEMA["resources"][token]
    expected = {name: wanted(kind, nested=True) for name, kind in schema["inputProperties"].items()}
    assert properties(args_of(token)) == expected
    assert set(expected) - optional(args_of(token)) == set(schema.get("requiredInputs", ()))


@pytest.mark.parametrize("token", RESOURCES)
def test_a_resource_has_the_schemas_outputs(token: str) -> None:
    schema = SCHEMA["resources"][token]
    expected = {name: wanted(kind, nested=False) for name, kind in schema["properties"].items()}
    assert properties(class_of(token)) == expected
    assert set(expected) - optional(class_of(token)) == set(schema["required"])


@pytest.mark.parametrize("token", TYPES)
def test_a_nested_type_has_the_schemas_properties(token: str) -> None:
    schema = SCHEMA["types"][token]
    expected = {name: wanted(kind, nested=False) for name, kind in schema["properties"].items()}
    assert properties(class_of(token)) == expected
    assert set(expected) - optional(class_of(token)) == set(schema["required"])
    if f"{token.rpartition(':')[2]}Args" in resources.__all__:
        nested = {name: wanted(kind, nested=True) for name, kind in schema["properties"].items()}
        assert properties(args_of(token)) == nested
        assert set(nested) - optional(args_of(token)) == set(schema["required"])


def test_the_provider_takes_the_schemas_settings_and_marks_the_same_ones_secret() -> None:
    inputs = SCHEMA["provider"]["inputProperties"]
    assert properties(resources.ProviderArgs) == {name: wanted(kind, nested=True) for name, kind in inputs.items()}
    assert set(properties(resources.Provider)) == set(inputs)
    python_names = {wire: name for name, wire, _ in _types._py_properties(resources.ProviderArgs)}
    assert set(SECRET_SETTINGS) == {python_names[name] for name, kind in inputs.items() if kind.get("secret")}
