"""The job that tells people: a comment, issues, a command; from reports, without anything of the stacks'."""

from __future__ import annotations

import html
import io
from pathlib import Path

import pytest

from pipelines import publication
from pipelines.comment import MARKER
from pipelines.console import Console
from pipelines.forge import Forge, GitHub, GitLab
from pipelines.report import StackReport, of_up, written
from pipelines.run import DONE, FAILED
from pipelines.settings import Settings
from tests.pipelines.fake_forge import FakeForge
from tests.pipelines.http_stub import Answer, serving

HOSTILE = "@everyone <!channel> #12 !34 &5 [x](http://evil) | `a` \n/assign @me\n<img src=x>"


def reports(directory: Path, *stacks: StackReport) -> Path:
    file = directory / "report.json"
    file.write_text(written(stacks))
    return file


def told(path: Path, *stacks: str, forge: Forge | None = None, ended: str = "", **environment: str) -> tuple[int, str]:
    log = io.StringIO()
    settings = Settings.read({"YANDEX_KEYS_AS_OF": "2026-12-24T12:00:00Z", **environment})
    return publication.tell(path, stacks, settings, Console(log), forge, ended), log.getvalue()


@pytest.fixture(params=["github", "gitlab"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def on(kind: str, url: str) -> Forge:
    return GitHub(url, {}, "us/keys", 7) if kind == "github" else GitLab(url, {}, "42", 7)


def test_what_needs_a_human_becomes_an_issue_and_a_clean_run_closes_it(tmp_path: Path, kind: str) -> None:
    fake = FakeForge()
    with serving(fake.answer) as stub:
        warning = reports(tmp_path, of_up("prod", "warning", "1 warning", ["translator/default: still used"]))
        code, log = told(warning, "prod", forge=on(kind, stub.url), CI_JOB_URL="https://gitlab.example/-/jobs/9")
        assert (code, log) == (DONE, "2026-12-24T12:00:00Z prod: warning: 1 warning\n")
        (issue,) = fake.issues
        assert issue["title"] == "API keys: stack prod needs a human"
        text = html.unescape(str(issue.get("body") or issue.get("description")))
        assert "- <code>translator/default: still used</code>" in text
        assert "The run: https://gitlab.example/-/jobs/9" in text
        told(reports(tmp_path, of_up("prod", "done", "nothing to do")), "prod", forge=on(kind, stub.url))
        assert issue["state"] == "closed"


def test_in_an_issue_text_from_elsewhere_is_text_and_nobody_is_called(tmp_path: Path, kind: str) -> None:
    fake = FakeForge()
    with serving(fake.answer) as stub:
        told(
            reports(tmp_path, of_up("prod", "failed", HOSTILE, HOSTILE.splitlines())), "prod", forge=on(kind, stub.url)
        )
    (issue,) = fake.issues
    text = str(issue.get("body") or issue.get("description"))
    for sign in ("@", "#12", "!34", "&5", "<img", "](", "/assign", "|"):
        assert sign not in text
    assert "/assign @me" in html.unescape(text)


def test_a_stack_whose_job_left_no_report_needs_a_human(tmp_path: Path, kind: str) -> None:
    fake = FakeForge()
    with serving(fake.answer) as stub:
        told(reports(tmp_path, of_up("prod", "done", "")), "prod", "dev", forge=on(kind, stub.url))
        told(tmp_path / "missing", "test", forge=on(kind, stub.url))
    assert [issue["title"] for issue in fake.issues] == [
        "API keys: stack dev needs a human",
        "API keys: stack test needs a human",
    ]
    assert "its job ended without a report" in html.unescape(str(fake.issues[0]))


def test_a_job_that_waited_and_was_replaced_by_a_later_one_is_no_news(tmp_path: Path, kind: str) -> None:
    fake = FakeForge()
    with serving(fake.answer) as stub:
        path = reports(tmp_path, of_up("prod", "failed", "", ["denied"]))
        code, log = told(path, "prod", "dev", forge=on(kind, stub.url), ended="cancelled")
    assert code == DONE
    assert "dev: no report, its job was cancelled" in log
    assert [issue["title"] for issue in fake.issues] == ["API keys: stack prod needs a human"]


def test_a_report_of_a_stack_that_was_not_to_be_brought_up_tells_nobody(tmp_path: Path, kind: str) -> None:
    with serving(FakeForge().answer) as stub:
        told(reports(tmp_path, of_up("other", "failed", "", ["x"])), forge=on(kind, stub.url))
    assert stub.asked == []


def test_a_forge_that_refuses_fails_the_job(tmp_path: Path, kind: str) -> None:
    with serving(lambda _: Answer({"message": "denied"}, status=403)) as stub:
        for outcome in ("failed", "done"):
            code, log = told(reports(tmp_path, of_up("prod", outcome, "")), "prod", forge=on(kind, stub.url))
            assert code == FAILED
            assert "answers 403: denied" in log


def test_a_command_is_told_in_plain_words_that_call_nobody(tmp_path: Path) -> None:
    file = tmp_path / "told"
    command = f'{{ cat; echo "$PIPELINE_STACK $PIPELINE_OUTCOME"; }} > {file}'
    path = reports(tmp_path, of_up("prod", "warning", "", ["a: still used", "@everyone <!channel>"]))
    assert told(path, "prod", PIPELINE_NOTIFY_COMMAND=command)[0] == DONE
    assert "stack prod: warning.\n\n- a: still used" in file.read_text()
    assert "@everyone" not in file.read_text()
    assert "<!channel" not in file.read_text()
    assert file.read_text().endswith("prod warning\n")
    file.unlink()
    told(reports(tmp_path, of_up("prod", "done", "")), "prod", PIPELINE_NOTIFY_COMMAND=command)
    assert not file.exists()


def test_a_command_that_fails_is_said_to(tmp_path: Path) -> None:
    code, log = told(reports(tmp_path, of_up("prod", "failed", "")), "prod", PIPELINE_NOTIFY_COMMAND="exit 7")
    assert code == FAILED
    assert "PIPELINE_NOTIFY_COMMAND failed with exit code 7" in log


def commented(path: Path, forge: Forge | None = None, **environment: str) -> tuple[int, str]:
    log = io.StringIO()
    return publication.comment(path, Settings.read(environment), Console(log), forge), log.getvalue()


def test_a_preview_goes_to_the_request(tmp_path: Path, kind: str) -> None:
    fake = FakeForge()
    summary = tmp_path / "summary.md"
    with serving(fake.answer) as stub:
        path = reports(tmp_path, StackReport("prod", "done", "1 key rotates"))
        assert commented(path, on(kind, stub.url), GITHUB_STEP_SUMMARY=str(summary))[0] == DONE
        assert commented(tmp_path / "missing", on(kind, stub.url))[0] == DONE
    (said,) = fake.comments
    assert said["body"].startswith(MARKER)
    assert "There is no preview: <code>its job ended without a report" in said["body"]
    assert "<code>1 key rotates</code>" in summary.read_text()


def test_a_preview_without_a_request_goes_to_the_log(tmp_path: Path) -> None:
    code, log = commented(reports(tmp_path, StackReport("prod", "done", "1 key rotates")))
    assert (code, log) == (DONE, "prod: 1 key rotates\n")


def test_a_forge_that_refuses_a_comment_fails_the_job(tmp_path: Path, kind: str) -> None:
    with serving(lambda _: Answer({"message": "denied"}, status=403)) as stub:
        code, log = commented(reports(tmp_path, StackReport("prod", "done", "")), on(kind, stub.url))
    assert code == FAILED
    assert "no comment" in log
