"""The two things that a pipeline does: preview every stack for a request, and bring stacks up."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines import engine_environment, login, report
from pipelines.cloud_events import CloudEvents, Happening, Kind, of_finished, of_problems
from pipelines.console import Console
from pipelines.engine import Engine, EngineRun
from pipelines.events import Resource
from pipelines.journal import Journal
from pipelines.lock import judge, locks_in
from pipelines.report import StackReport
from pipelines.settings import Settings
from pipelines.words import drift_lines, headline, log_line, unsaid_lines
from setup.engine import provision

DONE = 0
FAILED = 1
LOCKED = 75
"""EX_TEMPFAIL of sysexits.h: nothing was done, and trying again later may help."""
_POLL = timedelta(seconds=10)
# A runner's clock and the cloud's may differ by as much; no run comes to its first rotation faster.
_SKEW = timedelta(minutes=1)
_ABSENT = "no stack named"


@dataclass(frozen=True)
class Pipeline:
    """One job. `now` and `sleep` are arguments for the tests."""

    repository: Path
    engine: provision.Engine
    settings: Settings
    console: Console
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sleep: Callable[[float], None] = field(default=time.sleep)

    def preview(self, stacks: Sequence[str]) -> tuple[int, list[StackReport]]:
        """Previews the stacks. Answers FAILED when one can't be previewed, and what there is to tell of each."""
        reports = [report.changed(self._preview(stack), self.console.masked) for stack in stacks]
        return FAILED if any(each.outcome == report.FAILED for each in reports) else DONE, reports

    def _preview(self, stack: str) -> StackReport:
        try:
            run = self._engine(stack).preview()
        except login.LoginFailed as error:
            self.console.fail(f"{stack}: no preview", str(error))
            return report.of_preview(stack, str(error))
        if run.succeeded:
            self.console.say(f"{self.settings.time()} {stack}: {headline(run.events)}")
        else:
            self.console.fail(f"{stack}: no preview", _why(run, stack))
        return report.of_preview(stack, _absent(stack) if _is_absent(run) else run)

    def up(self, stacks: Sequence[str]) -> tuple[int, list[StackReport]]:
        """Brings each stack up, the rest also after one has failed. Answers the worst outcome, and what there is to tell of each."""
        codes, reports = [], []
        for stack in stacks:
            code, told = self._up(stack)
            codes.append(code)
            reports.append(report.changed(told, self.console.masked))
        return FAILED if FAILED in codes else max(codes, default=DONE), reports

    def _up(self, stack: str) -> tuple[int, StackReport]:
        try:
            run, holder = self._up_past_locks(stack, refresh=self.settings.refresh)
            unseen = (
                [] if run.events.looked else [f"what others have changed could not be looked at: {_why(run, stack)}"]
            )
            if unseen:
                # Keys that are due must not wait for it: a plain `up` makes fewer calls and needs fewer rights.
                run, holder = self._up_past_locks(stack, refresh=False)
            if run.succeeded and run.events.pending:
                self._forget_pending(stack)
        except login.LoginFailed as error:
            self.console.fail(f"{stack}: no login", str(error))
            self._write_events(stack, [Happening(Kind.FAILED, "", why=f"no login: {error}")])
            return FAILED, report.of_up(stack, report.FAILED, "no login", [str(error)])
        problems = list(of_problems(run.events.touched()))
        if not run.succeeded:
            outcome = report.IN_USE if run.locked else report.FAILED
            why = holder or _why(run, stack)
            if not any(it.kind is Kind.FAILED for it in problems):
                problems.append(Happening(Kind.FAILED, "", why=" ".join(why.split())))
            self._write_events(stack, problems)
            self.console.fail(f"{stack}: pulumi up {outcome}", why)
            told = [*why.splitlines(), *unseen, *self._drift(stack, run)]
            return LOCKED if run.locked else FAILED, report.of_up(stack, outcome, outcome, told)
        self._write_events(stack, problems)
        summary = f"{headline(run.events)}; {run.events.unchanged} unchanged"
        self.console.say(f"{self.settings.time()} {stack}: {summary}")
        warnings = [*unseen, *run.events.all_warnings()]
        for warning in warnings:
            self.console.warn(f"{stack}: needs a human", warning)
        told = [*warnings, *self._drift(stack, run)]
        code = self.settings.warning_code if told else DONE
        return code, report.of_up(stack, report.WARNING if told else report.DONE, summary, told)

    def _drift(self, stack: str, run: EngineRun) -> list[str]:
        """What others have changed in the cloud, said at the end of the run and handed on."""
        found = drift_lines(run.events)
        for line in found:
            self.console.warn(f"{stack}: changed by others", line)
        return found

    def _engine(self, stack: str) -> Engine:
        """The engine for one command, freshly logged in: a runner's token may last no longer than 5 minutes."""
        environment = login.logged_in(self.settings.environment, self.console)
        environment["PATH"] = self.engine.search_path(environment.get("PATH", os.defpath))
        journal = Journal.of(stack, environment)
        environment = engine_environment.allowed(environment, self.settings.engine_variables)
        return Engine(self.engine.executable, self.repository, stack, environment, journal, self.settings.time())

    def _up_past_locks(self, stack: str, *, refresh: bool) -> tuple[EngineRun, str]:
        """`up`, with a bounded wait for a lock that is held, and once past locks that were left behind; and who holds it, if one does."""
        began, killed_since = self.now(), None
        while True:
            engine = self._engine(stack)
            run = engine.up(lambda resource: self._log(stack, resource), refresh=refresh)
            if not run.locked:
                if killed_since is not None:
                    for line in unsaid_lines(self.settings.time(), stack, run.events, killed_since - _SKEW):
                        self.console.say(line)
                return run, ""
            locks = locks_in(run.error_output)
            judgement = judge(locks, self.now(), self.settings.stale_after, engine.journal.is_dead)
            if judgement.may_break and killed_since is None:
                self.console.warn(f"{stack}: breaking a lock", judgement.reason)
                killed_since = min(engine.journal.time_of(lock) for lock in locks)
                engine.cancel()
            elif self.now() - began < self.settings.lock_wait:
                self.console.say(f"{self.settings.time()} {stack}: waits for the stack's lock: {judgement.reason}")
                self.sleep(_POLL.total_seconds())
            else:
                return run, f"its lock is {judgement.reason}"

    def _forget_pending(self, stack: str) -> None:
        """The provider has found again what a killed run had begun; the engine's own record of it would warn for ever."""
        cleared = self._engine(stack).clear_pending()
        said = "cleared" if cleared.succeeded else f"could not be cleared: {_why(cleared, stack)}"
        self.console.say(f"{self.settings.time()} {stack}: what a killed run had begun is {said}")

    def _log(self, stack: str, resource: Resource) -> None:
        self.console.say(log_line(self.settings.time(), stack, resource))
        self._write_events(stack, list(of_finished(resource)))

    def _write_events(self, stack: str, happenings: Sequence[Happening]) -> None:
        """What nobody can be told must not fail the run that keeps keys young."""
        settings = self.settings
        events = CloudEvents(settings.events_file, settings.event_kinds, settings.job_url, settings.commit)
        try:
            events.write(settings.time(), stack, happenings, self.console.masked)
        except OSError as error:
            self.console.warn(
                f"{stack}: no events", f"PIPELINE_EVENTS, {settings.events_file}, can't be written: {error.strerror}"
            )


def _is_absent(run: EngineRun) -> bool:
    return not run.succeeded and _ABSENT in run.error_output


def _absent(stack: str) -> str:
    return (
        f"the backend has no stack {stack} yet: make it once with `pulumi stack init {stack}`, and commit the line that this adds "
        f"to stacks/Pulumi.{stack}.yaml (pipelines/README.md, step 4)"
    )


def _why(run: EngineRun, stack: str) -> str:
    """Why the engine failed, in its own words."""
    if _is_absent(run):
        return _absent(stack)
    errors = run.events.all_errors() or [run.error_output.strip().removeprefix("error: ")]
    said = [line for line in errors if line.strip()] or run.events.noise[-20:] or [f"exit code {run.code}"]
    return "\n".join(said)
