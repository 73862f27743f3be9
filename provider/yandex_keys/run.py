"""One run of the plugin: its settings and clock, its way to the engine's log, the cloud, what was read there, and what
the run has done so far."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from .as_of import judged_as_of
from .cloud import Cloud
from .credentials import find_credentials
from .endpoints import may_answer
from .errors import CloudError, ConfigurationError, InvalidInput, YandexKeysError
from .lockbox_version import LockboxVersions
from .login import Login
from .marks import owner_of, random_part
from .properties import Properties
from .reads import Reads
from .sdk_internals import CHANNEL_OPTIONS
from .settings import Settings, settings
from .times import format_time
from .version import VERSION

Severity = Literal["debug", "info", "warning"]
_SEVERITIES: Final = {"debug": engine_pb2.DEBUG, "info": engine_pb2.INFO, "warning": engine_pb2.WARNING}
_LOG_TIMEOUT: Final = 10.0
_AS_GOOD_AS_NOW: Final = timedelta(minutes=5)
# A rehearsal of today may be written as the day's beginning.
_OVER: Final = timedelta(days=1)


@dataclass(frozen=True)
class RunRecord:
    """What one resource of a run has to know of the others: each verb adds what it has seen or done, and nothing is ever
    taken away."""

    made: set[str] = field(default_factory=set)
    """The ids of accounts, secrets and bindings that this run has made: they hold no keys or versions but ours."""
    imported: set[str] = field(default_factory=set)
    """The URNs of what this run has imported."""
    declared: set[str] = field(default_factory=set)
    """The URNs of what the program of this run declares."""
    replaced: set[str] = field(default_factory=set)
    """The ids of Lockbox secrets that this run replaces by ones with other ids."""
    ends_told: set[str] = field(default_factory=set)
    """The URNs of keys that this run replaces, and has said of what their end means for consumers."""
    in_states: set[str] = field(default_factory=set)
    """The ids of keys, accounts and secrets that states of this run account for: nobody else may call them nobody's."""


@dataclass(frozen=True)
class Runtime:
    """What a verb works with.

    now: the time by which keys are judged, in UTC (`asOf`, the environment, or the clock); as_of: `asOf`, where it was
    given; rehearses_only: whether nothing may be changed by it; clock: this machine's time; run_every: how often the
    stack is run, as its user declares it. log: prints a line under the resource with that URN, in preview and update.
    reads: what this run has read; versions: how it writes to Lockbox; record: what it has done. provider_id,
    provider_urn: of the stack's own provider resource: which state this run serves. random_bytes: for instances and
    attempts.
    """

    cloud: Cloud
    folder_id: str
    cloud_id: str
    now: Callable[[], datetime]
    log: Callable[[Severity, str, str], None]
    reads: Reads
    versions: LockboxVersions
    as_of: datetime | None = None
    rehearses_only: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    run_every: timedelta = timedelta(days=1)
    provider_id: str = ""
    provider_urn: str = ""
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    record: RunRecord = field(default_factory=RunRecord)
    _rehearsal_is_said: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def owner(self, urn: str) -> str:
        """The owner part of the mark of what is made for `urn`."""
        return owner_of(self.provider_id, urn)

    def say_as_of(self) -> None:
        """Says once a run by which time it is judged, where that isn't the clock's. `make up` and the shell of a
        local cloud hand over that cloud's own time: nobody has to hear that it is now."""
        if self.as_of is None:
            return
        now = self.clock()
        if not self.rehearses_only and abs(self.as_of - now) <= _AS_GOOD_AS_NOW:
            return
        if self._rehearsal_is_said.acquire(blocking=False):
            self.log("info", judged_as_of(self.as_of, now), "")

    def random_part(self) -> str:
        """A new instance or attempt."""
        return random_part(self.random_bytes)


