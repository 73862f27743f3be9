"""Several stacks at once, each by an engine process of its own; stages in order; a stop that never holds back a stack that is independent of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from pipelines import report
from pipelines.fleet_file import FleetFile, Stage
from pipelines.report import StackReport
from pipelines.run import DONE, FAILED, Ended, Pipeline, worst
from pipelines.stopping import Stopped, Stopping
from pipelines.summary import Row, table

INTERRUPTED = 130
_NOT_UP = {report.FAILED, report.IN_USE, report.HELD}


class Fleet:
    """One job for several stacks. Each has a thread, and all of them share `jobs` slots: a stack that waits, for whatever, holds none."""

    def __init__(
        self,
        pipeline: Pipeline,
        file: FleetFile,
        jobs: int,
        rest: Callable[[float], None] | None = None,
    ) -> None:
        """`rest` waits, between stages and for a lock; an argument for the tests."""
        self._stopping = Stopping()
        self._pipeline = replace(pipeline, over=self._stopping.over, sleep=self._sleep)
        self._file = file
        self._slots = threading.Semaphore(jobs)
        self._rest = rest or self._stopping.sleep
        self._ended: dict[str, Future[Ended]] = {}
        self._looks: dict[tuple[str, str], Future[list[str]]] = {}
        self._looking = threading.Lock()
        self._seconds: dict[str, float] = {}

    def preview(self, stacks: Sequence[str]) -> tuple[int, list[StackReport]]:
        """As Pipeline.preview does, several at once; order and pauses are for `up`."""

        def one(stack: str) -> StackReport:
            with self._slot():
                return self._pipeline.preview_one(stack)

        with self._stopping.listening(), ThreadPoolExecutor(max(1, len(stacks))) as pool:
            reports = list(pool.map(one, stacks))
        return FAILED if any(each.outcome == report.FAILED for each in reports) else DONE, reports

    def up(self, stacks: Sequence[str]) -> tuple[int, list[StackReport]]:
        """Brings the stacks up. Answers one exit code, and what there is to tell of each that had its turn or was held back."""
        self._file.check(stacks)
        self._ended = {stack: Future() for stack in stacks}
        with self._stopping.listening(), ThreadPoolExecutor(max(1, len(stacks))) as pool:
            for stack in stacks:
                pool.submit(self._settle, stack, list(stacks))
        unforeseen = [
            error for each in self._ended.values() if not isinstance(error := each.exception(), Stopped | None)
        ]
        ended = {stack: each.result() for stack, each in self._ended.items() if each.exception() is None}
        if len(stacks) > 1:
            self._pipeline.console.say(table([self._row(stack, ended.get(stack)) for stack in stacks]))
        if unforeseen:
            raise unforeseen[0]
        code = worst(each.code for each in ended.values())
        if self._stopping.asked:
            self._pipeline.console.fail("stopped", str(Stopped()))
            code = INTERRUPTED
        return code, [each.report for each in ended.values()]

    def _settle(self, stack: str, stacks: Sequence[str]) -> None:
        """Whatever becomes of the stack, those that wait for it hear of it."""
        try:
            self._ended[stack].set_result(self._in_its_turn(stack, stacks))
        except BaseException as error:
            self._ended[stack].set_exception(error)

    def _in_its_turn(self, stack: str, stacks: Sequence[str]) -> Ended:
        before = {each: self._ended[each].result() for stage in self._file.before(stack, stacks) for each in stage}
        for other, ended in before.items():
            if ended.report.outcome in _NOT_UP:
                return self._pipeline.held_back(stack, ended.code, f"{other}, which comes before it, {_was(ended)}")
        why = self._warned(stack, stacks, before)
        if why:
            return self._pipeline.held_back(stack, FAILED, why)
        with self._slot():
            began = time.monotonic()
            try:
                return self._pipeline.up_one(stack)
            finally:
                self._seconds[stack] = time.monotonic() - began

    def _warned(self, stack: str, stacks: Sequence[str], before: dict[str, Ended]) -> str:
        """Waits, where the stage's pause says so, and looks at what the stage before warns of: why the stack is held back, or nothing."""
        number = self._file.stage_of(stack)
        stages = self._file.before(stack, stacks)
        if number is None or not stages:
            return ""
        stage, nearest = self._file.stages[number], stages[-1]
        warned = {each: before[each].report.lines for each in nearest if before[each].report.outcome == report.WARNING}
        if stage.pause > timedelta(0) and any(before[each].changed for each in nearest):
            console, time_now = self._pipeline.console, self._pipeline.settings.time
            console.say(f"{time_now()} {stack}: waits {_minutes(stage.pause)} after {', '.join(nearest)}")
            self._rest(stage.pause.total_seconds())
            warned |= {each: lines for each in nearest if (lines := self._look(each, stage))}
        for other, lines in warned.items():
            words = f"{other}, which comes before it, warns: {lines[0]}"
            if stage.holds:
                return words
            self._pipeline.console.warn(f"{stack}: goes on all the same", words)
        return ""

    def _look(self, stack: str, stage: Stage) -> list[str]:
        """What a preview of a stack warns of once the pause is over. Several stacks that wait for it share one."""
        with self._looking:
            found = self._looks.get((stack, stage.name))
            mine = found is None
            look = found or Future()
            self._looks[stack, stage.name] = look
        if mine:
            try:
                with self._slot():
                    look.set_result(self._pipeline.warnings_of(stack))
            except BaseException as error:
                look.set_exception(error)
        return look.result()

    @contextmanager
    def _slot(self) -> Iterator[None]:
        with self._slots:
            self._stopping.check()
            yield

    def _sleep(self, seconds: float) -> None:
        """A stack that waits for somebody's lock keeps no other from its turn."""
        self._slots.release()
        try:
            self._rest(seconds)
        finally:
            self._slots.acquire()

    def _row(self, stack: str, ended: Ended | None) -> Row:
        number = self._file.stage_of(stack)
        stage = "" if number is None else self._file.stages[number].name
        if ended is None:
            outcome = "stopped" if stack in self._seconds else "not begun"
            return Row(stack, stage, outcome, self._seconds.get(stack), "the next run goes on from there")
        what = ended.report.headline
        if ended.report.outcome in _NOT_UP:
            what = " ".join(ended.report.lines) or what
        return Row(stack, stage, ended.report.outcome, self._seconds.get(stack), what)


def _was(ended: Ended) -> str:
    return "is held back" if ended.report.outcome == report.HELD else ended.report.outcome


def _minutes(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count)
