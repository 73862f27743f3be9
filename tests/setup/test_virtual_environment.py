"""The project's virtual environment is made once for each change of the requirements."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from setup import virtual_environment
from setup.engine.places import REPOSITORY
from setup.virtual_environment import Purpose, SetUpFailed, is_ready, provide
from tests.setup.planted import a_clone_with_a_planted_wheel, installed_module

_RAN: list[list[str]] = []


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose set-up commands are taken down and do nothing but make what they would."""

    def pretend(command: list[str], title: str, log: Path) -> float:
        _RAN.append(command)
        if "venv" in command:
            (Path(command[-1]) / "bin").mkdir(parents=True, exist_ok=True)
            (Path(command[-1]) / "bin" / "python").symlink_to(sys.executable)
        return 0.0

    _RAN.clear()
    monkeypatch.setattr(virtual_environment, "_run", pretend)
    (tmp_path / "requirements.txt").write_text("one==1\n")
    (tmp_path / "requirements.lock").write_text("one==1 --hash=sha256:1\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\ntwo==2\n")
    (tmp_path / "requirements-dev.lock").write_text("one==1 --hash=sha256:1\ntwo==2 --hash=sha256:2\n")
    return tmp_path


def installed() -> list[str]:
    """The requirement files that were installed, in order."""
    return [Path(command[-1]).name for command in _RAN if "install" in command]


def test_it_is_made_and_filled_once(clone: Path) -> None:
    provide(clone, "runtime")
    provide(clone, "runtime")
    assert installed() == ["requirements.lock"]
    assert is_ready(clone, "runtime")
    assert not is_ready(clone, "development")


def test_what_development_needs_is_enough_to_run(clone: Path) -> None:
    provide(clone, "development")
    provide(clone, "runtime")
    assert installed() == ["requirements-dev.lock"]


def test_the_command_line_is_put_beside_python_and_made_again_where_it_is_gone(clone: Path) -> None:
    provide(clone, "runtime")
    command = clone / ".venv" / "bin" / "yckeys"
    assert os.access(command, os.X_OK)
    command.unlink()
    assert not is_ready(clone, "runtime")
    provide(clone, "runtime")
    assert command.is_file()


def test_a_run_finds_the_projects_code_compiled_also_where_python_keeps_nothing_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    for name, value in a_clone_with_a_planted_wheel(tmp_path).items():
        monkeypatch.setenv(name, value)
    code = tmp_path / "provider" / "package" / "module.py"
    code.parent.mkdir(parents=True)
    code.write_text("VALUE = 1\n")
    provide(tmp_path, "runtime")
    assert list((code.parent / "__pycache__").glob("module.*.pyc"))


def test_only_wheels_are_installed_by_hash_and_none_from_pips_cache(clone: Path) -> None:
    provide(clone, "runtime")
    (command,) = (command for command in _RAN if "install" in command)
    assert {"--require-hashes", "--only-binary", ":all:", "--no-cache-dir"} <= set(command)


def test_a_wheel_that_was_planted_in_pips_cache_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in a_clone_with_a_planted_wheel(tmp_path).items():
        monkeypatch.setenv(name, value)
    provide(tmp_path, "runtime")
    assert installed_module(tmp_path) == "PLANTED = False\n"


def test_a_source_archive_is_refused_and_its_set_up_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "asked_for-1.0.tar.gz"
    commands = f"open({str(tmp_path / 'ran')!r}, 'w').close()\n".encode()
    with tarfile.open(source, "w:gz") as archive:
        entry = tarfile.TarInfo("asked_for-1.0/setup.py")
        entry.size = len(commands)
        archive.addfile(entry, io.BytesIO(commands))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    (tmp_path / "requirements.txt").write_text("asked-for==1.0\n")
    (tmp_path / "requirements.lock").write_text(f"asked-for==1.0 --hash=sha256:{digest}\n")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(SetUpFailed, match=r"Could not find a version .* asked-for==1.0 \(from versions: none\)"):
        provide(tmp_path, "runtime")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("purpose", ["runtime", "development"])
@pytest.mark.parametrize("line", ["three==3", "One==2", "three>=3,<4", "three", "./three", "-e ."])
def test_what_no_lock_pins_is_refused_before_anything_is_installed(clone: Path, purpose: Purpose, line: str) -> None:
    (clone / "requirements.txt").write_text(f"one==1\n{line}\n")
    with pytest.raises(SetUpFailed, match=r"requirements.txt asks for \S+.*make it anew with `make lock`"):
        provide(clone, purpose)
    assert _RAN == []


