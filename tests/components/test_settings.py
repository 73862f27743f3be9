"""The settings reach the one provider, credentials among them stay secret, and the program says what is wrong before it declares."""

from __future__ import annotations

import asyncio
import gc
import json
import runpy
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.service_account_keys import ServiceAccountKeys
from components.settings import stack_provider
from provider.yandex_keys.settings import ENVIRONMENT_ONLY
from pulumi_yandex_keys import Provider
from tests.components.declared import Declared, run, secret_value

PROGRAM = str(Path(__file__).parents[2] / "__main__.py")
ACCOUNTS = [{"name": "translator", "keys": [{"name": "default", "uses": ["translate"], "deliver": "both"}]}]


def provider_of(config: Mapping[str, str], **options: Any) -> dict[str, Any]:
    written = {f"yandex-keys:{name}": value for name, value in config.items()}
    return run(lambda: stack_provider() and None, written, **options).inputs["yandex-keys", "yandex-keys"]


def run_program(monkeypatch: pytest.MonkeyPatch, config: Mapping[str, Any]) -> tuple[Declared, dict[str, Any]]:
    exports: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exports.__setitem__)
    # These are for a process of the program's own.
    monkeypatch.setattr(gc, "disable", lambda: None)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    # The SDK's mocks end the stack before the program starts; what it waits for is awaited with all else.
    monkeypatch.setattr(pulumi, "run", lambda program: asyncio.ensure_future(program()))
    written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in config.items()}
    return run(lambda: runpy.run_path(PROGRAM, run_name="__main__") and None, written), exports


def test_the_provider_has_what_a_default_provider_would_have() -> None:
    settings = {"endpoint": "127.0.0.1:443", "folderId": "b1gfolder", "cloudId": "", "asOf": "2026-01-01T00:00:00Z"}
    assert provider_of(settings) == settings


def test_what_is_not_set_is_left_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YC_FOLDER_ID", "b1gfolder")
    monkeypatch.setenv("YC_TOKEN", "t1.a")
    assert provider_of({}) == {}


def test_credentials_are_secret_and_so_is_what_the_stack_file_has_encrypted() -> None:
    settings = {"token": "t1.a", "serviceAccountKey": "key.json", "federatedToken": "oidc", "folderId": "b1gfolder"}
    inputs = provider_of(settings, secret=["yandex-keys:folderId", "yandex-keys:token"])
    assert {name: secret_value(value) for name, value in inputs.items()} == settings


def test_a_plugins_version_and_address_are_the_engines_business() -> None:
    def program() -> None:
        stack_provider()

    declared = run(
        program, {"yandex-keys:version": "1.2.3", "yandex-keys:pluginDownloadURL": "https://plugins.example"}
    )
    request = declared.requests["yandex-keys", "yandex-keys"]
    assert (request.version, request.pluginDownloadURL) == ("1.2.3", "https://plugins.example")
    assert declared.inputs["yandex-keys", "yandex-keys"] == {}


def test_every_resource_of_every_account_has_the_one_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = [{**ACCOUNTS[0], "kmsKey": True, "readers": ["self"]}, {**ACCOUNTS[0], "name": "interpreter"}]
    declared, exports = run_program(monkeypatch, {"api-keys:accounts": accounts, "yandex-keys:folderId": "b1gfolder"})
    providers = {which: request.provider for which, request in declared.requests.items() if request.custom}
    own = providers.pop(("yandex-keys", "yandex-keys"))
    assert own == ""
    assert {kind for kind, _ in providers} == {
        "IamServiceAccount",
        "ResourcemanagerFolderIamMember",
        "KmsSymmetricKey",
        "KmsSymmetricKeyIamBinding",
        "LockboxSecret",
        "LockboxSecretIamMember",
        "ApiKey",
    }
    assert set(providers.values()) == {f"{declared.urns['yandex-keys', 'yandex-keys']}::yandex-keys-id"}
    assert set(exports) == {"serviceAccounts", "receipts", "secrets"}
    assert set(exports["serviceAccounts"]) == {"translator", "interpreter"}
    assert set(exports["receipts"]) == {"translator/default", "interpreter/default"}


def test_a_program_of_somebody_elses_needs_no_provider_and_may_give_its_own() -> None:
    def program() -> None:
        ServiceAccountKeys("one", ACCOUNTS[0])
        ServiceAccountKeys("two", {**ACCOUNTS[0], "name": "interpreter"})
        mine = pulumi.ResourceOptions(provider=Provider("mine", folder_id="b1gmine"))
        ServiceAccountKeys("three", {**ACCOUNTS[0], "name": "reader"}, opts=mine)
        others = pulumi.ProviderResource("yandex", "others")
        outer = pulumi.ComponentResource("mine:index:Outer", "outer", opts=pulumi.ResourceOptions(providers=[others]))
        ServiceAccountKeys("four", {**ACCOUNTS[0], "name": "writer"}, opts=pulumi.ResourceOptions(parent=outer))

    declared = run(program, {"yandex-keys:folderId": "b1gfolder"})
    provider = {
        name.partition("/")[0]: request.provider.rpartition("::")[0].rpartition("::")[2]
        for (kind, name), request in declared.requests.items()
        if kind in ("IamServiceAccount", "ApiKey")
    }
    assert provider == {"one": "yandex-keys", "two": "yandex-keys", "three": "mine", "four": "yandex-keys"}


def test_each_program_has_a_provider_of_its_own() -> None:
    assert provider_of({"folderId": "b1gone"}) == {"folderId": "b1gone"}
    assert provider_of({"folderId": "b1gtwo"}) == {"folderId": "b1gtwo"}


