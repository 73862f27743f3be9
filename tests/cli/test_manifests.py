"""Manifests of `yckeys consume` are what a cluster takes: by the operator's own resource definitions, in which nothing unknown may stand."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.cli.conftest import Yckeys
from tools.go_command import CommandMissing
from tools.kubernetes_schemas import external_secrets

Manifest = dict[str, Any]
_KINDS = {"SecretStore": "secretstores", "ExternalSecret": "externalsecrets"}


def closed(schema: Any) -> Any:
    """The schema with no room for fields that it doesn't name: a cluster drops such a field, or refuses it by strict validation."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    open_on_purpose = "additionalProperties" in inner or inner.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(inner.get("properties"), dict) and inner.get("type") == "object" and not open_on_purpose:
        inner["additionalProperties"] = False
    return inner


def served(definition: Manifest, api_version: str) -> Any:
    """The schema of a version that the operator serves."""
    group, _, version = api_version.partition("/")
    assert definition["spec"]["group"] == group
    (found,) = (it for it in definition["spec"]["versions"] if it["name"] == version and it["served"])
    schema = found["schema"]["openAPIV3Schema"]
    # What every object has, a definition leaves to Kubernetes.
    schema["properties"]["metadata"] = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "maxLength": 253, "pattern": r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"}},
    }
    return closed(schema)


@pytest.fixture(scope="module")
def problems() -> Callable[[Manifest], list[str]]:
    """What a cluster has against a manifest. A test downloads nothing: it is skipped where the definitions weren't fetched before."""
    try:
        files = {
            kind: external_secrets.definition(plural, os.environ, download=False) for kind, plural in _KINDS.items()
        }
    except CommandMissing as error:
        pytest.skip(str(error))
    definitions = {kind: yaml.safe_load(file.read_text()) for kind, file in files.items()}

    def found(manifest: Manifest) -> list[str]:
        schema = served(copy.deepcopy(definitions[manifest["kind"]]), manifest["apiVersion"])
        return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(manifest)]

    return found


def manifests(yckeys: Yckeys, key: str) -> list[Manifest]:
    ended = yckeys("consume", key, "--for", "external-secrets")
    assert ended.code == 0, ended.errors
    return list(yaml.safe_load_all(ended.out))


@pytest.mark.parametrize(
    "key", ["prod/translator/default", "prod/webshop/mailer", "staging/translator-staging/default"]
)
def test_a_cluster_takes_the_manifests_of_external_secrets(
    yckeys: Yckeys, problems: Callable[[Manifest], list[str]], key: str
) -> None:
    written = manifests(yckeys, key)
    assert [it["kind"] for it in written] == ["SecretStore", "ExternalSecret"]
    assert [problem for it in written for problem in problems(it)] == []


@pytest.mark.parametrize(
    ("kind", "path", "wrong"),
    [
        ("SecretStore", ("spec", "provider", "yandexlockbox", "auth", "authorisedKeySecretRef"), {"name": "yc-auth"}),
        ("SecretStore", ("spec", "provider", "vault"), {}),
        ("ExternalSecret", ("spec", "refreshinterval"), "1h"),
        ("ExternalSecret", ("spec", "data"), [{"secretKey": "a", "remoteRef": {"property": "api_key"}}]),
        ("ExternalSecret", ("spec", "secretStoreRef", "kind"), "Store"),
        ("ExternalSecret", ("metadata", "name"), "Translator_Default"),
    ],
)
def test_a_slip_in_a_manifest_is_told(
    yckeys: Yckeys, problems: Callable[[Manifest], list[str]], kind: str, path: tuple[str, ...], wrong: object
) -> None:
    (manifest,) = (it for it in manifests(yckeys, "prod/translator/default") if it["kind"] == kind)
    at = manifest
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = wrong
    assert problems(manifest) != []