class Session:
    """The plugin's process: from the engine's first word to its `Cancel`. `environment` and `now` are arguments for the
    tests."""

    def __init__(
        self, environment: Mapping[str, str] | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._now = now
        self._cancelled: Future[None] = Future()
        self._runtime: Runtime | None = None
        self._engine: Any = None
        self._credentials_from = ""
        self._told: set[str] = set()
        self._telling = threading.Lock()

    def attach(self, engine_address: str) -> None:
        """Makes `log` reach the engine at that address; without one, lines are dropped."""
        if engine_address and self._engine is None:
            self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine_address, options=CHANNEL_OPTIONS))

    def check(self, given: Properties) -> Settings:
        """The settings. Raises InvalidInput."""
        chosen = settings(given, self._environment, self._now)
        if chosen.is_rehearsal_only and chosen.as_of is not None and chosen.as_of < self._now() - _OVER:
            said = (
                f"{format_time(chosen.as_of)} is over, and what has become due since is not seen by it. Leave asOf and "
                "YANDEX_KEYS_AS_OF out, or set them to a time to come, such as +30d"
            )
            raise InvalidInput([("asOf", said)])
        return chosen

    def configure(self, given: Properties, provider_id: str = "", provider_urn: str = "") -> None:
        """Makes the run; it logs in when it first calls the cloud. `provider_id` and `provider_urn` are those of the
        stack's provider resource.

        The id is empty in the preview that comes before that resource is made.

        Raises InvalidInput or ConfigurationError, before anything starts.
        """
        chosen = self.check(given)
        credentials = find_credentials(chosen.credentials, self._environment)
        self._credentials_from = credentials.source
        login = Login(chosen.endpoint, chosen.root_certificates, credentials, f"pulumi-yandex-keys/{VERSION}")
        if chosen.endpoint_is_requested:
            login.may_answer = lambda address: may_answer(chosen.endpoint, address)
        if chosen.foreign_endpoint:
            # Whoever reads a preview sees whom the deployer's token is for.
            self.log("info", f"the endpoint is not Yandex Cloud's own: {chosen.foreign_endpoint}", "")
        cloud = Cloud(
            login, cancelled=self._cancelled, wait=self._wait, warn=lambda said: self.log("warning", said, "")
        )
        reads = Reads(cloud)
        self._runtime = Runtime(
            cloud=cloud,
            folder_id=chosen.folder_id,
            cloud_id=chosen.cloud_id,
            now=chosen.clock(self._now),
            log=self.log,
            reads=reads,
            versions=LockboxVersions(cloud, reads),
            as_of=chosen.as_of,
            rehearses_only=chosen.is_rehearsal_only,
            clock=self._now,
            run_every=chosen.run_every,
            provider_id=provider_id,
            provider_urn=provider_urn,
        )

    def runtime_or_none(self) -> Runtime | None:
        """What verbs work with; None before `configure`."""
        return self._runtime

    def runtime(self) -> Runtime:
        """What verbs work with. Raises ConfigurationError before `configure`."""
        if self._runtime is None:
            raise ConfigurationError("the provider has not been configured")
        return self._runtime

    def runtime_for_changes(self) -> Runtime:
        """What verbs that change the cloud work with. Raises ConfigurationError where this run may only rehearse."""
        runtime = self.runtime()
        if runtime.rehearses_only:
            raise ConfigurationError(
                f"asOf (or YANDEX_KEYS_AS_OF) is {runtime.as_of:%Y-%m-%dT%H:%M:%SZ}, and it only rehearses: `pulumi "
                "preview` takes it, "
                "but no real cloud is changed by any time but the clock's. Leave it out, then run this again"
            )
        return runtime

    def words_of(self, error: YandexKeysError) -> str:
        """What the user reads of `error`. Refused credentials and a login that failed hit every resource of a run: the
        first error says it all, with where the credentials came from; the others say that it is the same again."""
        if isinstance(error, CloudError) and error.code == "UNAUTHENTICATED":
            if self._is_told_first(error.code):
                return f"{error} They came from {self._credentials_from}."
            where = f"{error.resource}: " if error.resource else ""
            return (
                f"{where}{error.call} failed with {error.code} as well: the credentials from {self._credentials_from}"
            )
        if isinstance(error, ConfigurationError) and not self._is_told_first(str(error)):
            return "nothing was called, for the reason that the error of another resource of this run gives"
        return str(error)

    def _is_told_first(self, what: str) -> bool:
        with self._telling:
            first = what not in self._told
            self._told.add(what)
        return first

    def cancel(self) -> None:
        """Ends every wait, that for the login too, now and later; what is under way in the cloud ends by itself."""
        with suppress(InvalidStateError):  # it was asked for before
            self._cancelled.set_result(None)

    def log(self, severity: Severity, message: str, urn: str) -> None:
        """Prints `message` under the resource `urn`. A log that can't be delivered never fails a verb."""
        if self._engine is None:
            return
        try:
            self._engine.Log(
                engine_pb2.LogRequest(severity=_SEVERITIES[severity], message=message, urn=urn), timeout=_LOG_TIMEOUT
            )
        except grpc.RpcError:
            return

    def _wait(self, seconds: float) -> bool:
        wait([self._cancelled], seconds)
        return self._cancelled.done()
