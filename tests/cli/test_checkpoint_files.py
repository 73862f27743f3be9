"""States of a file backend, plain and compressed, as the engine leaves them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from cli.checkpoint_files import FileBackend, opened
from tests.cli.recorded_cloud import RECORDED

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The recorded backend, of the tests' own."""
    shutil.copytree(RECORDED / "state", tmp_path / "state")
    return tmp_path / "state"


def backend(folder: Path) -> FileBackend:
    found = FileBackend.of(folder.as_uri(), "api-keys")
    assert found is not None
    return found


def compress(file: Path) -> Path:
    to = file.with_name(f"{file.name}.zst")
    to.write_bytes(zstd.compress(file.read_bytes()))
    return to


def test_a_compressed_state_is_read_as_a_plain_one(folder: Path) -> None:
    plain = backend(folder).deployment("prod")
    file = backend(folder).folder / "prod.json"
    compress(file)
    # As the engine leaves the one of before.
    file.rename(file.with_name("prod.json.bak"))
    assert backend(folder).stack_names() == ["prod", "staging"]
    assert backend(folder).deployment("prod") == plain
    assert plain


@pytest.mark.parametrize("later", ["prod.json", "prod.json.zst"])
def test_of_two_the_later_one_counts_as_it_does_for_the_engine(folder: Path, later: str) -> None:
    file = backend(folder).folder / "prod.json"
    content = json.loads(file.read_text())
    for number, name in enumerate(("prod.json", "prod.json.zst")):
        content["checkpoint"]["latest"] = {"resources": [], "of": name}
        written = json.dumps(content).encode()
        place = file.with_name(name)
        place.write_bytes(zstd.compress(written) if number else written)
        os.utime(place, (1_000 + (name == later), 1_000 + (name == later)))
    found = backend(folder).deployment("prod")
    assert found is not None
    assert found["of"] == later


def test_one_that_was_cut_short_is_left_to_the_engine(folder: Path) -> None:
    file = backend(folder).folder / "prod.json"
    compressed = compress(file)
    file.unlink()
    compressed.write_bytes(compressed.read_bytes()[:-20])
    assert backend(folder).deployment("prod") is None


def test_what_is_not_compressed_is_as_it_was() -> None:
    assert opened(b"{}") == b"{}"
