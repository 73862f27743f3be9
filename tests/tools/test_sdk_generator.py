"""`sdk/python` is what Pulumi's generator makes of the schema, and a check says so when it isn't."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from setup.engine.go_build import find_go
from setup.engine.places import REPOSITORY
from tools import go_command
from tools.sdk_generator import generator
from tools.sdk_generator.generator import SCHEMA, GeneratorFailed, GeneratorMissing, build, generate
from tools.sdk_generator.python_sdk import add_metadata, files, replace, staleness

SDK = REPOSITORY / "sdk" / "python"


@pytest.fixture
def command() -> Path:
    """The generator. `make test` has built it wherever Go built the engine; a test downloads nothing."""
    try:
        return build(os.environ, download=False)
    except GeneratorMissing as lacking:
        pytest.skip(str(lacking))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository of nothing but the schema and its SDK."""
    shutil.copytree(REPOSITORY / "sdk", tmp_path / "sdk")
    (tmp_path / "provider" / "yandex_keys").mkdir(parents=True)
    shutil.copy(SCHEMA, tmp_path / "provider" / "yandex_keys")
    return tmp_path


def schema_of(clone: Path) -> Path:
    return clone / "provider" / "yandex_keys" / "schema.json"


def change_a_description(clone: Path) -> None:
    schema = schema_of(clone)
    schema.write_text(schema.read_text().replace("The id of the current key.", "Its id.", 1))


def edit_a_file(clone: Path) -> None:
    file = clone / "sdk" / "python" / "pulumi_yandex_keys" / "api_key.py"
    file.write_text(file.read_text() + "\n")


def remove_a_file(clone: Path) -> None:
    (clone / "sdk" / "python" / "pulumi_yandex_keys" / "py.typed").unlink()


def add_a_file(clone: Path) -> None:
    (clone / "sdk" / "python" / "pulumi_yandex_keys" / "more.py").touch()


def take_another_generator(clone: Path) -> None:
    stamp = clone / "sdk" / "generated.json"
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"generator": "v3.1.0"}))


def lose_the_stamp(clone: Path) -> None:
    (clone / "sdk" / "generated.json").unlink()


def test_the_sdk_is_fresh() -> None:
    assert staleness(REPOSITORY) == []


def test_the_sdk_is_byte_for_byte_what_the_generator_writes(command: Path, tmp_path: Path) -> None:
    generate(command, "python", tmp_path / "python")
    add_metadata(tmp_path / "python")
    assert files(SDK) == files(tmp_path / "python")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_a_description, ["the schema has changed since the SDK was written"]),
        (edit_a_file, ["sdk/python has changed since it was written"]),
        (remove_a_file, ["sdk/python has changed since it was written"]),
        (add_a_file, ["sdk/python has changed since it was written"]),
        (take_another_generator, ["the SDK is of another generator than v3.259.0"]),
    ],
)
def test_an_sdk_that_is_stale_or_was_edited_is_named_also_without_go(
    clone: Path, change: Callable[[Path], None], said: list[str]
) -> None:
    assert staleness(clone) == []
    change(clone)
    assert staleness(clone) == [f"{line}: run `make sdk`" for line in said]


def test_an_sdk_without_its_stamp_is_stale(clone: Path) -> None:
    lose_the_stamp(clone)
    assert len(staleness(clone)) == 3


def test_another_layout_of_the_schema_and_what_tools_leave_behind_make_nothing_stale(clone: Path) -> None:
    schema_of(clone).write_text(json.dumps(json.loads(schema_of(clone).read_text()), indent=4))
    (clone / "sdk" / "python" / "pulumi_yandex_keys" / "__pycache__").mkdir(exist_ok=True)
    (clone / "sdk" / "python" / "pulumi_yandex_keys" / "__pycache__" / "api_key.cpython-311.pyc").touch()
    assert staleness(clone) == []


def test_writing_it_anew_makes_it_fresh(clone: Path, command: Path, tmp_path: Path) -> None:
    change_a_description(clone)
    add_a_file(clone)
    generate(command, "python", tmp_path / "generated", schema_of(clone))
    replace(clone, tmp_path / "generated")
    assert staleness(clone) == []
    written = files(clone / "sdk" / "python")
    assert b"Its id." in written["pulumi_yandex_keys/api_key.py"]
    assert "pulumi_yandex_keys/more.py" not in written


def test_a_schema_that_is_not_valid_is_refused_with_its_path(clone: Path, command: Path, tmp_path: Path) -> None:
    schema = schema_of(clone)
    schema.write_text(schema.read_text().replace('"type": "integer"', '"type": "whole"'))
    with pytest.raises(GeneratorFailed, match=r"(?m)schema\.json: #/resources/yandex-keys:index:ApiKey.*generation"):
        generate(command, "python", tmp_path / "generated", schema)


@pytest.mark.parametrize(("language", "file"), [("nodejs", "apiKey.ts"), ("go", "yandexkeys/apiKey.go")])
def test_there_are_sdks_of_other_languages_too(
    command: Path, language: generator.Language, file: str, tmp_path: Path
) -> None:
    generate(command, language, tmp_path)
    assert "yandex-keys:index:ApiKey" in (tmp_path / file).read_text()


def test_without_go_one_line_says_what_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go_command, "find_go", lambda environment: None)
    with pytest.raises(GeneratorMissing, match=r"^no Go on this machine: install Go"):
        build({}, download=True)


def test_modules_that_are_not_here_are_not_fetched_by_a_test(tmp_path: Path) -> None:
    if find_go(os.environ) is None:
        pytest.skip("no Go on this machine")
    empty = {**os.environ, "GOMODCACHE": str(tmp_path / "modules")}
    with pytest.raises(GeneratorMissing, match="`make sdk` fetches them"):
        build(empty, download=False)
