"""`make up`, `make env` and `make down`, as someone who has just cloned the project lives through them.

Each test has a clone of its own, with the real engine, emulator and plugin; only the virtual environment is shared, and its
Pythons that run the program and the plugin are forked.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from setup import json_file
from setup.engine.places import REPOSITORY
from tests.support.forked_python import forked_python
from tests.support.process_end import wait_until_gone
from tools.local_stack import local_cloud
from tools.local_stack.places import Places

_NOT_CLONED = shutil.ignore_patterns(
    ".git", ".local", ".venv", "__pycache__", ".*_cache", ".hypothesis", "node_modules"
)


class Clone:
    """A fresh clone and the shell of someone who works in it."""

    def __init__(self, directory: Path) -> None:
        shutil.copytree(REPOSITORY, directory, ignore=_NOT_CLONED)
        python = forked_python()
        (directory / ".venv").symlink_to(python.virtual_environment)
        self.places = Places(directory)
        self.environment = {
            "PATH": python.engine.search_path("/usr/local/bin:/usr/bin:/bin"),
            **{name: os.environ[name] for name in ("LANG", "LC_ALL", "LC_CTYPE") if name in os.environ},
            "HOME": str(directory.parent),
            # What may be set in a user's shell, and must not get into the local stack.
            "YC_TOKEN": "a token of the user's own cloud",
            "PULUMI_STACK": "prod",
        }
        self.run("git", "init", "--quiet")
        self.run("git", "add", "--all")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        directory = self.places.repository
        return subprocess.run(command, check=False, cwd=directory, env=self.environment, capture_output=True, text=True)

    def local_stack(self, command: str) -> str:
        """Standard output of `make <command>` after set-up; it has to succeed and to leave git clean."""
        done = self.run(sys.executable, "-u", "-m", "tools.local_stack", command)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert self.run("git", "diff", "--stat").stdout == ""
        assert self.run("git", "status", "--porcelain", "--untracked-files").stdout.count("?? ") == 0
        return done.stdout

    def shell(self, environment: str, script: str) -> str:
        """Standard output of a script in a shell that has evaluated what `make env` printed; it has to leave git clean."""
        done = self.run("/bin/sh", "-ec", f"{environment}\n{script}")
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert self.run("git", "diff", "--stat").stdout == ""
        return done.stdout

    def emulator(self) -> int:
        record = json_file.read_object(self.places.process)
        assert record is not None
        return int(str(record["pid"]))


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    fresh = Clone(tmp_path / "clone")
    yield fresh
    local_cloud.stop(fresh.places)


def test_up_shows_receipts_and_a_call_and_up_again_changes_nothing(clone: Clone) -> None:
    first = clone.local_stack("up")
    assert "translator/default" in first
    assert "answer 200" in first
    # The front page's own figures.
    (counted,) = (line for line in (REPOSITORY / "README.md").read_text().splitlines() if line.startswith("Changed: "))
    assert counted in first.splitlines()
    emulator = clone.emulator()

    second = clone.local_stack("up")
    assert "Nothing to change" in second
    assert "0 API calls" in second
    assert "answer 200" in second
    assert clone.emulator() == emulator

    assert second.endswith("`make down` ends it.\n")
    assert "translator/default" in clone.local_stack("status")
    down = clone.local_stack("down")
    assert "deleted" in down
    assert down.count("pulumi stack rm") == down.count("Leave `pulumi stack rm` alone") == 1
    wait_until_gone(emulator)
    assert clone.local_stack("down") == "Nothing is up.\n"
    assert clone.local_stack("status").startswith("Nothing is up: `make up`")


def test_a_shell_that_evaluated_env_works_with_plain_pulumi_also_after_a_crash_that_up_healed(clone: Clone) -> None:
    clone.local_stack("up")
    printed = clone.local_stack("env")
    assert all(line.startswith("export ") for line in printed.splitlines())
    assert "export YC_TOKEN=''" in printed
    assert "unchanged" in clone.shell(printed, "pulumi preview --non-interactive")

    ready = clone.places.ready.read_text()
    crashed = clone.emulator()
    os.kill(crashed, signal.SIGKILL)
    wait_until_gone(crashed)
    # A shell of these days must not lead a `pulumi up` to the real cloud, and says nothing worse than that nobody is there.
    nobody = clone.shell(
        clone.local_stack("env"), 'echo "$YC_ENDPOINT"; pulumi refresh --yes --non-interactive || true'
    )
    assert json.loads(ready)["endpoint"] == nobody.splitlines()[0]
    assert "The endpoint can't be reached" in nobody
    # What a `pulumi` that was killed leaves: its lock, with the number of a process that is no more.
    json_file.write(clone.places.stack_locks / "0123.json", {"pid": crashed, "username": "me", "hostname": "here"})
    healed = clone.local_stack("up")
    assert "Nothing to change" in healed
    assert "answer 200" in healed

    assert clone.places.ready.read_text() == ready
    assert "unchanged" in clone.shell(printed, "pulumi refresh --yes --skip-preview --non-interactive")


def test_the_page_of_the_first_read_does_what_it_says(clone: Clone, tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "first-read.md").read_text(encoding="utf-8")
    clone.local_stack("up")
    printed = clone.local_stack("env")
    (block,) = re.findall(r"^```console\n(\$ SECRET=.*?)^```$", page, re.M | re.S)
    commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    assert clone.shell(printed, "\n".join(commands)).startswith('{"service": "text-generation", ')
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    (tmp_path / "read.py").write_text(program, encoding="utf-8")
    read = clone.shell(printed, f"python {tmp_path / 'read.py'}")
    receipts = json.loads(clone.shell(printed, "pulumi stack output receipts --json"))
    assert read == f"['api_key', 'api_key_id'] key {receipts['translator/default']['keyId']}\n"

    (block,) = re.findall(r"^```console\n(\$ curl -sS --json .*?)^```$", page, re.M | re.S)
    moved, again, up = (line.removeprefix("$ ") for line in block.splitlines())
    assert again == 'eval "$(make -s env)"'
    held = clone.shell(printed, commands[0] + '\necho "$SECRET"').strip()
    clone.shell(printed, moved)
    later = clone.local_stack("env")
    assert "rotates: due since " in clone.shell(later, f"{up} --yes --non-interactive")
    assert clone.shell(later, f"python {tmp_path / 'read.py'}") != read
    used = clone.shell(later, f"SECRET={shlex.quote(held)}\n{commands[1]}")
    assert used.startswith('{"service": "text-generation", ')


def test_up_makes_everything_anew_where_the_clouds_data_was_thrown_away(clone: Clone) -> None:
    clone.local_stack("up")
    local_cloud.stop(clone.places)
    shutil.rmtree(clone.places.emulator)
    healed = clone.local_stack("up")
    assert "create" in healed
    assert "answer 200" in healed
