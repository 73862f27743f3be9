"""The component in the package's schema is the stack file's account: other languages' programs say the same by the same names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from components import package_schema
from components.package_schema import COMPONENT, KEY, SCHEMA, laid_out, with_component
from components.spec import AccountSpec, KeySpec, VerifySpec

TEXT = SCHEMA.read_text(encoding="utf-8")
PACKAGE: dict[str, Any] = json.loads(TEXT)


def fields(model: type[BaseModel]) -> list[str]:
    return [str(field.alias or name) for name, field in model.model_fields.items()]


def required(model: type[BaseModel]) -> list[str]:
    return [str(field.alias or name) for name, field in model.model_fields.items() if field.is_required()]


def test_the_schema_is_fresh() -> None:
    assert laid_out(with_component(PACKAGE)) == TEXT, "run `make sdk`"


def test_writing_it_again_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    package_schema.main()
    assert capsys.readouterr().out == "schema.json is as it was\n"
    assert SCHEMA.read_text(encoding="utf-8") == TEXT


def test_its_inputs_are_those_of_an_account() -> None:
    component = PACKAGE["resources"][COMPONENT]
    assert component["isComponent"]
    assert list(component["inputProperties"]) == fields(AccountSpec)
    assert component["requiredInputs"] == required(AccountSpec)
    assert component["inputProperties"]["keys"]["items"]["$ref"] == f"#/types/{KEY}"
    assert list(PACKAGE["types"][KEY]["properties"]) == fields(KeySpec)
    assert PACKAGE["types"][KEY]["required"] == required(KeySpec)


def test_a_key_is_verified_by_the_same_call_as_a_resource_s() -> None:
    call = PACKAGE["types"]["yandex-keys:index:Verify"]
    assert list(call["properties"]) == fields(VerifySpec)
    assert call["required"] == required(VerifySpec)
    written = {"url": "https://translate.api.cloud.yandex.net/"}
    filled = VerifySpec.model_validate(written).model_dump(by_alias=True)
    assert filled == written | {name: of["default"] for name, of in call["properties"].items() if "default" in of}


def test_what_decides_which_resources_there_are_is_asked_for_in_plain_values() -> None:
    inputs = {**PACKAGE["resources"][COMPONENT]["inputProperties"], **PACKAGE["types"][KEY]["properties"]}
    assert {name for name, of in inputs.items() if not of.get("plain")} == {"folderId"}


def test_an_sdk_fills_no_default_in_so_that_errors_can_tell_what_was_written() -> None:
    inputs = {**PACKAGE["resources"][COMPONENT]["inputProperties"], **PACKAGE["types"][KEY]["properties"]}
    assert not [name for name, of in inputs.items() if "default" in of]
    assert inputs["rotateEvery"]["description"].endswith("By default 30d.")


def test_secrets_are_one_secret_output() -> None:
    outputs = PACKAGE["resources"][COMPONENT]["properties"]
    assert set(outputs) == {"serviceAccountId", "receipts", "secrets"}
    assert [name for name, of in outputs.items() if of.get("secret")] == ["secrets"]
