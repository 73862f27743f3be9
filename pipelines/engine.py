"""The real `pulumi`, run for one stack, its events read as they come."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pipelines import checkpoints
from pipelines.events import Events, Resource
from pipelines.journal import Journal
from pipelines.lock import is_locked
from pipelines.stopping import alone

_SETTINGS = {
    "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
    # The plugin is the project's own; looking for another would reach out to servers.
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
}
# What those who run it may choose otherwise. The engine does four things at once for each core, unless told: on a small runner most of a run
# would be waiting for the cloud.
_DEFAULTS = {"PULUMI_PARALLEL": "16"}
# The engine writes the whole state at each step: compressed, it is a fortieth. A backend that isn't one of files or objects has no such choice.
_COMPRESSION = "PULUMI_DIY_BACKEND_ZSTD"
# Whoever says how the state is written has said it by one of these; the engine refuses two ways at once.
_COMPRESSIONS = (
    _COMPRESSION,
    "PULUMI_DIY_BACKEND_GZIP",
    "PULUMI_SELF_MANAGED_STATE_ZSTD",
    "PULUMI_SELF_MANAGED_STATE_GZIP",
)


@dataclass(frozen=True)
class EngineRun:
    """How a command of the engine ended."""

    events: Events
    code: int
    error_output: str

    @property
    def succeeded(self) -> bool:
        """Whether it did all that it had to."""
        return self.code == 0

    @property
    def locked(self) -> bool:
        """Whether it stopped at somebody's lock, before it did anything."""
        return not self.succeeded and is_locked(self.error_output)


@dataclass(frozen=True)
class Engine:
    """`pulumi` on one stack of the clone in `repository`.

    environment: all that each command, and with it the program, gets; time: by what the plugin judges keys; over: what hands a request to stop on
    to its process, and raises Stopped after it.
    """

    executable: Path
    repository: Path
    stack: str
    environment: Mapping[str, str]
    journal: Journal
    time: str = ""
    over: Callable[[subprocess.Popen[str]], AbstractContextManager[None]] = alone

    def preview(self, *, refresh: bool = False) -> EngineRun:
        """What `up` would do, with that `refresh`. Takes no lock and changes nothing."""
        return self._run(["preview", "--json", *(["--refresh"] if refresh else [])], lambda _: None)

    def up(
        self, on_resource: Callable[[Resource], None], *, refresh: bool = False, writes_once: bool = False
    ) -> EngineRun:
        """Brings the stack up; `on_resource` is told of each resource that is finished or has failed.

        refresh: asks the cloud first what others have changed, where a plain `up` believes the state; writes_once: the state is written at
        the end alone.
        """
        more = {checkpoints.VARIABLE: "true"} if writes_once else {}
        arguments = ["up", "--yes", "--skip-preview", "--json", *(["--refresh"] if refresh else [])]
        return self._run(arguments, on_resource, more)

    def clear_pending(self) -> EngineRun:
        """Asks the cloud what became of the operations that a killed run had begun, and forgets them."""
        return self._run(["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--json"], lambda _: None)

    def cancel(self) -> EngineRun:
        """Breaks every lock of the stack."""
        return self._run(["cancel", "--yes"], lambda _: None)

    def _compressing(self) -> dict[str, str]:
        return {} if any(name in self.environment for name in _COMPRESSIONS) else {_COMPRESSION: "true"}

    def _run(
        self,
        arguments: Sequence[str],
        on_resource: Callable[[Resource], None],
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> EngineRun:
        events = Events()
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(
                [str(self.executable), "--non-interactive", *arguments, "--stack", self.stack],
                cwd=self.repository,
                env={**_DEFAULTS, **self._compressing(), **self.environment, **_SETTINGS, **more},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                errors="replace",
                # A terminal's Ctrl-C would reach it twice, and the second ends it the hard way.
                start_new_session=True,
            )
            self.journal.began(process.pid, self.time)
            with self.over(process):
                assert process.stdout is not None
                with process.stdout as lines:
                    for line in lines:
                        resource = events.feed(line)
                        if resource is not None:
                            on_resource(resource)
                code = process.wait()
                # An engine that a signal has ended (the system's, out of memory) left its lock behind: the next run has to know whose that is.
                if code >= 0:
                    self.journal.ended(process.pid)
            errors.seek(0)
            return EngineRun(events, code, errors.read())
