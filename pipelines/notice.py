"""Making sure that a failed run, or a warning that needs a human, reaches one: by an issue, and by whatever command a team gives."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from pipelines.console import Console
from pipelines.forge import Forge
from pipelines.settings import Settings
from pipelines.web import WebError

_SECONDS = 60


@dataclass(frozen=True)
class Notice:
    """Tells people of one stack's run."""

    settings: Settings
    console: Console
    forge: Forge | None

    def needed(self, stack: str, outcome: str, lines: list[str]) -> None:
        """`outcome` is `failed` or `warning`; `lines` say what it is about."""
        where = f"\n\nThe run: {self.settings.job_url}" if self.settings.job_url else ""
        listed = "\n".join(f"- {line}" for line in lines)
        text = self.console.masked(f"As of {self.settings.time()}, stack `{stack}`: {outcome}.\n\n{listed}{where}\n")
        if self.forge is not None:
            try:
                self.forge.report(title(stack), text)
            except WebError as error:
                self.console.warn(stack, f"no issue could be written: {error}")
        self._run_command(stack, outcome, text)

    def over(self, stack: str) -> None:
        """A clean run: what an earlier one reported is past."""
        if self.forge is None:
            return
        try:
            self.forge.resolve(title(stack), f"As of {self.settings.time()}, `pulumi up` of `{stack}` is clean again.")
        except WebError as error:
            self.console.warn(stack, f"the open issue, if there is one, could not be closed: {error}")

    def _run_command(self, stack: str, outcome: str, text: str) -> None:
        if not self.settings.notify_command:
            return
        told = {"PIPELINE_STACK": stack, "PIPELINE_OUTCOME": outcome, "PIPELINE_JOB_URL": self.settings.job_url}
        try:
            done = subprocess.run(
                ["sh", "-c", self.settings.notify_command],
                check=False,
                input=text,
                text=True,
                env={**os.environ, **told},
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            self.console.warn(stack, f"PIPELINE_NOTIFY_COMMAND took longer than {_SECONDS} s")
            return
        if done.returncode != 0:
            self.console.warn(stack, f"PIPELINE_NOTIFY_COMMAND failed with exit code {done.returncode}")


def title(stack: str) -> str:
    """The title of the one issue that a stack has at a time."""
    return f"API keys: stack {stack} needs a human"
