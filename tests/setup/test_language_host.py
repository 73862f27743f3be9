"""The real `pulumi` on a project with a plugin of its own: what a user sees with the language host that runs it."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.support.fresh_stack import initialise
from tests.support.process_end import wait_until_gone
from tests.support.pulumi import engine, engine_environment, run_pulumi

TINY = Path(__file__).with_name("tiny_project")


class Project:
    """A copy of the tiny project with a stack, and notes and state of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "project"
        shutil.copytree(TINY, self.directory, ignore=shutil.ignore_patterns("__pycache__"))
        (self.directory / "venv").symlink_to(sys.prefix)
        self.notes = directory / "notes"
        self.notes.mkdir()
        initialise(self.directory, "dev")
        self.environment = engine_environment(self.directory) | {"NOTES": str(self.notes)}

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run_pulumi(self.environment, self.directory, *arguments, check=check)

    def configure(self, **settings: str) -> None:
        """Writes settings into the stack file, as `pulumi config set` does."""
        file = self.directory / "Pulumi.dev.yaml"
        config = {f"tiny:{name}": value for name, value in settings.items()}
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "config": config}))

    def up(self, check: bool = True, **settings: str) -> str:
        self.configure(**settings)
        return self.pulumi("up", "--yes", "--skip-preview", check=check).stdout


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="module")
def brought_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """One with three notes, and what its first `up` printed; its tests change nothing."""
    project = Project(tmp_path_factory.mktemp("up"))
    return project, project.up(count="3")


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Project, str]]:
    """One whose program ends so, and what its `up` printed."""

    @cache
    def ended(ending: str) -> tuple[Project, str]:
        project = Project(tmp_path_factory.mktemp(ending))
        return project, project.up(check=False, ending=ending)

    return ended


def test_up_shows_what_the_program_prints_and_makes_what_it_declares(brought_up: tuple[Project, str]) -> None:
    project, output = brought_up
    assert "declaring notes" in output
    assert "a word on standard error" in output
    assert "warning: a warning to the engine" in output
    assert "+ 4 created" in output
    assert sorted(path.name for path in project.notes.glob("note-*")) == ["note-0", "note-1", "note-2"]


def test_a_second_up_changes_nothing(brought_up: tuple[Project, str]) -> None:
    assert "4 unchanged" in brought_up[0].up(count="3")


def test_preview_shows_changes_and_makes_none(project: Project) -> None:
    assert "+ 2 to create" in project.pulumi("preview").stdout
    assert not list(project.notes.glob("note-*"))


def test_the_program_runs_in_the_virtual_environment_that_the_project_names(brought_up: tuple[Project, str]) -> None:
    project, _ = brought_up
    outputs = json.loads(project.pulumi("stack", "output", "--json").stdout)
    assert outputs["python"] == str(project.directory / "venv" / "bin" / "python")


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ("raise", "LookupError: the program is broken here"),
        ("run-error", "error: said in one line"),
        ("apply", "ValueError: invalid literal for int() with base 10: 'later'"),
        ("exit", "Program exited with non-zero exit code: 7"),
    ],
)
def test_a_failing_program_fails_the_command_with_its_message(
    failed: Callable[[str], tuple[Project, str]], ending: str, message: str
) -> None:
    project, output = failed(ending)
    assert message in output
    assert "1 errored" in output
    assert project.pulumi("preview", check=False).returncode != 0


def test_a_traceback_starts_at_the_users_own_code(failed: Callable[[str], tuple[Project, str]]) -> None:
    project, output = failed("raise")
    traceback = output.partition("Traceback (most recent call last):\n")[2]
    assert str(project.directory / "__main__.py") in traceback.splitlines()[0]
    assert "language_host" not in traceback


def test_a_program_that_is_not_there_is_named(project: Project) -> None:
    (project.directory / "__main__.py").unlink()
    output = project.up(check=False)
    assert f"unable to find main python program `__main__.py` in `{project.directory}`" in output


def test_a_virtual_environment_that_is_not_there_is_named(project: Project) -> None:
    (project.directory / "venv").unlink()
    failed = project.pulumi("preview", check=False)
    assert failed.returncode != 0
    assert "venv" in failed.stdout + failed.stderr


def test_a_plugin_that_dies_at_its_start_shows_why(project: Project) -> None:
    (project.directory / "provider" / "__main__.py").write_text("raise SystemExit('this plugin cannot start')\n")
    failed = project.pulumi("up", "--yes", "--skip-preview", check=False)
    assert failed.returncode != 0
    assert "this plugin cannot start" in failed.stdout + failed.stderr


def test_refresh_notices_what_went_away_and_destroy_removes_the_rest(project: Project) -> None:
    project.up(count="2")
    (project.notes / "note-0").unlink()
    assert "- 1 deleted" in project.pulumi("refresh", "--yes", "--skip-preview").stdout
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert not list(project.notes.glob("note-*"))


def test_import_adopts_and_shows_what_to_declare(project: Project) -> None:
    (project.notes / "mine").write_text("made by hand")
    shown = project.pulumi("import", "--yes", "--skip-preview", "tiny:index:Note", "mine", "mine").stdout
    assert "1 imported" in shown
    assert "made by hand" in shown
    resources = json.loads(project.pulumi("stack", "export").stdout)["deployment"]["resources"]
    assert "mine" in [resource.get("id") for resource in resources]


def test_about_names_the_python_and_what_is_installed_for_the_program(project: Project) -> None:
    about = json.loads(project.pulumi("about", "--json").stdout)
    assert about["runtime"]["language"] == "python"
    assert about["runtime"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert "yandexcloud" in [dependency["name"] for dependency in about["dependencies"]]


def test_install_makes_the_virtual_environment(project: Project) -> None:
    (project.directory / "venv").unlink()
    project.pulumi("install", "--no-plugins")
    assert (project.directory / "venv" / "bin" / "python").exists()


class Run:
    """A `pulumi up` that has come to the note which it can't finish."""

    def __init__(self, project: Project, text: str) -> None:
        project.configure(text=text)
        os.mkfifo(project.notes / "hanging")
        self._reports = os.open(project.notes / "hanging", os.O_RDWR | os.O_NONBLOCK)
        self.process = subprocess.Popen(
            [engine().executable, "--non-interactive", "up", "--yes", "--skip-preview"],
            cwd=project.directory,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        plugin, host = map(int, self.report().split())
        self.started = [plugin, host, int((project.notes / "program.pid").read_text())]

    def report(self) -> str:
        """What the plugin says next."""
        poll = select.poll()
        poll.register(self._reports, select.POLLIN)
        assert poll.poll(60_000), "the plugin says nothing"
        return os.read(self._reports, 100).decode()

    def close(self) -> None:
        os.close(self._reports)
        self.process.kill()
        self.process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_nothing_is_left_running_when_the_engine_ends(project: Project, number: signal.Signals) -> None:
    with closing(Run(project, "hang")) as run:
        run.process.send_signal(number)
        assert run.process.wait(timeout=60) != 0
        for pid in run.started:
            wait_until_gone(pid)


def test_ctrl_c_twice_ends_a_plugin_that_does_not_heed_the_first(project: Project) -> None:
    with closing(Run(project, "stuck")) as run:
        run.process.send_signal(signal.SIGINT)
        assert run.report() == "cancelled\n"
        run.process.send_signal(signal.SIGINT)
        assert run.process.wait(timeout=60) != 0
        for pid in run.started:
            wait_until_gone(pid)
