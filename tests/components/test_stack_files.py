"""The stack files are right, their schema is the models' own, and the local one shows what there is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.spec import Spec, SpecError, parse
from components.stack_schema import main, stack_schema
from provider.yandex_keys.key_rules import parse_lifetime, parse_period, parse_wait

ROOT = Path(__file__).parents[2]
STACKS = ("local", "dev", "prod")
SCHEMA = stack_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def stack(name: str) -> dict[str, Any]:
    written: dict[str, Any] = yaml.safe_load((ROOT / f"stacks/Pulumi.{name}.yaml").read_text(encoding="utf-8"))
    return written


def spec(name: str) -> Spec:
    config = stack(name)["config"]
    return parse(config.get("api-keys:defaults"), config["api-keys:accounts"])


def test_the_schema_file_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    assert (ROOT / "stacks/schema.json").read_text(encoding="utf-8") == capsys.readouterr().out, (
        "run `python -m components.stack_schema > stacks/schema.json`"
    )


def test_the_schema_is_a_schema() -> None:
    draft = jsonschema.Draft202012Validator
    assert SCHEMA["$schema"] == draft.META_SCHEMA["$id"]
    assert list(draft(draft.META_SCHEMA).iter_errors(SCHEMA)) == []


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_file_is_right(name: str) -> None:
    assert list(VALIDATOR.iter_errors(stack(name))) == []
    assert spec(name).accounts


@pytest.mark.parametrize("name", STACKS)
def test_editors_find_the_schema(name: str) -> None:
    first = (ROOT / f"stacks/Pulumi.{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=schema.json"


@pytest.mark.parametrize(
    "config",
    [
        {"api-keys:accounts": [{"name": "translator", "keys": [{"name": "a", "uses": ["nothing"]}]}]},
        {"api-keys:accounts": [{"name": "Translator", "keys": []}]},
        {"api-keys:accounts": [{"name": "translator", "keys": [], "typo": 1}]},
        {"api-keys:accounts": [], "api-keys:typo": 1},
        {"api-keys:accounts": [], "yandex-keys:typo": "1"},
        {"api-keys:accounts": [], "yandex-keys:token": "a token in plain text"},
        {"api-keys:accounts": [{"name": "translator", "keys": [{"name": "a", "uses": ["vision"], "lifetime": 90}]}]},
        {},
    ],
)
def test_editors_mark_a_slip(config: dict[str, Any]) -> None:
    assert list(VALIDATOR.iter_errors({"config": config}))


@pytest.mark.parametrize(
    "config",
    [
        {"api-keys:accounts": [], "aws:region": "eu"},
        {"api-keys:accounts": [], "yandex-keys:token": {"secure": "v1:abc"}},
        {"api-keys:accounts": [], "yandex-keys:folderId": "b1g"},
    ],
)
def test_editors_accept_what_is_right(config: dict[str, Any]) -> None:
    assert list(VALIDATOR.iter_errors({"config": config, "encryptionsalt": "v1:abc"})) == []


@given(st.integers(0, 4000), st.sampled_from("dhms"), st.sampled_from(["", "0", "00"]))
def test_editors_and_the_program_agree_on_durations(count: int, unit: str, zeros: str) -> None:
    text = f"{zeros}{count}{unit}"
    # How long a period may be depends on the others; that a lifetime ends before 2105, and 4000d do, is for the program.
    assert marked({"lifetime": text}) == (not is_read(parse_lifetime, text))
    assert marked({"rotateEvery": text}) == marked({"overlap": text}) == (not is_read(parse_period, text))
    verify = {"url": "https://example.com/", "timeout": text}
    assert marked({"verify": verify}) == (not is_read(parse_wait, text))


def marked(defaults: dict[str, Any]) -> bool:
    """Whether an editor marks these defaults."""
    written = {"config": {"api-keys:defaults": defaults, "api-keys:accounts": []}}
    return next(VALIDATOR.iter_errors(written), None) is not None


def is_read(parse: Callable[[object], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", STACKS)
def test_no_credentials_are_written_into_a_stack_file(name: str) -> None:
    settings = {key for key in stack(name)["config"] if key.startswith("yandex-keys:")}
    assert settings <= {"yandex-keys:folderId", "yandex-keys:cloudId"}


def test_the_local_stack_has_no_address_in_it() -> None:
    text = (ROOT / "stacks/Pulumi.local.yaml").read_text(encoding="utf-8")
    assert not re.search(r"https?://|127\.0\.0\.1|localhost|:[0-9]{2,5}\b|yandex-keys:", text)


def test_the_local_stack_shows_both_deliveries_a_shared_secret_and_several_services() -> None:
    accounts = spec("local").accounts
    assert len(accounts) >= 3
    keys = [key for account in accounts for key in account.keys]
    assert {"lockbox", "output"} <= {key.deliver for key in keys}
    assert any(
        [account.secret_of(key) for key in account.keys].count(secret) > 1
        for account in accounts
        for secret in account.secrets
    )
    assert len({service for key in keys for service in key.uses}) >= 5


def test_each_local_account_may_read_its_own_secrets() -> None:
    for account in spec("local").accounts:
        assert not account.secrets or "self" in account.readers


def test_the_schema_refuses_nothing_that_the_program_accepts() -> None:
    with pytest.raises(SpecError):
        parse({"lifetime": "1d"}, [])  # a rule between fields, which the schema can't tell
    written = {"config": {"api-keys:defaults": {"lifetime": "1d"}, "api-keys:accounts": []}}
    assert list(VALIDATOR.iter_errors(written)) == []


def test_the_project_describes_its_settings() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert project["stackConfigDir"] == "stacks"
    assert {provider["name"]: provider["path"] for provider in project["plugins"]["providers"]} == {
        "yandex-keys": "provider",
        "yandex": "provider",
    }
    assert set(project["config"]) == {"defaults", "accounts"}
    assert all(setting["description"] for setting in project["config"].values())
