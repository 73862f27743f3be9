"""What a runner sets for us, read once. README.md has them all in a table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.cloud_events import Kind
from pipelines.lock import STALE_AFTER
from pipelines.spans import parse_span
from provider.yandex_keys.as_of import parse_as_of

LOCK_WAIT = timedelta(minutes=5)
_SCHEDULED, _REFRESHES = "scheduled", ("scheduled", "always", "never")
_AUTO, _CHECKPOINTS = "auto", ("auto", "always")


class BadSetting(Exception):
    """A variable has a value that means nothing; the message names it and shows one that does."""


@dataclass(frozen=True)
class Settings:
    """environment: all that the job started with."""

    environment: Mapping[str, str]
    stale_after: timedelta = STALE_AFTER
    lock_wait: timedelta = LOCK_WAIT
    warning_code: int = 0
    refresh: bool = False
    """Whether `up` asks the cloud what others have changed."""
    notify_command: str = ""
    engine_variables: tuple[str, ...] = ()
    """Names, or beginnings of names (`OUR_*`), that the team's own program needs, on top of what the engine gets anyway."""
    events_file: Path | None = None
    """Where what happens to keys is written as CloudEvents; nowhere without it."""
    event_kinds: frozenset[Kind] = frozenset(Kind)
    event_owners: frozenset[str] = frozenset()
    """Whose keys' events are wanted; everybody's where it is empty."""
    writes_once: bool = True
    """Whether a run in which nothing but rotations is due writes its state at the end alone."""

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Raises BadSetting."""
        given = dict(os.environ if environment is None else environment)
        code = given.get("PIPELINE_WARNING_EXIT_CODE", "") or "0"
        if not code.isdecimal() or int(code) > 125:
            raise BadSetting(f"PIPELINE_WARNING_EXIT_CODE is {code!r}: give an exit code such as 3")
        return cls(
            given,
            _span(given, "PIPELINE_LOCK_STALE_AFTER", STALE_AFTER),
            _span(given, "PIPELINE_LOCK_WAIT", LOCK_WAIT),
            int(code),
            _refresh(given),
            given.get("PIPELINE_NOTIFY_COMMAND", ""),
            tuple(given.get("PIPELINE_ENGINE_VARIABLES", "").replace(",", " ").split()),
            Path(given["PIPELINE_EVENTS"]) if given.get("PIPELINE_EVENTS") else None,
            _kinds(given),
            frozenset(given.get("PIPELINE_EVENT_OWNERS", "").replace(",", " ").split()),
            _writes_once(given),
        )

    @property
    def on_github(self) -> bool:
        """Whether GitHub Actions runs us."""
        return self.environment.get("GITHUB_ACTIONS") == "true"

    @property
    def commit(self) -> str:
        """The commit that the job is for; empty where the runner doesn't say."""
        return self.environment.get("CI_COMMIT_SHA") or self.environment.get("GITHUB_SHA") or ""

    @property
    def job_url(self) -> str:
        """Where this job's log can be read; empty where the runner doesn't say."""
        if self.on_github:
            names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
            server, repository, run = (self.environment.get(name, "") for name in names)
            return f"{server}/{repository}/actions/runs/{run}"
        return self.environment.get("CI_JOB_URL", "")

    def time(self) -> str:
        """The time by which keys are judged: `YANDEX_KEYS_AS_OF`, a day and a span too, else the clock's; RFC 3339 in UTC, whole seconds."""
        now, text = datetime.now(UTC), self.environment.get("YANDEX_KEYS_AS_OF", "")
        try:
            return f"{parse_as_of(text, now) if text else now:%Y-%m-%dT%H:%M:%SZ}"
        except ValueError:
            return text  # the plugin refuses it, and says why


def _refresh(environment: Mapping[str, str]) -> bool:
    asked = environment.get("PIPELINE_REFRESH", "") or _SCHEDULED
    if asked not in _REFRESHES:
        raise BadSetting(f"PIPELINE_REFRESH is {asked!r}: give one of {', '.join(_REFRESHES)}")
    started_by = {environment.get("GITHUB_EVENT_NAME"), environment.get("CI_PIPELINE_SOURCE")}
    return "schedule" in started_by if asked == _SCHEDULED else asked == "always"


def _writes_once(environment: Mapping[str, str]) -> bool:
    asked = environment.get("PIPELINE_CHECKPOINTS", "") or _AUTO
    if asked not in _CHECKPOINTS:
        raise BadSetting(f"PIPELINE_CHECKPOINTS is {asked!r}: give one of {', '.join(_CHECKPOINTS)}")
    return asked == _AUTO


def _kinds(environment: Mapping[str, str]) -> frozenset[Kind]:
    asked = environment.get("PIPELINE_EVENT_KINDS", "").replace(",", " ").split()
    if unknown := [it for it in asked if it not in set(Kind)]:
        raise BadSetting(f"PIPELINE_EVENT_KINDS is {' '.join(unknown)!r}: give some of {', '.join(Kind)}")
    return frozenset(map(Kind, asked)) or frozenset(Kind)


def _span(environment: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    text = environment.get(name, "")
    if not text:
        return default
    span = parse_span(text)
    if span is None:
        raise BadSetting(f"{name} is {text!r}: give a time such as 2h, 90m or 30s")
    return span
