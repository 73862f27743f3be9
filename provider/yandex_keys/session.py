"""One run of the plugin: its settings, its cloud, its way to the engine's log, and whether it was cancelled."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from .cloud import Cloud
from .credentials import find_credentials
from .endpoints import may_answer
from .errors import ConfigurationError, InvalidInput
from .lockbox_version import LockboxVersions
from .login import Login
from .reads import Reads
from .resource import Runtime, Severity
from .sdk_internals import CHANNEL_OPTIONS
from .settings import Settings, format_time, settings
from .version import VERSION

_SEVERITIES: Final = {"debug": engine_pb2.DEBUG, "info": engine_pb2.INFO, "warning": engine_pb2.WARNING}
_LOG_TIMEOUT: Final = 10.0
# A rehearsal of today may be written as the day's beginning.
_OVER: Final = timedelta(days=1)


class Session:
    """What a run of the plugin knows. `environment` and `now` are arguments for the tests."""

    def __init__(
        self, environment: Mapping[str, str] | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._now = now
        self._cancelled = threading.Event()
        self._runtime: Runtime | None = None
        self._rehearses_only = False
        self._engine: Any = None

    def attach(self, engine_address: str) -> None:
        """Makes `log` reach the engine at that address; without one, lines are dropped."""
        if engine_address and self._engine is None:
            self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine_address, options=CHANNEL_OPTIONS))

    def check(self, given: Mapping[str, Any]) -> Settings:
        """The settings. Raises InvalidInput."""
        chosen = settings(given, self._environment, self._now)
        if chosen.is_rehearsal_only and chosen.as_of is not None and chosen.as_of < self._now() - _OVER:
            raise InvalidInput(
                [
                    (
                        "asOf",
                        f"{format_time(chosen.as_of)} is over, and what has become due since is not seen by it. Leave asOf and "
                        "YANDEX_KEYS_AS_OF out, or set them to a time to come, such as +30d",
                    )
                ]
            )
        return chosen

    def configure(self, given: Mapping[str, Any], provider_id: str = "", provider_urn: str = "") -> None:
        """Makes the run; it logs in when it first calls the cloud. `provider_id` and `provider_urn` are those of the stack's provider resource.

        The id is empty in the preview that comes before that resource is made.

        Raises InvalidInput or ConfigurationError, before anything starts.
        """
        chosen = self.check(given)
        credentials = find_credentials(chosen.credentials, self._environment)
        login = Login(chosen.endpoint, chosen.root_certificates, credentials, f"pulumi-yandex-keys/{VERSION}")
        if chosen.endpoint_is_requested:
            login.may_answer = lambda address: may_answer(chosen.endpoint, address)
        if chosen.foreign_endpoint:
            # Whoever reads a preview sees whom the deployer's token is for.
            self.log("info", f"the endpoint is not Yandex Cloud's own: {chosen.foreign_endpoint}", "")
        cloud = Cloud(login, wait=self._cancelled.wait, warn=lambda message: self.log("warning", message, ""))
        if self._cancelled.is_set():
            cloud.cancel()
        reads = Reads(cloud)
        self._rehearses_only = chosen.is_rehearsal_only
        self._runtime = Runtime(
            cloud=cloud,
            folder_id=chosen.folder_id,
            cloud_id=chosen.cloud_id,
            now=chosen.clock(self._now),
            log=self.log,
            reads=reads,
            versions=LockboxVersions(cloud, reads),
            as_of=chosen.as_of,
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
        if self._rehearses_only:
            raise ConfigurationError(
                f"asOf (or YANDEX_KEYS_AS_OF) is {runtime.as_of:%Y-%m-%dT%H:%M:%SZ}, and it only rehearses: `pulumi preview` takes it, "
                "but no real cloud is changed by any time but the clock's. Leave it out, then run this again"
            )
        return runtime

    def cancel(self) -> None:
        """Ends every wait, that for the login too; calls that are under way end by themselves."""
        self._cancelled.set()
        if self._runtime is not None:
            self._runtime.cloud.cancel()

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
