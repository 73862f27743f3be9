"""What a runner sets, and which stacks it is about."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.cloud_events import Kind
from pipelines.lock import STALE_AFTER
from pipelines.settings import BadSetting, Settings
from pipelines.stacks import UnknownStack, chosen, declared

PIPELINES = Path(__file__).parents[2] / "pipelines"


def test_nothing_has_to_be_set() -> None:
    settings = Settings.read({})
    assert settings.stale_after == STALE_AFTER
    assert settings.warning_code == 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", settings.time())


def test_times_are_read_as_people_write_them() -> None:
    settings = Settings.read({"PIPELINE_LOCK_STALE_AFTER": "1h30m", "PIPELINE_LOCK_WAIT": "0s"})
    assert (settings.stale_after, settings.lock_wait) == (timedelta(minutes=90), timedelta(0))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIPELINE_LOCK_STALE_AFTER", "two hours"),
        ("PIPELINE_LOCK_WAIT", "10"),
        ("PIPELINE_WARNING_EXIT_CODE", "-1"),
        ("PIPELINE_WARNING_EXIT_CODE", "300"),
        ("PIPELINE_REFRESH", "daily"),
        ("PIPELINE_EVENT_KINDS", "rotatet"),
        ("PIPELINE_CHECKPOINTS", "never"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"{name} is '{value}'"):
        Settings.read({name: value})


def test_events_are_of_all_kinds_or_of_those_that_are_named() -> None:
    assert (Settings.read({}).events_file, Settings.read({}).event_kinds) == (None, frozenset(Kind))
    settings = Settings.read({"PIPELINE_EVENTS": "out/events.jsonl", "PIPELINE_EVENT_KINDS": "failed, warned"})
    assert settings.events_file == Path("out/events.jsonl")
    assert settings.event_kinds == frozenset({Kind.FAILED, Kind.WARNED})


def test_the_log_is_found_again() -> None:
    github = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com"}
    more = {"GITHUB_REPOSITORY": "us/keys", "GITHUB_RUN_ID": "9"}
    assert Settings.read({**github, **more}).job_url == "https://github.com/us/keys/actions/runs/9"
    assert Settings.read({"CI_JOB_URL": "https://gitlab.example/-/jobs/9"}).job_url == "https://gitlab.example/-/jobs/9"


def test_a_key_is_judged_by_the_time_that_is_set() -> None:
    assert Settings.read({"YANDEX_KEYS_AS_OF": "2026-12-24T03:00:00Z"}).time() == "2026-12-24T03:00:00Z"
    assert Settings.read({"YANDEX_KEYS_AS_OF": "2026-12-25"}).time() == "2026-12-25T00:00:00Z"
    before = datetime.now(UTC) + timedelta(days=30)
    ahead = datetime.fromisoformat(Settings.read({"YANDEX_KEYS_AS_OF": "+30d"}).time())
    assert before.replace(microsecond=0) <= ahead <= datetime.now(UTC) + timedelta(days=30)
    assert Settings.read({"YANDEX_KEYS_AS_OF": "soon"}).time() == "soon"


def repository(directory: Path, *names: str) -> Path:
    (directory / "stacks").mkdir()
    for name in names:
        (directory / "stacks" / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    (directory / "stacks" / "schema.json").write_text("{}")
    return directory


def test_every_stack_but_the_local_one_is_meant(tmp_path: Path) -> None:
    root = repository(tmp_path, "prod", "local", "dev.eu")
    assert declared(root) == ["dev.eu", "local", "prod"]
    assert chosen(root, []) == ["dev.eu", "prod"]
    assert chosen(root, ["local", "prod", "local"]) == ["local", "prod"]


def test_a_stack_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownStack, match=r"no file stacks/Pulumi.porod.yaml; there are stacks prod"):
        chosen(repository(tmp_path, "prod"), ["porod"])


def test_every_setting_is_in_the_readme() -> None:
    readme = (PIPELINES / "README.md").read_text(encoding="utf-8")
    used = {
        name for file in PIPELINES.glob("*.py") for name in re.findall(r"\bPIPELINE_[A-Z_]+[A-Z]", file.read_text())
    }
    told = {"PIPELINE_STACK", "PIPELINE_OUTCOME", "PIPELINE_JOB_URL"}
    assert sorted(name for name in used | told if f"`{name}`" not in readme) == []
