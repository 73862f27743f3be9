"""The package's schema says what the plugin does: SDKs, documentation and editors know nothing else of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from provider.yandex_keys.api_key.state import properties_of
from provider.yandex_keys.errors import InvalidInput
from provider.yandex_keys.run import Runtime
from provider.yandex_keys.server import SECRET_OUTPUTS, TYPES
from provider.yandex_keys.settings import SECRET_SETTINGS, SETTINGS
from tests.provider.emulated_cloud import EmulatedCloud
from tests.provider.examples import standing

SCHEMA: Final = json.loads(
    (Path(__file__).parents[2] / "provider" / "yandex_keys" / "schema.json").read_text(encoding="utf-8")
)
RESOURCES: Final = sorted(token for token, it in SCHEMA["resources"].items() if not it.get("isComponent"))
EVERY: Final[Mapping[str, Mapping[str, Any]]] = {
    "yandex-keys:index:ApiKey": {
        "serviceAccountId": "ajeaccount",
        "scopes": ["yc.ai.translate.execute"],
        "description": "Translates support tickets",
        "lifetime": "60d",
        "rotateEvery": "20d",
        "overlap": "5d",
        "spread": 20,
        "windows": [{"days": ["mon", "sun"], "from": "22:00", "to": "04:00", "timezone": "Europe/Moscow"}],
        "freezes": [{"from": "2026-12-20", "until": "2027-01-10T09:00:00+03:00", "why": "The end of the year"}],
        "reissue": "1",
        "compromised": ["ajeother"],
        "whenStillUsed": "retire",
        "lockbox": {"secretId": "e6qsecret", "secretEntry": "secret", "keyIdEntry": "id"},
        "exposeSecret": True,
        "verify": {"url": "https://ocr.api.cloud.yandex.net/", "method": "HEAD", "expectStatus": 204, "timeout": "5s"},
    },
    "yandex-keys:index:LockboxSecret": {
        "name": "translator",
        "folderId": "b1gfolder",
        "description": "Keys of the translator",
        "labels": {"team": "support"},
        "kmsKeyId": "abjkey",
        "deletionProtection": True,
    },
    "yandex-keys:index:LockboxSecretIamMember": {
        "secretId": "e6qsecret",
        "role": "lockbox.payloadViewer",
        "member": "serviceAccount:ajereader",
    },
}
"""For each resource: every input, with another value than its default."""
OTHERS: Final = {
    "lifetime": "61d",
    "rotateEvery": "21d",
    "overlap": "6d",
    "spread": 30,
    "windows": [{"from": "10:00", "to": "12:00", "timezone": "UTC"}],
    "freezes": [{"from": "2026-12-24", "until": "2026-12-27", "why": ""}],
    "whenStillUsed": "extend",
    "member": "serviceAccount:ajeother",
    "scopes": ["yc.ai.vision.execute"],
    "compromised": ["ajethird"],
    "lockbox": {"secretId": "e6qother"},
    "verify": {"url": "https://stt.api.cloud.yandex.net/"},
    "labels": {"team": "sales"},
}
"""Other values of those inputs that aren't just any text."""


def urn(token: str) -> str:
    return f"urn:pulumi:test::api-keys::{token}::it"


def checked(token: str, inputs: Mapping[str, Any], runtime: Runtime | None = None) -> Mapping[str, Any]:
    return TYPES[token].check(urn(token), {}, dict(inputs), runtime)


def inputs_of(token: str) -> dict[str, Any]:
    inputs: dict[str, Any] = SCHEMA["resources"][token]["inputProperties"]
    return inputs


