"""Making sure that a failed run, or a warning that needs a human, reaches one: by an issue, and by whatever command a team gives."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.console import Console
from pipelines.forge import Forge
from pipelines.markdown import code
from pipelines.report import DONE, StackReport
from pipelines.settings import Settings
from pipelines.web import WebError

_SECONDS = 60


@dataclass(frozen=True)
class Notice:
    """Tells people of stacks' runs."""

    settings: Settings
    console: Console
    forge: Forge | None

    def tell(self, report: StackReport) -> bool:
        """Tells of one stack's run what needs a human, or that what an earlier one told is past. Answers whether it could."""
        told = self._tell_forge(report)
        return told if report.outcome == DONE else self._run_command(report) and told

    def _tell_forge(self, report: StackReport) -> bool:
        if self.forge is None:
            return True
        past, issue = report.outcome == DONE, title(report.stack)
        try:
            if past:
                words = f"As of {self.settings.time()}, `pulumi up` of {code(report.stack)} is clean again."
                self.forge.resolve(issue, words)
            else:
                self.forge.report(issue, self._text(code(report.stack), report, [code(line) for line in report.lines]))
        except WebError as error:
            what = "the open issue, if there is one, could not be closed" if past else "no issue could be written"
            self.console.warn(report.stack, f"{what}: {error}")
            return False
        return True

    def _run_command(self, report: StackReport) -> bool:
        if not self.settings.notify_command:
            return True
        told = {
            "PIPELINE_STACK": report.stack,
            "PIPELINE_OUTCOME": report.outcome,
            "PIPELINE_JOB_URL": self.settings.job_url,
        }
        lines = [_unmentioning(" ".join(line.split())) for line in report.lines]
        try:
            done = subprocess.run(
                ["sh", "-c", self.settings.notify_command],
                check=False,
                input=self._text(report.stack, report, lines),
                text=True,
                env={**os.environ, **told},
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            self.console.warn(report.stack, f"PIPELINE_NOTIFY_COMMAND took longer than {_SECONDS} s")
            return False
        if done.returncode != 0:
            self.console.warn(report.stack, f"PIPELINE_NOTIFY_COMMAND failed with exit code {done.returncode}")
        return done.returncode == 0

    def _text(self, stack: str, report: StackReport, lines: Sequence[str]) -> str:
        where = f"\n\nThe run: {self.settings.job_url}" if self.settings.job_url else ""
        listed = "\n".join(f"- {line}" for line in lines)
        return self.console.masked(
            f"As of {self.settings.time()}, stack {stack}: {report.outcome}.\n\n{listed}{where}\n"
        )


def title(stack: str) -> str:
    """The title of the one issue that a stack has at a time."""
    return f"API keys: stack {stack} needs a human"


def _unmentioning(text: str) -> str:
    """Chats notify at `@name` and `<!channel>`, which a text from elsewhere may hold."""
    return text.replace("@", "@\u200b").replace("<!", "<\u200b!")
