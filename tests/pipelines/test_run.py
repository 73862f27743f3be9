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
from pipelines.report import Section, StackReport
from pipelines.run import DONE, FAILED, LOCKED, Pipeline
from pipelines.settings import Settings
from setup.engine.provision import Engine
from tests.pipelines.engine_words import refreshed, rotation, said, step

PENDING = said(
    "warning", "Attempting to deploy or update resources with 1 pending operations from previous deployment."
)
NOW = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
# Answers the commands one after the other, as `answers.json` says; notes each in `asked`.
ENGINE = """
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
(here / "environment.json").write_text(json.dumps(dict(os.environ)))
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
        self.reports: list[StackReport] = []
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
            now=lambda: self.time,
            sleep=self.sleep,
        )

    def up(self, stacks: list[str]) -> int:
        code, self.reports = self.pipeline.up(stacks)
        return code

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)

    def asked(self) -> list[str]:
        return [line.split()[1] for line in (self.directory / "asked").read_text().splitlines()]


def test_a_good_run_says_what_it_did_line_by_line(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(*rotation("translator/default")))
    assert job.up(["prod"]) == DONE
    first, last = job.log.getvalue().splitlines()
    assert first.startswith("2026-12-24T12:00:00Z prod translator/default: rotates: due since")
    assert last == "2026-12-24T12:00:00Z prod: 1 key rotates; 0 unchanged"


def test_a_lock_that_is_let_go_is_waited_for(tmp_path: Path) -> None:
    job = Job(tmp_path, locked(timedelta(minutes=1)), locked(timedelta(minutes=1)), answer())
    assert job.up(["prod"]) == DONE
    assert job.asked() == ["up", "up", "up"]
    assert len(job.slept) == 2


def test_the_wait_for_a_lock_is_bounded(tmp_path: Path) -> None:
    job = Job(tmp_path, *[locked(timedelta(minutes=1))] * 9, PIPELINE_LOCK_WAIT="1m")
    assert job.up(["prod"]) == LOCKED
    assert sum(job.slept) == 60
    assert "cancel" not in job.asked()
    assert "error: prod: pulumi up is in use: its lock is held by anna@laptop, process 1" in job.log.getvalue()


def test_a_lock_left_behind_is_broken_once(tmp_path: Path) -> None:
    job = Job(tmp_path, locked(timedelta(hours=3)), answer(), answer())
    assert job.up(["prod"]) == DONE
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
    assert job.up(["prod"]) == DONE
    assert "prod a: the run that was killed had rotated it; new key ajenew" in job.log.getvalue()


def test_a_lock_that_cannot_be_broken_is_not_tried_for_ever(tmp_path: Path) -> None:
    job = Job(tmp_path, locked(timedelta(hours=3)), answer(), locked(timedelta(hours=3)), PIPELINE_LOCK_WAIT="0s")
    assert job.up(["prod"]) == LOCKED
    assert job.asked() == ["up", "cancel", "up"]


def test_what_a_killed_run_had_begun_is_forgotten_after_a_good_one(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(PENDING), answer())
    assert job.up(["prod"]) == DONE
    assert job.asked() == ["up", "refresh"]
    assert "--clear-pending-creates" in (tmp_path / "asked").read_text()


def test_it_is_kept_while_the_run_still_fails(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(PENDING, said("error", "no permission", "a"), code=255))
    assert job.up(["prod"]) == FAILED
    assert job.asked() == ["up"]


def test_a_failed_run_says_why_and_the_next_stack_is_brought_up(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(said("error", "no permission", "a"), code=255), answer())
    assert job.up(["dev", "prod"]) == FAILED
    assert job.log.getvalue() == (
        "error: dev: pulumi up failed: a: no permission\n2026-12-24T12:00:00Z prod: nothing to do; 0 unchanged\n"
    )


def test_an_engine_that_only_prints_is_quoted(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(code=255, errors="error: incorrect passphrase"))
    assert job.up(["prod"]) == FAILED
    assert "failed: incorrect passphrase" in job.log.getvalue()


@pytest.mark.parametrize(("setting", "code"), [("", DONE), ("3", 3)])
def test_a_warning_has_the_exit_code_that_was_asked_for(tmp_path: Path, setting: str, code: int) -> None:
    job = Job(tmp_path, answer(said("warning", "still used", "a")), PIPELINE_WARNING_EXIT_CODE=setting)
    assert job.up(["prod"]) == code
    assert "warning: prod: needs a human: a: still used" in job.log.getvalue()


def test_what_needs_a_human_is_reported_of_each_stack(tmp_path: Path) -> None:
    job = Job(
        tmp_path,
        answer(said("warning", "still used", "a")),
        answer(said("error", "no permission", "a"), code=255),
        locked(timedelta(minutes=1)),
        answer(*rotation("a")),
        PIPELINE_LOCK_WAIT="0s",
    )
    assert job.up(["dev", "prod", "test", "stage"]) == FAILED
    told = {each.stack: (each.outcome, each.lines) for each in job.reports}
    assert told["dev"] == ("warning", ["a: still used"])
    assert told["prod"] == ("failed", ["a: no permission"])
    assert told["test"][0] == "is in use"
    assert told["test"][1][0].startswith("its lock is held by anna@laptop")
    assert told["stage"] == ("done", [])


def test_a_preview_is_reported_of_each_stack(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(*rotation("a")), answer(code=255, errors="error: incorrect passphrase"))
    code, (good, bad) = job.pipeline.preview(["prod", "dev"])
    assert code == FAILED
    assert (good.outcome, good.headline) == ("done", "1 key rotates")
    assert good.sections[0].title == "Rotates"
    assert (bad.outcome, bad.quoted) == ("failed", "error: incorrect passphrase")


def test_a_quiet_preview_says_that_nothing_happens(tmp_path: Path) -> None:
    job = Job(tmp_path, answer(step("resOutputsEvent", "same", "a")))
    code, (report,) = job.pipeline.preview(["prod"])
    assert code == DONE
    assert report.sections == (Section("", ("0 resources stay as they are",)),)


def test_no_secret_of_the_job_is_in_a_report_or_in_the_log(tmp_path: Path) -> None:
    """A request's program that prints the environment of its job."""
    secret = "a-passphrase-of-a-test"
    job = Job(
        tmp_path,
        answer(said("warning", f"PULUMI_CONFIG_PASSPHRASE={secret}", "a")),
        answer(code=255, errors=f"error: {secret}"),
        PULUMI_CONFIG_PASSPHRASE=secret,
    )
    _, reports = job.pipeline.preview(["prod", "dev"])
    assert "***" in str(reports)
    assert secret not in job.log.getvalue() + str(reports)


