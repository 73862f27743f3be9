"""The settings reach both packages, credentials among them stay secret, and the program says what is wrong before it declares."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.settings import YandexProvider, yandex_provider
from tests.components.declared import Declared, run, secret_value

PROGRAM = str(Path(__file__).parents[2] / "__main__.py")
ACCOUNTS = [{"name": "translator", "keys": [{"name": "default", "uses": ["translate"], "deliver": "both"}]}]


def provider_of(config: Mapping[str, str]) -> dict[str, Any]:
    def program() -> None:
        yandex_provider(pulumi.Config("yandex-keys"))

    return run(program, {f"yandex-keys:{name}": value for name, value in config.items()}).inputs["yandex", "yandex"]


def run_program(monkeypatch: pytest.MonkeyPatch, config: Mapping[str, Any]) -> tuple[Declared, dict[str, Any]]:
    exports: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exports.__setitem__)
    written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in config.items()}
    return run(lambda: runpy.run_path(PROGRAM, run_name="__main__") and None, written), exports


def test_the_settings_reach_the_yandex_package_by_upstreams_names() -> None:
    assert provider_of({"endpoint": "api.example:443", "folderId": "b1gfolder", "cloudId": "b1gcloud"}) == {
        "endpoint": "api.example:443",
        "folderId": "b1gfolder",
        "cloudId": "b1gcloud",
    }


def test_what_is_not_set_is_left_to_the_environment() -> None:
    assert provider_of({}) == {}


def test_credentials_are_secret_there_too() -> None:
    inputs = provider_of({"token": "t1.a", "serviceAccountKey": "key.json", "federatedToken": "oidc"})
    assert {name: secret_value(value) for name, value in inputs.items()} == {
        "token": "t1.a",
        "serviceAccountKeyFile": "key.json",
        "federatedToken": "oidc",
    }


def test_settings_that_upstream_does_not_know_are_there_only_where_they_are_set() -> None:
    assert set(provider_of({"rootCertificates": "ca.pem"})) == {"rootCertificates"}


def test_the_yandex_provider_asks_for_pulumi_yandexs_own_version() -> None:
    declared = run(lambda: yandex_provider(pulumi.Config("yandex-keys")) and None)
    assert declared.requests["yandex", "yandex"].version == "0.13.0"
    assert issubclass(YandexProvider, pulumi.ProviderResource)


def test_the_program_declares_the_accounts_with_the_settings_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    declared, exports = run_program(monkeypatch, {"api-keys:accounts": ACCOUNTS, "yandex-keys:folderId": "b1gfolder"})
    provider = declared.urns["yandex", "yandex"]
    assert declared.requests["IamServiceAccount", "translator"].provider.startswith(provider)
    assert not declared.requests["ApiKey", "translator/default"].provider
    assert set(exports) == {"receipts", "secrets"}
    assert set(exports["receipts"]) == set(exports["secrets"]) == {"translator/default"}


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


def test_every_setting_of_the_package_is_known_to_the_program() -> None:
    schema = json.loads((Path(PROGRAM).parent / "provider" / "yandex_keys" / "schema.json").read_text())
    every = dict.fromkeys(schema["config"]["variables"], "x")
    assert len(provider_of(every)) == len(every)


@pytest.mark.parametrize("text", ["translator", "[1,2", "[" * 100_000, "1" * 5000])
def test_text_that_is_no_list_is_refused_in_lines(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(pulumi.RunError, match="accounts: "):
        run_program(monkeypatch, {"api-keys:accounts": text})


def test_the_program_stays_short() -> None:
    assert len(Path(PROGRAM).read_text(encoding="utf-8").splitlines()) <= 30