def test_pulumi_yandexs_classes_still_ask_for_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    declared, _ = run_program(monkeypatch, {"api-keys:accounts": ACCOUNTS})
    assert declared.requests["IamServiceAccount", "translator"].version == "0.13.0"


AS_OF = "2026-12-24T03:00:00Z"


@pytest.mark.parametrize(
    ("config", "environment", "where"),
    [
        ({"asOf": AS_OF}, {}, "yandex-keys:asOf"),
        ({}, {"YANDEX_KEYS_AS_OF": AS_OF}, "YANDEX_KEYS_AS_OF"),
        ({"asOf": AS_OF, "endpoint": "api.example"}, {"YC_ENDPOINT": "127.0.0.1:1"}, "yandex-keys:asOf"),
        ({"asOf": AS_OF}, {"YC_ENDPOINT": "10.0.0.1:443"}, "yandex-keys:asOf"),
        ({"asOf": AS_OF, "endpoint": "localhost.example:443"}, {}, "yandex-keys:asOf"),
        ({"asOf": "2026-12-25"}, {}, "yandex-keys:asOf"),
        ({}, {"YANDEX_KEYS_AS_OF": "+30d"}, "YANDEX_KEYS_AS_OF"),
    ],
)
def test_an_update_as_of_another_time_is_refused_where_the_cloud_is_not_local(
    monkeypatch: pytest.MonkeyPatch, config: dict[str, str], environment: dict[str, str], where: str
) -> None:
    for variable in ("YC_ENDPOINT", "YANDEX_KEYS_AS_OF"):
        monkeypatch.setenv(variable, environment.get(variable, ""))
    written = {f"yandex-keys:{name}": value for name, value in config.items()}
    with pytest.raises(pulumi.RunError) as refused:
        run_program(monkeypatch, {"api-keys:accounts": ACCOUNTS, **written})
    (line,) = str(refused.value).splitlines()
    as_of = config.get("asOf") or environment["YANDEX_KEYS_AS_OF"]
    assert line.startswith(f"{where}: keys can't be changed as of {as_of}: ")
    assert provider_of(config, preview=True) == config


@pytest.mark.parametrize(
    ("config", "endpoint"),
    [
        ({"asOf": AS_OF, "endpoint": "127.0.0.1:8443"}, ""),
        ({"asOf": AS_OF}, "[::1]:8443"),
        ({"asOf": AS_OF}, "localhost:8443"),
        ({"asOf": AS_OF}, "https://no.endpoint"),  # the plugin refuses it, and says why
        ({"endpoint": "api.example:443"}, ""),
    ],
)
def test_an_update_on_a_local_cloud_may_be_as_of_another_time(
    monkeypatch: pytest.MonkeyPatch, config: dict[str, str], endpoint: str
) -> None:
    monkeypatch.setenv("YC_ENDPOINT", endpoint)
    monkeypatch.delenv("YANDEX_KEYS_AS_OF", raising=False)
    assert provider_of(config) == config


def test_the_program_refuses_a_wrong_stack_file_in_lines_and_declares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        run_program(monkeypatch, {"api-keys:accounts": [{"name": "No"}, 5], "api-keys:default": {}})
    assert str(refused.value).splitlines() == [
        "the stack file has 4 problems:",
        "  default: unknown setting under api-keys: did you mean defaults?",
        "  accounts[0].name: 'No' is shorter than 3 characters: "
        "use 3 to 63 of a-z, 0-9 and hyphens, a letter first and no hyphen last",
        "  accounts[0].keys: is missing: add `keys:`",
        "  accounts[1]: the number 5 where a mapping of fields belongs: write fields as `name: value`",
    ]


def test_a_setting_that_is_not_known_is_named_before_anything_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        run_program(monkeypatch, {"api-keys:accounts": ACCOUNTS, "yandex-keys:folder": "b1gfolder"})
    assert str(refused.value).splitlines() == [
        "the stack file has 1 problem:",
        "  yandex-keys:folder: unknown setting under yandex-keys: did you mean folderId?",
    ]


@pytest.mark.parametrize("name", ["rootCertificates", "tokenExchangeUrl"])
def test_what_only_the_environment_decides_is_refused_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        run_program(monkeypatch, {"api-keys:accounts": ACCOUNTS, f"yandex-keys:{name}": "https://evil.example"})
    assert str(refused.value).splitlines() == [
        "the stack file has 1 problem:",
        f"  yandex-keys:{name}: is taken from the environment only: take it out of the stack file, and set {ENVIRONMENT_ONLY[name]} where "
        "`pulumi` runs",
    ]


def test_every_setting_of_the_package_is_known_to_the_program() -> None:
    schema = json.loads((Path(PROGRAM).parent / "provider" / "yandex_keys" / "schema.json").read_text())
    every = dict.fromkeys(schema["config"]["variables"], "x")
    assert set(provider_of({**every, "endpoint": "127.0.0.1:443"})) == set(every)
    secret = {name for name, setting in schema["config"]["variables"].items() if setting.get("secret")}
    assert {name for name, value in provider_of(dict.fromkeys(secret, "x")).items() if secret_value(value)} == secret


@pytest.mark.parametrize("text", ["translator", "[1,2", "[" * 100_000, "1" * 5000])
def test_text_that_is_no_list_is_refused_in_lines(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(pulumi.RunError, match="accounts: "):
        run_program(monkeypatch, {"api-keys:accounts": text})


def test_the_program_stays_short() -> None:
    assert len(Path(PROGRAM).read_text(encoding="utf-8").splitlines()) <= 30