def type_of(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The nested type that a property is of."""
    return SCHEMA["types"][schema["$ref"].removeprefix("#/types/")] if "$ref" in schema else None


def defaults_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}


def another(value: Any, name: str) -> Any:
    """A value of the same kind."""
    return not value if isinstance(value, bool) else OTHERS.get(name, "another")


def test_the_plugin_answers_for_every_resource_of_the_schema_and_for_no_other_of_the_package() -> None:
    assert {token for token in TYPES if token.startswith("yandex-keys:")} == set(RESOURCES)


@pytest.mark.parametrize("token", RESOURCES)
def test_a_resource_takes_the_schemas_inputs_and_no_others(token: str) -> None:
    assert set(EVERY[token]) == set(inputs_of(token))
    assert checked(token, EVERY[token]) == EVERY[token]
    for name, schema in inputs_of(token).items():
        assert (nested := type_of(schema)) is None or set(EVERY[token][name]) == set(nested["properties"])
    with pytest.raises(InvalidInput, match="colour: is not an input of"):
        checked(token, {**EVERY[token], "colour": "red"})


@pytest.mark.parametrize("token", RESOURCES)
def test_a_resource_requires_what_the_schema_requires(token: str) -> None:
    lacking = set()
    for name in EVERY[token]:
        try:
            checked(token, {other: value for other, value in EVERY[token].items() if other != name})
        except InvalidInput as error:
            lacking |= {path for path, _ in error.problems}
    # The folder may be named by the provider's settings as well.
    assert lacking - {"folderId"} == set(SCHEMA["resources"][token].get("requiredInputs", ()))


@pytest.mark.parametrize("token", RESOURCES)
def test_what_is_not_given_has_the_schemas_default(token: str) -> None:
    least: dict[str, Any] = {}
    for name, schema in inputs_of(token).items():
        nested = type_of(schema)
        if nested:
            least[name] = {each: EVERY[token][name][each] for each in nested["required"]}
        elif name == "folderId" or name in SCHEMA["resources"][token].get("requiredInputs", ()):
            least[name] = EVERY[token][name]
    filled = checked(token, least)
    # An empty text or list is none at all; a name is made up.
    added = {name: value for name, value in filled.items() if name not in {*least, "name"} and value not in ("", [])}
    assert added == defaults_of(inputs_of(token))
    for name, schema in inputs_of(token).items():
        nested = type_of(schema)
        assert not nested or filled[name] == {**least[name], **defaults_of(nested["properties"])}


@pytest.mark.parametrize("token", RESOURCES)
def test_a_change_replaces_where_the_schema_says_so(token: str, cloud: EmulatedCloud) -> None:
    inputs = dict(EVERY[token])
    state = dict(inputs)
    if token == "yandex-keys:index:ApiKey":
        state = properties_of(inputs, standing(), None)
    if token == "yandex-keys:index:LockboxSecret":
        state["deletionProtection"] = inputs["deletionProtection"] = False  # what is protected isn't replaced
    replacing = set()
    for name, value in inputs.items():
        wanted = checked(token, {**inputs, name: another(value, name)})
        runtime = cloud.runtime(YANDEX_KEYS_AS_OF=state.get("issuedAt", ""))
        changes = TYPES[token].diff(urn(token), "its-id", state, dict(wanted), runtime).changes
        assert any(path.partition(".")[0].partition("[")[0] == name for path in changes), name
        if any(change.replace for change in changes.values()):
            replacing.add(name)
    marked = {name for name, schema in inputs_of(token).items() if schema.get("willReplaceOnChanges")}
    assert replacing == marked


@pytest.mark.parametrize("token", RESOURCES)
def test_a_resource_has_the_schemas_outputs(token: str, cloud: EmulatedCloud) -> None:
    schema = SCHEMA["resources"][token]
    every = TYPES[token].preview(urn(token), None, dict(checked(token, EVERY[token])), cloud.runtime())
    assert set(every) == set(schema["properties"])
    needed = {*schema.get("requiredInputs", ()), "lockbox", "name", "folderId"}
    least = {name: value for name, value in EVERY[token].items() if name in needed}
    outputs = TYPES[token].preview(urn(token), None, dict(checked(token, least)), cloud.runtime())
    assert set(schema["required"]) <= set(outputs)


def test_outputs_and_settings_are_secret_where_the_schema_says_so() -> None:
    outputs = {
        name
        for token in RESOURCES
        for name, schema in SCHEMA["resources"][token]["properties"].items()
        if schema.get("secret")
    }
    assert outputs == SECRET_OUTPUTS
    settings = SCHEMA["provider"]["inputProperties"]
    assert settings == SCHEMA["config"]["variables"]
    # What a provider of pulumi-yandex's may be given as well.
    assert set(settings) == set(SETTINGS)
    assert {name for name, schema in settings.items() if schema.get("secret")} == set(SECRET_SETTINGS)
