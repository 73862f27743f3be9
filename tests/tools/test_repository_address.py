"""Where the repository is, is said once; whatever else names it is written of that."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from setup.engine.places import REPOSITORY
from tools.sdk_generator import address
from tools.sdk_generator.address import FILES, AddressWrong, said, with_address, write

SCHEMA = json.loads((REPOSITORY / "provider" / "yandex_keys" / "schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository of nothing but the files that name the address."""
    for name in (*FILES, "pyproject.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    return tmp_path


def say(clone: Path, there: str) -> None:
    file = clone / "pyproject.toml"
    text = file.read_text()
    assert text.count(said(clone)) == 1
    file.write_text(text.replace(said(clone), there))


def test_a_maintainer_says_the_address_in_one_file_and_every_other_follows(clone: Path) -> None:
    say(clone, "https://github.com/somebody/keys")
    write(clone)
    schema = json.loads((clone / FILES[0]).read_text())
    assert {name: schema[name] for name in ("homepage", "repository", "logoUrl", "pluginDownloadURL")} == {
        "homepage": "https://github.com/somebody/keys",
        "repository": "https://github.com/somebody/keys",
        "logoUrl": "https://github.com/somebody/keys/raw/HEAD/docs/images/logo.svg",
        "pluginDownloadURL": "git://github.com/somebody/keys/provider",
    }
    assert schema["language"]["go"]["importBasePath"] == "github.com/somebody/keys/sdk/go/yandexkeys"
    for name in FILES:
        text = (clone / name).read_text()
        assert "github.com/somebody/keys" in text, name
        assert address.PLACEHOLDER.removeprefix("https://") not in text, name


def test_said_again_it_changes_nothing_and_back_it_is_as_it_was(clone: Path) -> None:
    before = {name: (clone / name).read_text() for name in FILES}
    there = said(clone)
    write(clone)
    assert {name: (clone / name).read_text() for name in FILES} == before
    for other in ("https://github.com/somebody/keys", there):
        say(clone, other)
        write(clone)
    assert {name: (clone / name).read_text() for name in FILES} == before


def test_no_other_file_names_the_address() -> None:
    """Else it would keep the old one: this test, and the file that explains the placeholder, aside."""
    bare = said(REPOSITORY).removeprefix("https://")
    kept = {*FILES, "pyproject.toml", "tools/sdk_generator/address.py"}
    suffixes = {".py", ".md", ".toml", ".yaml", ".json", ".ts", ".go", ".yml"}
    rooms = ("docs", "examples", "provider", "components", "tools", "pipelines", "cli", "setup", "stacks", "emulator")
    files = [file for room in rooms for file in (REPOSITORY / room).rglob("*") if file.suffix in suffixes]
    naming = {str(file.relative_to(REPOSITORY)) for file in files if bare in file.read_text(encoding="utf-8")}
    assert naming <= kept


def test_the_engine_is_told_where_the_repository_ends_in_a_path_of_groups() -> None:
    schema = with_address(SCHEMA, "https://gitlab.com/group/team/keys")
    assert schema["pluginDownloadURL"] == "git://gitlab.com/group/team/keys.git/provider"


def test_a_placeholder_has_no_logo_that_a_generator_would_try_to_fetch() -> None:
    assert "logoUrl" not in with_address(SCHEMA, address.PLACEHOLDER)


@pytest.mark.parametrize(
    "wrong",
    ["http://github.com/somebody/keys", "https://github.com/keys", "https://github.com/somebody/keys.git", "keys", ""],
)
def test_what_is_no_address_of_a_repository_is_refused(clone: Path, wrong: str) -> None:
    say(clone, wrong)
    with pytest.raises(AddressWrong, match=r"^pyproject\.toml, \[project\.urls\], Repository: .* say https://"):
        write(clone)