def test_the_engine_gets_no_variable_but_those_that_it_needs(tmp_path: Path) -> None:
    job = Job(
        tmp_path,
        answer(),
        GITLAB_TOKEN="glpat-token",
        GITHUB_TOKEN="ghs-token",
        CI_JOB_TOKEN="job-token",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN="request-token",
        CHAT_WEBHOOK="https://chat.example/hook",
        SOMETHING_ELSE="unforeseen",
        OUR_OWN="asked for",
        OUR_TEAMS_URL="asked for by how it begins",
        VAULT_TOKEN="of a key service that this stack doesn't have",
        AZURE_CLIENT_SECRET="of a cloud that this state isn't in",
        GOOGLE_CREDENTIALS="of another one",
        PGPASSWORD="of a database",
        PIPELINE_ENGINE_VARIABLES="OUR_OWN, OUR_TEAMS_*, OTHERS",
        PULUMI_BACKEND_URL="file:///state",
        YC_FOLDER_ID="b1g",
        HOME="/home/runner",
    )
    job.up(["prod"])
    got = json.loads((tmp_path / "environment.json").read_text())
    # A shell makes some of its own.
    added = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"}
    added |= {
        "PULUMI_SKIP_UPDATE_CHECK",
        "PULUMI_DIY_BACKEND_ZSTD",
        "PULUMI_PARALLEL",
        "PWD",
        "_",
        "SHLVL",
        "OLDPWD",
        "LC_CTYPE",
    }
    assert set(got) - added == {
        "PATH",
        "HOME",
        "OUR_OWN",
        "OUR_TEAMS_URL",
        "PULUMI_BACKEND_URL",
        "YC_FOLDER_ID",
        "YANDEX_KEYS_AS_OF",
    }


