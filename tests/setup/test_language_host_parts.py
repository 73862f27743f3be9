"""The language host's parts, below the engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pulumi.runtime.proto.language_pb2 import RunResponse

from setup.language_host import dependencies, server
from setup.language_host.children import Children, OutputReader
from setup.language_host.definitions import NotGenerated, as_comments, as_python, write_package
from setup.language_host.interpreters import Interpreter, InterpreterMissing, find_interpreter
from setup.language_host.program import REPORTED
from tests.support.process_end import wait_until_gone


def test_a_virtual_environment_is_found_from_the_folder_of_the_project_file(tmp_path: Path) -> None:
    (tmp_path / "shared").symlink_to(sys.prefix)
    (tmp_path / "provider").mkdir()
    found = find_interpreter(str(tmp_path / "provider"), {"virtualenv": "../shared"})
    assert found == Interpreter(tmp_path / "shared" / "bin" / "python", tmp_path / "shared")


def test_a_virtual_environment_without_python_is_refused_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(InterpreterMissing, match="Run `pulumi install` to create it"):
        find_interpreter(str(tmp_path), {"virtualenv": "nowhere"})


def test_without_a_virtual_environment_the_python_on_path_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python3"
    python.symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_interpreter("/anywhere", {}) == Interpreter(python)


def test_a_virtual_environment_is_active_for_what_runs_in_it(tmp_path: Path) -> None:
    environment = Interpreter(tmp_path / "bin" / "python", tmp_path).environment(
        {"PATH": "/usr/bin", "PYTHONHOME": "/x"}
    )
    assert environment == {"PATH": f"{tmp_path}/bin:/usr/bin", "VIRTUAL_ENV": str(tmp_path)}


@pytest.mark.parametrize(
    ("code", "response"),
    [
        (0, RunResponse()),
        (REPORTED, RunResponse(bail=True)),
        (3, RunResponse(error="Program exited with non-zero exit code: 3")),
        (-signal.SIGKILL, RunResponse(error="Program was ended by signal 9 (SIGKILL)")),
    ],
)
def test_how_a_program_ended_is_told_once(code: int, response: RunResponse) -> None:
    assert server.run_response(code) == response


def test_output_arrives_as_it_is_written_and_its_end_is_noticed() -> None:
    script = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    children = Children()
    process = children.start([sys.executable, "-c", script], directory=None, environment=os.environ, captured=True)
    received = {"stdout": b"", "stderr": b""}
    for stream, chunk in OutputReader(process):
        received[stream] += chunk
    assert received == {"stdout": b"out\n", "stderr": b"err\n"}
    assert process.wait() == 0


def test_a_child_that_does_not_heed_its_end_is_killed() -> None:
    script = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
    children = Children()
    process = children.start([sys.executable, "-c", script], directory=None, environment=os.environ, captured=True)
    assert next(iter(OutputReader(process)))[1].startswith(b"ready")
    children.end_all()
    assert process.returncode == -signal.SIGKILL


def test_no_child_starts_once_the_host_is_ending() -> None:
    children = Children()
    children.end_all()
    with pytest.raises(RuntimeError, match="shutting down"):
        children.start([sys.executable, "-c", ""], directory=None, environment=os.environ, captured=False)


def test_a_host_ends_when_its_standard_input_closes() -> None:
    host = subprocess.Popen(
        [sys.executable, "-m", "setup.language_host", "127.0.0.1:1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert host.stdin is not None
    assert host.stdout is not None
    with host, host.stdout:
        assert int(host.stdout.readline()) > 0
        host.stdin.close()
        wait_until_gone(host.pid)
        assert host.wait() == 0


def test_installed_distributions_are_listed_with_their_versions() -> None:
    interpreter = Interpreter(Path(sys.executable))
    everything = dict(dependencies.installed(interpreter, dict(os.environ), transitive=True))
    asked_for = dict(dependencies.installed(interpreter, dict(os.environ), transitive=False))
    assert everything["pulumi"] == "3.259.0"
    assert "grpcio" in everything
    assert "grpcio" not in asked_for


def test_installing_makes_the_environment_only_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("")
    fresh = dependencies.install_commands(tmp_path / "venv", tmp_path)
    assert [command[2] for command in fresh] == ["venv", "pip"]
    (tmp_path / "venv").symlink_to(sys.prefix)
    assert [command[2] for command in dependencies.install_commands(tmp_path / "venv", tmp_path)] == ["pip"]


def test_a_package_in_a_folder_is_required_once_and_nothing_else_is_touched(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    dependencies.require(requirements, ["sdks/keys"])
    assert requirements.read_text() == "sdks/keys\n"
    requirements.write_text("pulumi>=3  # ours")
    for _ in range(2):
        dependencies.require(requirements, ["sdks/keys", "alone"])
    assert requirements.read_text() == "pulumi>=3  # ours\nsdks/keys\n./alone\n"


def test_without_a_generator_what_to_do_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotGenerated, match="`make sdk` builds it"):
        write_package("{}", tmp_path / "sdk", {}, tmp_path / "nothing")
    with pytest.raises(NotGenerated, match="`make sdk` builds it"):
        as_python({"main.pp": ""}, "127.0.0.1:1", tmp_path / "nothing")


def test_what_a_generator_refuses_is_said_in_its_words(tmp_path: Path) -> None:
    generator = tmp_path / "generate"
    generator.write_text("#!/bin/sh\necho it is no schema >&2\nexit 1\n")
    generator.chmod(0o755)
    with pytest.raises(NotGenerated, match="it is no schema"):
        write_package("{}", tmp_path / "sdk", {}, generator)


def test_the_files_that_a_user_adds_to_a_package_lie_beside_it(tmp_path: Path) -> None:
    generator = tmp_path / "generate"
    generator.write_text('#!/bin/sh\nmkdir -p "$3" && cp "$1" "$3/of-the-schema"\n')
    generator.chmod(0o755)
    write_package('{"name": "x"}', tmp_path / "sdk", {"more/words.md": b"words"}, generator)
    assert (tmp_path / "sdk" / "of-the-schema").read_text() == '{"name": "x"}'
    assert (tmp_path / "sdk" / "more" / "words.md").read_bytes() == b"words"


def test_imported_definitions_are_shown_as_comments() -> None:
    shown = as_comments({"main.pp": 'resource mine "tiny:index:Note" {\n    text = "hi"\n}'})["__main__.py"].decode()
    assert '#     text = "hi"' in shown.splitlines()
    assert all(line.startswith("#") for line in shown.splitlines())
