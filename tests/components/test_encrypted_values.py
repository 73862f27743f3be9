"""An encrypted value under `api-keys:` is refused with its path, and nothing of it is shown: it would be plain text in the state."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from components.settings import stack_spec
from components.spec import SpecError
from components.spec.encrypted import encrypted_places, encrypted_problems
from components.spec.problems import place
from tests.components.declared import run

SECURE: Final = {"secure": "v1:abc:def"}
RIGHT: Final = (
    "write it in plain text or leave it out; nothing there is a secret, and the state would hold it in plain text"
)
ACCOUNTS: Final = [
    {"name": "first", "keys": []},
    {
        "name": "second",
        "description": SECURE,
        "labels": {"team": SECURE, "odd key": SECURE},
        "keys": [
            {"name": "a", "uses": ["translate", SECURE], "verify": {"url": SECURE}},
            {"name": "b", "uses": ["translate"]},
        ],
    },
]
PATHS: Final = [
    "accounts[1] (second).description",
    "accounts[1] (second).labels.team",
    "accounts[1] (second).labels['odd key']",
    "accounts[1] (second).keys[0] (a).uses[1]",
    "accounts[1] (second).keys[0] (a).verify.url",
]


def project(root: Path, config: Any, folder: str = "stacks", kind: str = "yaml", stack: str = "test") -> Path:
    (root / folder).mkdir(parents=True, exist_ok=True)
    write: Callable[[Any], str]
    write = json.dumps if kind == "json" else lambda content: yaml.safe_dump(content, sort_keys=False)
    settings = {"name": "api-keys"} | ({"stackConfigDir": folder} if folder else {})
    (root / f"Pulumi.{kind}").write_text(write(settings))
    (root / folder / f"Pulumi.{stack}.{kind}").write_text(
        config if isinstance(config, str) else write({"config": config})
    )
    return root


def lines(root: Path, *settings: str, stack: str = "test") -> list[str]:
    return [str(problem) for problem in encrypted_problems(settings, root, stack)]


@pytest.mark.parametrize(("folder", "kind"), [("stacks", "yaml"), ("", "yaml"), ("conf/of", "yml"), ("stacks", "json")])
def test_each_encrypted_value_is_named_where_it_stands(tmp_path: Path, folder: str, kind: str) -> None:
    root = project(tmp_path, {"api-keys:accounts": ACCOUNTS, "yandex-keys:token": SECURE}, folder, kind)
    assert lines(root, "accounts") == [f"{path}: is encrypted: {RIGHT}" for path in PATHS]


def test_defaults_and_settings_that_are_encrypted_as_a_whole_are_named_too(tmp_path: Path) -> None:
    root = project(tmp_path, {"api-keys:accounts": SECURE, "api-keys:defaults": {"lifetime": SECURE}})
    assert lines(root, "accounts", "defaults") == [
        f"accounts: is encrypted: {RIGHT}",
        f"defaults.lifetime: is encrypted: {RIGHT}",
    ]


def test_a_stack_of_an_organization_has_its_file_under_its_own_name(tmp_path: Path) -> None:
    root = project(tmp_path, {"api-keys:accounts": SECURE})
    assert lines(root, "accounts", stack="organization/api-keys/test") == [f"accounts: is encrypted: {RIGHT}"]


@pytest.mark.parametrize(
    "content",
    ["", "config: [", "config: 5", "config: {api-keys:accounts: []}", "- a", "\x00", "[" * 5000, "config: {a: !x 1}"],
)
def test_without_a_file_that_can_be_read_the_setting_is_named(tmp_path: Path, content: str) -> None:
    project(tmp_path, content)
    said = [f"accounts: holds an encrypted value: {RIGHT}"]
    assert lines(tmp_path, "accounts") == said
    assert lines(tmp_path / "nowhere", "accounts") == said


def test_what_only_looks_like_an_encrypted_value_is_none() -> None:
    value = {"a": {"secure": "v1", "more": 1}, "b": {"secure": 5}, "c": "secure", "d": {"secure": SECURE}}
    assert [str(where) for where in encrypted_places(value, place("x"))] == ["x.d.secure"]


def test_values_that_repeat_each_other_without_end_are_walked_once() -> None:
    bomb: Any = [SECURE]
    for _ in range(60):
        bomb = [bomb, bomb]
    around: Any = {}
    around["self"] = around
    assert [str(where) for where in encrypted_places([bomb, around], place("x"))] == [f"x{'[0]' * 62}"]


def test_the_program_refuses_it_before_it_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path, {"api-keys:accounts": [{"name": SECURE, "keys": []}]}))
    config = {
        "api-keys:accounts": json.dumps([{"name": "Decrypted Secret!", "keys": []}]),
        "yandex-keys:folder": "b1g",
    }
    refused: list[SpecError] = []

    def program() -> None:
        try:
            stack_spec()
        except SpecError as error:
            refused.append(error)

    run(program, config, secret=["api-keys:accounts"])
    assert str(refused[0]).splitlines() == [
        "the stack file has 2 problems:",
        "  yandex-keys:folder: unknown setting under yandex-keys: did you mean folderId?",
        f"  accounts[0].name: is encrypted: {RIGHT}",
    ]
