"""What a job does with what the engine answers: told by an engine that answers as a test says."""

from __future__ import annotations

import io
import json
import shlex
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.console import Console
from pipelines.run import DONE, FAILED, LOCKED, Pipeline
from pipelines.settings import Settings
from tests.pipelines.engine_words import rotation, said, step
from tools.engine.provision import Engine

PENDING = said(
    "warning", "Attempting to deploy or update resources with 1 pending operations from previous deployment."
)
NOW = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
# Answers the commands one after the other, as `answers.json` says; notes each in `asked`.
ENGINE = """
import json, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "asked").open("a") as asked:
    asked.write(" ".join(sys.argv[1:]) + chr(10))
answers = json.loads((here / "answers.json").read_text())
answer = answers.pop(0)
(here / "answers.json").write_text(json.dumps(answers))
print(chr(10).join(answer["lines"]))
print(answer["errors"], file=sys.stderr)
sys.exit(answer["code"])
"""


def answer(*lines: str, code: int = 0, errors: str = "") -> dict[str, object]:
    return {"lines": lines, "code": code, "errors": errors}


def locked(age: timedelta) -> dict[str, object]:
    holder = f"created by anna@laptop (pid 1) at {(NOW - age).isoformat()}"
    return answer(code=1, errors=f"error: the stack is currently locked by 1 lock(s).\n  file:///a.json: {holder}")


class Job:
    """A pipeline on the engine above. Sleeping takes no time, and moves the clock."""

    def __init__(self, directory: Path, *answers: dict[str, object], **settings: str) -> None:
        self.directory, self.log, self.time = directory, io.StringIO(), NOW
        self.slept: list[float] = []
        (directory / "engine.py").write_text(ENGINE)
        (directory / "answers.json").write_text(json.dumps(answers))
        executable = directory / "pulumi"
        command = shlex.join([sys.executable, str(directory / "engine.py")])
        executable.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        executable.chmod(0o755)
        environment = {"PIPELINE_STATE_DIR": str(directory / "journal"), "YANDEX_KEYS_AS_OF": "2026-12-24T12:00:00Z"}
        self.pipeline = Pipeline(
            directory,
            Engine(executable, "path"),
            Settings.read(environment | settings),
            Console(self.log),
            None,
            now=lambda: self.time,
            sleep=self.sleep,
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)

    def asked(self) -> list[str]:
        return [line.split()[1] for line in (self.directory / "asked").read_text().splitlines()]


def test_a_good_run_says_what_it_did_line_by_line(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(*rotation("translator/default")))
    assert job.pipeline.up(["prod"]) == DONE
    first, last = job.log.getvalue().splitlines()
    assert first.startswith("2026-12-24T12:00:00Z prod translator/default: rotates: due since")
    assert last == "2026-12-24T12:00:00Z prod: 1 key rotates; 0 unchanged"


def test_a_lock_that_is_let_go_is_waited_for(tmp_path: Path) -> None:
    job = Job(tmp_path, locked(timedelta(minutes=1)), locked(timedelta(minutes=1)), answer())
    assert job.pipeline.up(["prod"]) == DONE
    assert job.asked() == ["up", "up", "up"]
    assert len(job.slept) == 2


def test_the_wait_for_a_lock_is_bounded(tmp_path: Path) -> None:
    job = Job(tmp_path, *[locked(timedelta(minutes=1))] * 9, PIPELINE_LOCK_WAIT="1m")
    assert job.pipeline.up(["prod"]) == LOCKED
    assert sum(job.slept) == 60
    assert "cancel" not in job.asked()
    assert "error: prod: pulumi up is in use: its lock is held by anna@laptop, process 1" in job.log.getvalue()


def test_a_lock_left_behind_is_broken_once(tmp_path: Path) -> None:
    job = Job(tmp_path, locked(timedelta(hours=3)), answer(), answer())
    assert job.pipeline.up(["prod"]) == DONE
    assert job.asked() == ["up", "cancel", "up"]
    assert job.slept == []