def test_a_range_and_what_is_packed_here_are_pinned_by_name(clone: Path) -> None:
    (clone / "requirements.txt").write_text("# A word\none<2\n./third_party/pulumi_yandex\n")
    (clone / "requirements.lock").write_text("one==1 --hash=sha256:1\npulumi-yandex==0.13.0 --hash=sha256:3\n")
    provide(clone, "runtime")
    assert installed() == ["requirements.lock"]


def test_without_a_lock_nothing_is_installed(clone: Path) -> None:
    (clone / "requirements.lock").unlink()
    with pytest.raises(SetUpFailed, match=r"there is no requirements\.lock"):
        provide(clone, "runtime")


def test_a_changed_lock_is_installed(clone: Path) -> None:
    provide(clone, "runtime")
    (clone / "requirements.lock").write_text("one==1 --hash=sha256:2\n")
    assert not is_ready(clone, "runtime")
    provide(clone, "runtime")
    assert installed() == ["requirements.lock", "requirements.lock"]


def test_a_package_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "asked_for-1.0-py3-none-any.whl"
    wheel.write_bytes(b"not what was locked")
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "requirements.lock").write_text(f"asked_for @ {wheel.as_uri()} --hash=sha256:{'0' * 64}\n")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with pytest.raises(SetUpFailed, match=r"installing requirements.lock failed: ERROR: THESE PACKAGES DO NOT MATCH"):
        provide(tmp_path, "runtime")


def test_a_changed_requirement_is_installed(clone: Path) -> None:
    provide(clone, "development")
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (clone / lock).write_text((clone / lock).read_text().replace("one==1", "one==2"))
    (clone / "requirements.txt").write_text("one==2\n")
    assert not is_ready(clone, "development")
    provide(clone, "runtime")
    assert installed() == ["requirements-dev.lock", "requirements.lock"]


def test_an_environment_whose_python_is_gone_is_made_anew(clone: Path) -> None:
    provide(clone, "runtime")
    (clone / ".venv" / "bin" / "python").unlink()
    (clone / "requirements.lock").write_text("one==1 --hash=sha256:2\n")
    provide(clone, "runtime")
    assert sum("venv" in command for command in _RAN) == 2


def test_a_failed_installation_says_why_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "requirements.lock").write_text("not a requirement\n")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with pytest.raises(SetUpFailed, match=r"installing requirements.lock failed: ERROR: Invalid requirement") as failed:
        provide(tmp_path, "runtime")
    assert "\n" not in str(failed.value)
    assert not is_ready(tmp_path, "runtime")


def run_python_sh(path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`setup/python.sh` in an environment of nothing but a PATH."""
    script = REPOSITORY / "setup" / "python.sh"
    return subprocess.run(
        ["/bin/sh", script, *arguments], env={"PATH": path}, check=False, capture_output=True, text=True
    )


def test_set_up_starts_on_a_python_that_has_nothing_installed() -> None:
    for module in ("setup.virtual_environment", "setup.engine.provision", "pipelines.preparation"):
        command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.'); import {module}"]
        done = subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_newest_python_on_path_that_runs_is_taken(tmp_path: Path) -> None:
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    (tmp_path / "python3").symlink_to(sys.executable)
    assert run_python_sh(str(tmp_path), "-c", "print('hello')").stdout == "hello\n"


def test_without_a_python_one_line_says_what_to_install(tmp_path: Path) -> None:
    failed = run_python_sh(str(tmp_path))
    assert failed.returncode == 1
    assert failed.stderr == "No Python 3.11 or newer on PATH: install one, then run this again.\n"


def test_the_policy_pack_has_an_environment_of_its_own_which_nothing_else_is_put_into(clone: Path) -> None:
    (clone / "policy").mkdir()
    (clone / "policy" / "requirements.txt").write_text("three==3\n")
    (clone / "policy" / "requirements.lock").write_text("three==3 --hash=sha256:3\n")
    provide(clone, "policy")
    assert [Path(command[0]) for command in _RAN if "install" in command] == [
        clone / "policy" / ".venv" / "bin" / "python"
    ]
    assert is_ready(clone, "policy")
    assert not is_ready(clone, "runtime")
    assert not (clone / ".venv").exists()
    provide(clone, "policy")
    assert len(installed()) == 1
