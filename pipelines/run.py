"""The two things that a pipeline does: preview every stack for a request, and bring stacks up."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines import checkpoints, engine_environment, login, report, stacks
from pipelines.cloud_events import CloudEvents, Happening, Kind, of_finished, of_problems
from pipelines.console import Console
from pipelines.engine import Engine, EngineRun
from pipelines.events import Events, Resource
from pipelines.journal import Journal
from pipelines.limits import Limits
from pipelines.lock import judge, locks_in
from pipelines.report import StackReport
from pipelines.settings import Settings
from pipelines.stopping import alone
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
class Ended:
    """One stack's run: its exit code, what there is to tell of it, and whether anything was changed."""

    code: int
    report: StackReport
    changed: bool = False


@dataclass(frozen=True)
class Pipeline:
    """One job. `now` and `sleep` are arguments for the tests.

    limits: what one stack's run may do at the most; over: what hands a request to stop on to an engine's process.
    """

    repository: Path
    engine: provision.Engine
    settings: Settings
    console: Console
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sleep: Callable[[float], None] = field(default=time.sleep)
    limits: Limits = field(default_factory=Limits)
    over: Callable[[subprocess.Popen[str]], AbstractContextManager[None]] = alone

    def preview(self, stacks: Sequence[str]) -> tuple[int, list[StackReport]]:
        """Previews the stacks. Answers FAILED when one can't be previewed, and what there is to tell of each."""
        reports = [self.preview_one(stack) for stack in stacks]
        return FAILED if any(each.outcome == report.FAILED for each in reports) else DONE, reports

    def preview_one(self, stack: str) -> StackReport:
        """Previews a stack; what there is to tell of it, without any secret of the job."""
        return report.changed(self._preview(stack), self.console.masked)

    def _preview(self, stack: str) -> StackReport:
        try:
            run = self._engine(stack).preview()
        except login.LoginFailed as error:
            self.console.fail(f"{stack}: no preview", str(error))
            return report.of_preview(stack, str(error))
        beyond = self.limits.exceeded(run.events)
        if run.succeeded:
            self.console.say(f"{self.settings.time()} {stack}: {headline(run.events)}")
            for line in beyond:
                self.console.warn(f"{stack}: beyond a limit", line)
        else:
            self.console.fail(f"{stack}: no preview", _why(run, stack))
        return report.of_preview(stack, _absent(stack) if _is_absent(run) else run, beyond)

    def up(self, stacks: Sequence[str]) -> tuple[int, list[StackReport]]:
        """Brings each stack up, the rest also after one has failed. Answers the worst outcome, and what there is to tell of each."""
        ended = [self.up_one(stack) for stack in stacks]
        return worst(each.code for each in ended), [each.report for each in ended]

    def up_one(self, stack: str) -> Ended:
        """Brings a stack up, unless that would do more than may be; what there is to tell of it is without any secret of the job."""
        found = self._before_up(stack) if self.limits else None
        ended = found if isinstance(found, Ended) else self._up(stack, writes_once=self._writes_once(stack, found))
        return replace(ended, report=report.changed(ended.report, self.console.masked))

    def warnings_of(self, stack: str) -> list[str]:
        """What a look at the stack warns of just now. It changes nothing."""
        try:
            run = self._engine(stack).preview()
        except login.LoginFailed as error:
            return [f"no login: {error}"]
        warnings = run.events.all_warnings() if run.succeeded else [f"it can't be previewed: {_why(run, stack)}"]
        count = f"{len(warnings)} warnings" if len(warnings) != 1 else "1 warning"
        self.console.say(f"{self.settings.time()} {stack}: was looked at again: {count}")
        return warnings

    def held_back(self, stack: str, code: int, why: str) -> Ended:
        """A stack that isn't brought up, because of another that comes before it."""
        self.console.fail(f"{stack}: held back", why)
        self._write_events(stack, [Happening(Kind.FAILED, "", why=f"held back: {why}")])
        return Ended(code, report.changed(report.of_up(stack, report.HELD, "held back", [why]), self.console.masked))

    def _before_up(self, stack: str) -> Ended | Events:
        """What a preview says that `up` will do; or the stack's end, where that is beyond a limit or can't be previewed."""
        try:
            previewed = self._previewed(stack)
        except login.LoginFailed as error:
            return self._no_login(stack, error)
        if not previewed.succeeded:
            title, lines = "the preview before it failed", _why(previewed, stack).splitlines()
        else:
            title, lines = "stopped by a limit", self.limits.exceeded(previewed.events)
            if not lines:
                return previewed.events
        self.console.fail(f"{stack}: pulumi up was not begun: {title}", "\n".join(lines))
        self._write_events(stack, [Happening(Kind.FAILED, "", why=f"{title}: {' '.join(' '.join(lines).split())}")])
        return Ended(FAILED, report.of_up(stack, report.FAILED, title, lines))

    def _writes_once(self, stack: str, previewed: Events | None) -> bool:
        """Whether the state is written at the end alone, which is said."""
        once = previewed is not None and self.settings.writes_once and checkpoints.may_be_left_out(previewed)
        if once:
            self.console.say(
                f"{self.settings.time()} {stack}: nothing but rotations is due: the state is written once, at the end"
            )
        return once

    def _previewed(self, stack: str) -> EngineRun:
        """What `up` is about to do, with the look at the cloud that it takes; without one where that is refused, as `up` goes on then."""
        run = self._engine(stack).preview(refresh=self.settings.refresh)
        return run if run.events.looked else self._engine(stack).preview()

    def _no_login(self, stack: str, error: login.LoginFailed) -> Ended:
        self.console.fail(f"{stack}: no login", str(error))
        self._write_events(stack, [Happening(Kind.FAILED, "", why=f"no login: {error}")])
        return Ended(FAILED, report.of_up(stack, report.FAILED, "no login", [str(error)]))

    def _up(self, stack: str, *, writes_once: bool) -> Ended:
        try:
            run, holder = self._up_past_locks(stack, refresh=self.settings.refresh, writes_once=writes_once)
            unseen = (
                [] if run.events.looked else [f"what others have changed could not be looked at: {_why(run, stack)}"]
            )
            if unseen:
                # Keys that are due must not wait for it: a plain `up` makes fewer calls and needs fewer rights.
                run, holder = self._up_past_locks(stack, refresh=False)
            if run.succeeded and run.events.pending:
                self._forget_pending(stack)
        except login.LoginFailed as error:
            return self._no_login(stack, error)
        problems = list(of_problems(run.events.touched()))
        if not run.succeeded:
            outcome = report.IN_USE if run.locked else report.FAILED
            why = holder or _why(run, stack)
            if not any(it.kind is Kind.FAILED for it in problems):
                problems.append(Happening(Kind.FAILED, "", why=" ".join(why.split())))
            self._write_events(stack, problems)
            self.console.fail(f"{stack}: pulumi up {outcome}", why)
            told = [*why.splitlines(), *unseen, *self._drift(stack, run)]
            return Ended(LOCKED if run.locked else FAILED, report.of_up(stack, outcome, outcome, told))
        self._write_events(stack, problems)
        summary = f"{headline(run.events)}; {run.events.unchanged} unchanged"
        self.console.say(f"{self.settings.time()} {stack}: {summary}")
        warnings = [*unseen, *run.events.all_warnings()]
        for warning in warnings:
            self.console.warn(f"{stack}: needs a human", warning)
        told = [*warnings, *self._drift(stack, run)]
        code = self.settings.warning_code if told else DONE
        outcome = report.WARNING if told else report.DONE
        return Ended(code, report.of_up(stack, outcome, summary, told), _changes(run.events))

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
        provider = stacks.secrets_provider(self.repository, stack)
        environment = engine_environment.allowed(environment, self.settings.engine_variables, provider)
        time = self.settings.time()
        return Engine(self.engine.executable, self.repository, stack, environment, journal, time, self.over)

    def _up_past_locks(self, stack: str, *, refresh: bool, writes_once: bool = False) -> tuple[EngineRun, str]:
        """`up`, with a bounded wait for a lock that is held, and once past locks that were left behind; and who holds it, if one does."""
        began, killed_since = self.now(), None
        while True:
            engine = self._engine(stack)
            run = self._up_once(engine, refresh=refresh, writes_once=writes_once)
            # Whoever held the lock may have changed what is due.
            writes_once = False
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

    def _up_once(self, engine: Engine, *, refresh: bool, writes_once: bool) -> EngineRun:
        """`up`, with what becomes of each resource logged and written down as it happens."""
        late: list[Resource] = []
        try:
            return engine.up(lambda it: self._log(engine.stack, it, late), refresh=refresh, writes_once=writes_once)
        finally:
            for resource in late:
                self._write_events(engine.stack, list(of_finished(resource)))

    def _forget_pending(self, stack: str) -> None:
        """The provider has found again what a killed run had begun; the engine's own record of it would warn for ever."""
        cleared = self._engine(stack).clear_pending()
        said = "cleared" if cleared.succeeded else f"could not be cleared: {_why(cleared, stack)}"
        self.console.say(f"{self.settings.time()} {stack}: what a killed run had begun is {said}")

    def _log(self, stack: str, resource: Resource, late: list[Resource]) -> None:
        """`late` takes the keys of which it isn't known yet whose they are, and so who is to hear of them."""
        self.console.say(log_line(self.settings.time(), stack, resource))
        if resource.awaits_owner:
            late.append(resource)
        else:
            self._write_events(stack, list(of_finished(resource)))

    def _write_events(self, stack: str, happenings: Sequence[Happening]) -> None:
        """What nobody can be told must not fail the run that keeps keys young."""
        settings = self.settings
        events = CloudEvents(
            settings.events_file, settings.event_kinds, settings.job_url, settings.commit, settings.event_owners
        )
        try:
            events.write(settings.time(), stack, happenings, self.console.masked)
        except OSError as error:
            self.console.warn(
                f"{stack}: no events", f"PIPELINE_EVENTS, {settings.events_file}, can't be written: {error.strerror}"
            )


def worst(codes: Iterable[int]) -> int:
    """One exit code for all: FAILED where one failed, else the highest."""
    found = list(codes)
    return FAILED if FAILED in found else max(found, default=DONE)


def _changes(events: Events) -> bool:
    return any(each.operation for each in events.touched())


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