FAMILIES = {
    "AWS_REGION": "s3 awskms",
    "AZURE_STORAGE_ACCOUNT": "azblob azurekeyvault",
    "AZURE_FEDERATED_TOKEN_FILE": "azblob azurekeyvault",
    "IDENTITY_ENDPOINT": "azblob azurekeyvault",
    "GOOGLE_APPLICATION_CREDENTIALS": "gs gcpkms",
    "CLOUDSDK_CONFIG": "gs gcpkms",
    "VAULT_ADDR": "hashivault",
    "VAULT_SERVER_TOKEN": "hashivault",
    "PGSSLROOTCERT": "postgres",
}
"""Variables, and what reads them."""


@pytest.mark.parametrize("scheme", ["file", "s3", "azblob", "gs", "postgres"])
def test_the_engine_gets_the_variables_of_where_the_state_lies(tmp_path: Path, scheme: str) -> None:
    job = Job(tmp_path, answer(), PULUMI_BACKEND_URL=f"{scheme}://states", **dict.fromkeys(FAMILIES, "given"))
    job.up(["prod"])
    got = json.loads((tmp_path / "environment.json").read_text())
    # Object Storage is where states lie that nobody says otherwise of.
    assert FAMILIES.keys() & got.keys() == {
        name for name, readers in FAMILIES.items() if scheme in readers.split() or name.startswith("AWS_")
    }


@pytest.mark.parametrize("scheme", ["awskms", "azurekeyvault", "gcpkms", "hashivault", ""])
@pytest.mark.parametrize("quote", ["", '"'])
def test_the_engine_gets_the_variables_of_what_encrypts_the_stacks_secrets(
    tmp_path: Path, scheme: str, quote: str
) -> None:
    (tmp_path / "stacks").mkdir()
    provider = f"secretsprovider: {quote}{scheme}://keys/api?region=x{quote}\n" if scheme else "encryptionsalt: v1:x\n"
    # Only a line of the file's own counts.
    (tmp_path / "stacks/Pulumi.prod.yaml").write_text(f"{provider}config:\n  a:b:\n    secretsprovider: gcpkms://no\n")
    job = Job(tmp_path, answer(), answer(), **dict.fromkeys(FAMILIES, "given"))
    job.up(["prod"])
    got = json.loads((tmp_path / "environment.json").read_text())
    assert FAMILIES.keys() & got.keys() == {
        name for name, readers in FAMILIES.items() if scheme in readers.split() or name.startswith("AWS_")
    }
    job.up(["another"])
    assert "VAULT_ADDR" not in json.loads((tmp_path / "environment.json").read_text())


@pytest.mark.parametrize("chosen", ["", "4"])
def test_sixteen_things_happen_at_once_unless_somebody_chose_otherwise(tmp_path: Path, chosen: str) -> None:
    job = Job(tmp_path, answer(), **({"PULUMI_PARALLEL": chosen} if chosen else {}))
    job.up(["prod"])
    assert json.loads((tmp_path / "environment.json").read_text())["PULUMI_PARALLEL"] == (chosen or "16")


