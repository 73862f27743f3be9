"""Several stacks in one job: at once, in order, stopped where more would happen than may. Told by an engine that answers as a test says."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.cloud_events import Kind
from pipelines.console import Console
from pipelines.fleet import INTERRUPTED, Fleet
from pipelines.fleet_file import FleetFile
from pipelines.limits import Limits
from pipelines.report import StackReport
from pipelines.run import DONE, FAILED, LOCKED, Pipeline
from pipelines.settings import Settings
from setup.engine.provision import Engine
from tests.pipelines.engine_words import rotation, said, step
from tests.pipelines.stages import STAGED
from tests.pipelines.test_checkpoints import DUE, updated

# Answers a stack's commands one after the other, as `<stack>.json` says, and notes when it began and when it ended. `meets` names stacks whose
# engines have to run at the same time; `until` is how long it waits for a request to stop, and then ends as the real one does.
ENGINE = """
import json, os, pathlib, signal, sys, time
here = pathlib.Path(__file__).parent
command, stack = sys.argv[2], sys.argv[sys.argv.index("--stack") + 1]
stopped = []
signal.signal(signal.SIGINT, lambda *_: stopped.append(1))
def note(what):
    with (here / "noted").open("a") as noted:
        noted.write(f"{what} {stack} {command}" + chr(10))
answers = json.loads((here / f"{stack}.json").read_text())
answer = answers.pop(0)
(here / f"{stack}.json").write_text(json.dumps(answers))
(here / f"{stack}.runs").write_text("")
note("begins")
if os.environ.get("PULUMI_SKIP_CHECKPOINTS"):
    note("writes once")
deadline = time.monotonic() + 60
while not stopped and not all((here / f"{each}.runs").exists() for each in answer["meets"]):
    time.sleep(0.01)
    if time.monotonic() > deadline:
        sys.exit("it met nobody")
if answer["meets"]:
    print(chr(10).join(answer["lines"]), flush=True)
while answer["stays"] and not stopped:
    time.sleep(0.01)
note("is stopped" if stopped else "ends")
if not answer["meets"]:
    print(chr(10).join(answer["lines"]))
