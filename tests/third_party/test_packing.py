"""pulumi-yandex comes as the same wheel everywhere, packed of what was published, and nothing of it runs on the way."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from third_party.pulumi_yandex.packing import ARCHIVE, WHEEL, WrongArchive, pack

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack(tmp_path_factory.mktemp("wheels"))


def test_its_bytes_are_those_that_both_locks_pin(wheel: Path) -> None:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    for lock in ("requirements.lock", "requirements-dev.lock"):
        pinned = re.search(
            r"^pulumi-yandex==0\.13\.0 \\\n +--hash=sha256:(\w+)\n(?! )", (REPOSITORY / lock).read_text(), re.M
        )
        assert pinned, lock
        assert pinned[1] == digest


def test_every_file_of_the_package_is_in_it_as_it_was_published_but_the_one_that_names_its_plugin(wheel: Path) -> None:
    with tarfile.open(ARCHIVE) as archive, zipfile.ZipFile(wheel) as packed:
        published = {
            member.name.partition("/")[2]: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive
            if member.isfile() and member.name.startswith("pulumi_yandex-0.13.0/pulumi_yandex/")
        }
        files = {
            name: packed.read(name) for name in packed.namelist() if not name.startswith(f"{WHEEL[:20]}.dist-info/")
        }
    assert len(published) > 130
    plugin = "pulumi_yandex/pulumi-plugin.json"
    assert json.loads(published[plugin])["resource"] is True
    assert json.loads(files[plugin]) == {"resource": False}
    assert files | {plugin: published[plugin]} == published


def test_its_record_is_of_its_files(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        record = packed.read("pulumi_yandex-0.13.0.dist-info/RECORD").decode().splitlines()
        assert [line.split(",")[0] for line in record] == packed.namelist()
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_an_archive_that_is_not_the_published_one_is_refused(tmp_path: Path) -> None:
    other = tmp_path / ARCHIVE.name
    other.write_bytes(ARCHIVE.read_bytes() + b"\0")
    with pytest.raises(WrongArchive, match="is not what was published"):
        pack(tmp_path / "wheels", other)
    assert not (tmp_path / "wheels").exists()


def test_pip_builds_it_from_the_declaration_with_nothing_fetched_and_no_command_run(tmp_path: Path) -> None:
    """As `pulumi install` has it: `pip install -r requirements.txt`, without the hash of the lock."""
    (tmp_path / "requirements.txt").write_text("./third_party/pulumi_yandex\n")
    (tmp_path / "third_party").symlink_to(REPOSITORY / "third_party")
    planted = tmp_path / "bin" / "pulumi"
    planted.parent.mkdir()
    planted.write_text(f"#!/bin/sh\necho $@ >> {tmp_path / 'called'}\n")
    planted.chmod(0o755)
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-cache-dir", "--no-deps", "--target", "site"]
    environment = {**os.environ, "PATH": f"{planted.parent}{os.pathsep}{os.environ['PATH']}", "PIP_FIND_LINKS": ""}
    subprocess.run([*pip, "-r", "requirements.txt"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / "site" / "pulumi_yandex" / "iam_service_account.py").exists()
    assert not (tmp_path / "called").exists()