@pytest.mark.parametrize(
    ("chosen", "compresses"),
    [
        ({}, {"PULUMI_DIY_BACKEND_ZSTD": "true"}),
        ({"PULUMI_DIY_BACKEND_ZSTD": "false"}, {"PULUMI_DIY_BACKEND_ZSTD": "false"}),
        # The engine refuses two ways at once.
        ({"PULUMI_DIY_BACKEND_GZIP": "true"}, {"PULUMI_DIY_BACKEND_GZIP": "true"}),
        ({"PULUMI_SELF_MANAGED_STATE_GZIP": "true"}, {"PULUMI_SELF_MANAGED_STATE_GZIP": "true"}),
    ],
)
def test_the_state_is_compressed_unless_somebody_chose_otherwise(
    tmp_path: Path, chosen: dict[str, str], compresses: dict[str, str]
) -> None:
    job = Job(tmp_path, answer(), **chosen)
    job.up(["prod"])
    got = json.loads((tmp_path / "environment.json").read_text())
    assert {name: value for name, value in got.items() if "_BACKEND_" in name or "_STATE_GZIP" in name} == compresses


@pytest.mark.parametrize(
    ("settings", "looks"),
    [
        ({}, False),
        ({"GITHUB_EVENT_NAME": "push"}, False),
        ({"GITHUB_EVENT_NAME": "schedule"}, True),
        ({"CI_PIPELINE_SOURCE": "schedule"}, True),
        ({"CI_PIPELINE_SOURCE": "schedule", "PIPELINE_REFRESH": "never"}, False),
        ({"PIPELINE_REFRESH": "always"}, True),
    ],
)
def test_a_scheduled_run_looks_at_what_others_have_changed(
    tmp_path: Path, settings: dict[str, str], looks: bool
) -> None:
    job = Job(tmp_path, answer(), **settings)
    assert job.up(["prod"]) == DONE
    assert ("--refresh" in (tmp_path / "asked").read_text()) is looks


def test_what_others_have_changed_comes_at_the_end_of_the_run_and_reaches_a_human(tmp_path: Path) -> None:
    key, gone = {"keyId": "ajeold"}, {"keyId": "ajeold", "status": "missing"}
    found = refreshed("a", key, gone, "key ajeold is gone, and not by us")
    job = Job(tmp_path, answer(*found, *rotation("a", "rotates: key ajeold is gone")), PIPELINE_WARNING_EXIT_CODE="3")
    assert job.up(["prod"]) == 3
    *_, summary, last = job.log.getvalue().splitlines()
    assert summary.endswith("prod: 1 key rotates, 1 change by others; 0 unchanged")
    line = "a: key ajeold is gone, and not by us (this run has put it right; new key ajenew, good until 2027-03-24T03:00:00Z)"
    assert last == f"warning: prod: changed by others: {line}"
    (report,) = job.reports
    assert (report.outcome, report.lines) == ("warning", [line])


def test_it_is_said_of_a_run_that_failed_as_well(tmp_path: Path) -> None:
    found = refreshed("a", {"keyId": "ajeold"}, None, "key ajeold is gone, and not by us")
    job = Job(tmp_path, answer(*found, said("error", "no permission", "a"), code=255))
    assert job.up(["prod"]) == FAILED
    assert job.reports[0].lines == ["a: no permission", "a: key ajeold is gone, and not by us"]


def test_a_look_that_is_refused_keeps_no_rotation_from_its_day(tmp_path: Path) -> None:
    look = step("resourcePreEvent", "refresh", "a", before={"keyId": "ajeold"})
    job = Job(
        tmp_path,
        answer(look, said("error", "no permission to list keys", "a"), code=255),
        answer(*rotation("a")),
        PIPELINE_REFRESH="always",
    )
    assert job.up(["prod"]) == DONE
    first, second = (tmp_path / "asked").read_text().splitlines()
    assert "--refresh" in first
    assert "--refresh" not in second
    assert "prod: 1 key rotates" in job.log.getvalue()
    assert job.reports[0].lines == ["what others have changed could not be looked at: a: no permission to list keys"]


def test_a_program_that_fails_after_a_good_look_is_not_run_again(tmp_path: Path) -> None:
    found = refreshed("a", {"keyId": "ajeold"}, {"keyId": "ajeold"})
    job = Job(
        tmp_path, answer(*found, said("error", "the stack file has 1 problem"), code=255), PIPELINE_REFRESH="always"
    )
    assert job.up(["prod"]) == FAILED
    assert job.asked() == ["up"]