print(answer["errors"], file=sys.stderr)
sys.exit(255 if stopped else answer["code"])
"""


def answer(
    *lines: str, code: int = 0, errors: str = "", meets: Sequence[str] = (), stays: bool = False
) -> dict[str, object]:
    return {"lines": lines, "code": code, "errors": errors, "meets": meets, "stays": stays}


FAILS = answer(said("error", "no permission", "a"), code=255)
LOCK = answer(
    code=1,
    errors="error: the stack is currently locked by 1 lock(s).\n  file:///a.json: created by anna@laptop (pid 1) at 2999-01-01T00:00:00Z",
)
WARNS = answer(said("warning", "still used", "a"))
ROTATES = answer(*rotation("a"))


class Job:
    """A fleet on the engine above. Waiting between stages takes no time."""

    def __init__(
        self,
        directory: Path,
        answers: dict[str, list[dict[str, object]]],
        text: str = "",
        jobs: int = 8,
        **settings: str,
    ) -> None:
        self.directory, self.log, self.rested = directory, io.StringIO(), list[float]()
        self.pipeline_time = datetime(2026, 12, 24, 12, tzinfo=UTC)
        self.stacks = list(answers)
        (directory / "stacks").mkdir()
        if text:
            (directory / "stacks" / "fleet.toml").write_text(text)
        (directory / "engine.py").write_text(ENGINE)
        for stack, given in answers.items():
            (directory / f"{stack}.json").write_text(json.dumps(given))
        executable = directory / "pulumi"
        command = shlex.join([sys.executable, "-S", str(directory / "engine.py")])
        executable.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        executable.chmod(0o755)
        environment = {"PIPELINE_STATE_DIR": str(directory / "journal"), "YANDEX_KEYS_AS_OF": "2026-12-24T12:00:00Z"}
        file = FleetFile.read(directory)
        self.pipeline = Pipeline(
            directory,
            Engine(executable, "path"),
            Settings.read(environment | settings),
            Console(self.log),
            limits=file.limits,
            now=lambda: self.pipeline_time,
        )
        self.rests: Callable[[], bool] = lambda: True
        """Whether a rest is over."""
        self.fleet = Fleet(self.pipeline, file, jobs, rest=self.rest)
        self.reports: dict[str, StackReport] = {}

    def rest(self, seconds: float) -> None:
        self.rested.append(seconds)
        while not self.rests():
            threading.Event().wait(0.01)
        self.pipeline_time += timedelta(seconds=seconds)

    def up(self) -> int:
        code, reports = self.fleet.up(self.stacks)
        self.reports = {each.stack: each for each in reports}
        return code

    def noted(self) -> list[str]:
        return (self.directory / "noted").read_text().splitlines()

    def table(self) -> dict[str, list[str]]:
        """By stack, the first columns of the summary: its stage, and what became of it."""
        lines = self.log.getvalue().splitlines()
        head = next(number for number, line in enumerate(lines) if line.split()[:3] == ["stack", "stage", "outcome"])
        columns = lines[head].index("stage"), lines[head].index("outcome"), lines[head].index("seconds")
        stage, outcome, seconds = columns
        rows = lines[head + 1 : head + 1 + len(self.stacks)]
        return {row[:stage].strip(): [row[stage:outcome].strip(), row[outcome:seconds].strip()] for row in rows}


def test_stacks_run_at_once_each_by_an_engine_of_its_own(tmp_path: Path) -> None:
    names = ["one", "two", "three"]
    job = Job(tmp_path, {name: [answer(meets=names)] for name in names}, jobs=3)
    assert job.up() == DONE


def test_no_more_run_at_once_than_jobs(tmp_path: Path) -> None:
    job = Job(tmp_path, {name: [answer()] for name in "abcdefgh"}, jobs=2)
    assert job.up() == DONE
    running, most = 0, 0
    for line in job.noted():
        running += 1 if line.startswith("begins") else -1
        most = max(most, running)
    assert most <= 2


def test_each_thing_that_happened_is_one_line_with_its_stack_and_the_table_has_one_for_each(tmp_path: Path) -> None:
    job = Job(tmp_path, {"dev": [ROTATES], "prod": [answer()]})
    assert job.up() == DONE
    lines = job.log.getvalue().splitlines()
    assert sum(line.startswith("2026-12-24T12:00:00Z dev a: rotates: due since") for line in lines) == 1
    assert "2026-12-24T12:00:00Z dev: 1 key rotates; 0 unchanged" in lines
    assert job.table() == {"dev": ["-", "done"], "prod": ["-", "done"]}


def test_a_stack_that_fails_keeps_no_other_from_its_run(tmp_path: Path) -> None:
    job = Job(tmp_path, {"bad": [FAILS], "good": [ROTATES], "fine": [answer()]}, jobs=1)
    assert job.up() == FAILED
    assert job.table() == {"bad": ["-", "failed"], "good": ["-", "done"], "fine": ["-", "done"]}
    assert job.reports["bad"].lines == ["a: no permission"]


def test_a_stack_that_waits_for_a_lock_keeps_no_other_from_its_turn(tmp_path: Path) -> None:
    job = Job(tmp_path, {"held": [LOCK] * 2, "free": [answer()]}, jobs=1, PIPELINE_LOCK_WAIT="1s")
    job.rests = lambda: "ends free up" in job.noted()
    assert job.up() == LOCKED
    assert job.table() == {"held": ["-", "is in use"], "free": ["-", "done"]}
    assert job.noted()[-1] == "ends held up"


def test_stages_come_in_order_and_lines_go_on_without_each_other(tmp_path: Path) -> None:
    stacks = {
        "a-dev": [answer()],
        "a-prod": [answer()],
        "b-dev": [FAILS],
        "b-soak": [answer()],
        "b-prod": [answer()],
        "a-soak": [answer()],
    }
    job = Job(tmp_path, stacks, STAGED)
    assert job.up() == FAILED
    begun = [line.split()[1] for line in job.noted() if line.startswith("begins a-")]
    assert begun == ["a-dev", "a-soak", "a-prod"]
    assert job.table() == {
        "a-dev": ["dev", "done"],
        "a-soak": ["soak", "done"],
        "a-prod": ["prod", "done"],
        "b-dev": ["dev", "failed"],
        "b-soak": ["soak", "held back"],
        "b-prod": ["prod", "held back"],
    }
    assert job.reports["b-soak"].lines == ["b-dev, which comes before it, failed"]
    assert job.reports["b-prod"].outcome == "held back"
    assert "error: b-soak: held back: b-dev, which comes before it, failed" in job.log.getvalue()


def test_a_stage_rests_only_after_one_that_changed_something_and_looks_at_its_warnings_then(tmp_path: Path) -> None:
    stacks = {"a-dev": [ROTATES, answer()], "a-soak": [answer()], "b-dev": [answer()], "b-soak": [answer()]}
    job = Job(tmp_path, stacks, STAGED)
    assert job.up() == DONE
    assert job.rested == [1800]
    assert "a-soak: waits 30m after a-dev" in job.log.getvalue()
    assert [line for line in job.noted() if line.endswith("preview")] == ["begins a-dev preview", "ends a-dev preview"]


@pytest.mark.parametrize(
    ("look", "words"), [(WARNS, "a: still used"), (FAILS, "it can't be previewed: a: no permission")]
)
def test_what_a_stage_warns_of_after_its_rest_holds_the_next_one_back(
    tmp_path: Path, look: dict[str, object], words: str
) -> None:
    job = Job(tmp_path, {"a-dev": [ROTATES, look], "a-soak": [answer()], "b-dev": [answer()]}, STAGED)
    assert job.up() == FAILED
    assert job.reports["a-soak"].lines == [f"a-dev, which comes before it, warns: {words}"]
    assert job.table()["b-dev"] == ["dev", "done"]


@pytest.mark.parametrize(("setting", "outcome", "code"), [("hold", "held back", FAILED), ("go on", "done", DONE)])
def test_a_warning_of_the_run_itself_holds_back_or_is_passed_by(
    tmp_path: Path, setting: str, outcome: str, code: int
) -> None:
    job = Job(
        tmp_path, {"a-dev": [WARNS], "a-soak": [answer()]}, STAGED.replace('"30m"', f'"0s"\non_warning = "{setting}"')
    )
    assert job.up() == code
    assert job.table()["a-soak"] == ["soak", outcome]


def test_more_rotations_than_may_be_are_stopped_before_the_first_and_other_stacks_go_on(tmp_path: Path) -> None:
    many = answer(*(line for number in range(3) for line in rotation(f"a/{number}")))
    job = Job(
        tmp_path,
        {"many": [many], "few": [ROTATES, ROTATES]},
        "[limits]\nrotate = 2\n",
        PIPELINE_EVENTS=str(tmp_path / "events"),
    )
    assert job.up() == FAILED
    assert [line for line in job.noted() if line.startswith("begins many")] == ["begins many preview"]
    assert "begins few up" in job.noted()
    (line,) = job.reports["many"].lines
    assert line.startswith("3 keys would rotate, and limits.rotate of stacks/fleet.toml is 2: nothing was done")
    told = [json.loads(event) for event in (tmp_path / "events").read_text().splitlines()]
    assert [event["data"]["stack"] for event in told if event["type"].endswith(Kind.FAILED)] == ["many"]


def test_keys_that_would_be_deleted_or_replaced_count_against_their_own_limit(tmp_path: Path) -> None:
    dying = [
        step("resourcePreEvent", "delete", "a/1", before={}),
        step("resourcePreEvent", "replace", "a/2", before={}),
    ]
    for most, expected in ((1, FAILED), (2, DONE)):
        directory = tmp_path / str(most)
        directory.mkdir()
        job = Job(directory, {"prod": [answer(*dying), answer()]}, f"[limits]\ndelete = {most}\n")
        assert job.up() == expected


def test_a_preview_that_fails_stops_the_stack_before_anything_is_done(tmp_path: Path) -> None:
    job = Job(tmp_path, {"prod": [FAILS]}, "[limits]\nrotate = 2\n")
    assert job.up() == FAILED
    assert "pulumi up was not begun: the preview before it failed: a: no permission" in job.log.getvalue()


def test_a_request_s_preview_says_that_a_limit_would_stop_it(tmp_path: Path) -> None:
    job = Job(tmp_path, {"prod": [ROTATES], "dev": [answer()]}, "[limits]\nrotate = 0\n")
    code, reports = job.fleet.preview(["prod", "dev"])
    assert code == DONE
    assert reports[0].sections[0].title == "Needs a human"
    assert "1 key would rotate, and limits.rotate" in reports[0].sections[0].lines[0]


def test_limits_hold_for_a_lone_stack_as_well(tmp_path: Path) -> None:
    job = Job(tmp_path, {"prod": [ROTATES]}, "[limits]\nrotate = 0\n")
    assert job.pipeline.up(["prod"])[0] == FAILED


@pytest.mark.parametrize(("setting", "once"), [("", True), ("auto", True), ("always", False)])
def test_a_run_in_which_nothing_but_rotations_is_due_writes_its_state_once(
    tmp_path: Path, setting: str, once: bool
) -> None:
    due = answer(*updated(DUE), *updated(DUE, name="b"))
    job = Job(
        tmp_path,
        {"due": [due, due], "new": [answer(step("resourcePreEvent", "create", "a")), answer()]},
        "[limits]\nrotate = 2\n",
        PIPELINE_CHECKPOINTS=setting,
    )
    assert job.up() == DONE
    assert [line for line in job.noted() if "once" in line] == ["writes once due up"] * once
    assert ("due: nothing but rotations is due: the state is written once" in job.log.getvalue()) is once


def test_without_limits_nothing_is_previewed(tmp_path: Path) -> None:
    job = Job(tmp_path, {"prod": [ROTATES]})
    assert job.up() == DONE
    assert job.noted() == ["begins prod up", "ends prod up"]
    assert Limits() == job.pipeline.limits


def test_a_secret_that_one_stack_got_is_masked_in_every_other_s_lines(tmp_path: Path) -> None:
    secret = "a-passphrase-of-a-test"
    leaks = {name: [answer(said("warning", f"it is {secret}", "a"))] for name in ("dev", "prod")}
    job = Job(tmp_path, leaks, PULUMI_CONFIG_PASSPHRASE=secret)
    job.up()
    assert secret not in job.log.getvalue() + str(job.reports)
    assert "***" in str(job.reports)


def test_a_request_to_stop_reaches_every_engine_once_and_nothing_new_begins(tmp_path: Path) -> None:
    stacks = {"one": [answer(stays=True)], "two": [answer(stays=True)], "three": [answer()]}
    job = Job(tmp_path, stacks, jobs=2)

    def stop_when_both_run() -> None:
        while not all((tmp_path / f"{name}.runs").exists() for name in ("one", "two")):
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    asking = threading.Thread(target=stop_when_both_run)
    # Of two slots "three" may take one before: it needs no time there.
    asking.start()
    assert job.up() == INTERRUPTED
    asking.join()
    assert sorted(line for line in job.noted() if "is stopped" in line) == ["is stopped one up", "is stopped two up"]
    assert job.table()["one"] == job.table()["two"] == ["-", "stopped"]
    assert not list((tmp_path / "journal").glob("*.json"))
    assert "error: stopped: the runner ended the job" in job.log.getvalue()


def test_the_command_takes_jobs_and_refuses_what_is_no_number() -> None:
    for wrong in ("0", "many", "65"):
        done = subprocess.run(
            [sys.executable, "-m", "pipelines", "up", "--jobs", wrong], check=False, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert "give a whole number from 1 to 64" in done.stderr
