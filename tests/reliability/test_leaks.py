"""Secrets are found in whatever form they are written."""

from __future__ import annotations

import base64
import json
import random
import stat
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.reliability.leak_search import found_in
from tests.reliability.leaks import Writings, open_files

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SECRET = "AQVNy1+/x9d8Zk3pQ7sT0uVw"


@pytest.mark.parametrize(
    "content",
    [
        SECRET.encode(),
        f"before {SECRET} after".encode(),
        json.dumps({"a": SECRET}).encode(),
        quote(SECRET, safe="").encode(),
        base64.b64encode(SECRET.encode()),
        base64.b64encode(b"x" + SECRET.encode() + b"yz"),
        base64.urlsafe_b64encode(b"xy" + SECRET.encode()),
        SECRET.encode().hex().encode(),
        SECRET.encode().hex().upper().encode(),
    ],
)
def test_a_secret_is_found_in_every_form(content: bytes) -> None:
    assert found_in(content, [SECRET, "AQVNsomeothersecret00000"]) == [SECRET]


def test_its_mask_is_no_leak() -> None:
    assert found_in(f"****{SECRET[-6:]}".encode(), [SECRET]) == []


def test_files_with_a_secret_that_others_may_read_are_named(tmp_path: Path) -> None:
    for name, mode in (("open", 0o644), ("closed", 0o600)):
        path = tmp_path / name
        path.write_text(f"key: {SECRET}")
        path.chmod(mode)
    (tmp_path / "harmless").write_text("nothing")
    assert open_files(tmp_path, [SECRET]) == [tmp_path / "open"]
    assert stat.S_IMODE((tmp_path / "closed").stat().st_mode) == 0o600


def test_a_secret_is_found_in_what_the_engine_has_compressed_also_in_an_older_copy(tmp_path: Path) -> None:
    others = "".join(random.Random(1).choices("0123456789abcdef", k=5000))
    compressed = zstd.compress(f"{others}{SECRET}{others}".encode())
    assert found_in(compressed, [SECRET]) == [], "a test that finds it all the same says nothing"
    (tmp_path / "test.json.zst.bak").write_bytes(compressed)
    (tmp_path / "test.json.zst").write_bytes(compressed[:12])
    writings = Writings()
    writings.add_files("the state", tmp_path)
    ((_, pieces, content),) = writings.places()
    assert pieces == 2
    assert found_in(content, [SECRET]) == [SECRET]


def test_writings_are_kept_by_place(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("one")
    writings = Writings()
    writings.add("output", "a")
    writings.add("output", b"b")
    writings.add_files("state", tmp_path)
    assert list(writings.places()) == [("output", 2, b"a\nb"), ("state", 1, b"one")]