def test_what_the_run_that_left_it_had_done_is_told(tmp_path: Path) -> None:
    outputs = {
        "keyId": "ajenew",
        "issuedAt": "2026-12-24T09:00:05Z",
        "expiresAt": "2027-03-24T09:00:05Z",
        "generation": 2,
    }
    kept = step("resOutputsEvent", "same", "a", outputs=outputs)
    job = Job(tmp_path, locked(timedelta(hours=3)), answer(), answer(kept))
    assert job.pipeline.up(["prod"]) == DONE
    assert "prod a: the run that was killed had rotated it; new key ajenew" in job.log.getvalue()


def test_a_lock_that_cannot_be_broken_is_not_tried_for_ever(tmp_path: Path) -> None:
    job = Job(tmp_path, locked(timedelta(hours=3)), answer(), locked(timedelta(hours=3)), PIPELINE_LOCK_WAIT="0s")
    assert job.pipeline.up(["prod"]) == LOCKED
    assert job.asked() == ["up", "cancel", "up"]


def test_what_a_killed_run_had_begun_is_forgotten_after_a_good_one(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(PENDING), answer())
    assert job.pipeline.up(["prod"]) == DONE
    assert job.asked() == ["up", "refresh"]
    assert "--clear-pending-creates" in (tmp_path / "asked").read_text()


def test_it_is_kept_while_the_run_still_fails(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(PENDING, said("error", "no permission", "a"), code=255))
    assert job.pipeline.up(["prod"]) == FAILED
    assert job.asked() == ["up"]


def test_a_failed_run_says_why_and_the_next_stack_is_brought_up(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(said("error", "no permission", "a"), code=255), answer())
    assert job.pipeline.up(["dev", "prod"]) == FAILED
    assert job.log.getvalue() == (
        "error: dev: pulumi up failed: a: no permission\n2026-12-24T12:00:00Z prod: nothing to do; 0 unchanged\n"
    )


def test_an_engine_that_only_prints_is_quoted(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(code=255, errors="error: incorrect passphrase"))
    assert job.pipeline.up(["prod"]) == FAILED
    assert "failed: incorrect passphrase" in job.log.getvalue()


@pytest.mark.parametrize(("setting", "code"), [("", DONE), ("3", 3)])
def test_a_warning_has_the_exit_code_that_was_asked_for(tmp_path: Path, setting: str, code: int) -> None:
    job = Job(tmp_path, answer(said("warning", "still used", "a")), PIPELINE_WARNING_EXIT_CODE=setting)
    assert job.pipeline.up(["prod"]) == code
    assert "warning: prod: needs a human: a: still used" in job.log.getvalue()


def test_a_warning_reaches_whoever_the_command_tells(tmp_path: Path) -> None:
    told = tmp_path / "told"
    command = f'{{ cat; echo "$PIPELINE_STACK $PIPELINE_OUTCOME"; }} > {told}'
    job = Job(tmp_path, answer(said("warning", "still used", "a")), PIPELINE_NOTIFY_COMMAND=command)
    job.pipeline.up(["prod"])
    assert "stack `prod`: warning.\n\n- a: still used" in told.read_text()
    assert told.read_text().endswith("prod warning\n")


def test_a_command_that_fails_is_said_to(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(code=255), PIPELINE_NOTIFY_COMMAND="exit 7")
    assert job.pipeline.up(["prod"]) == FAILED
    assert "PIPELINE_NOTIFY_COMMAND failed with exit code 7" in job.log.getvalue()


def test_a_preview_without_a_request_goes_to_the_log(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(*rotation("a")), GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    assert job.pipeline.preview(["prod"]) == DONE
    assert "<b>prod</b>: 1 key rotates" in job.log.getvalue()
    assert "<b>prod</b>: 1 key rotates" in (tmp_path / "summary.md").read_text()
