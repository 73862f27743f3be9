"""One run of the provider plugin, as the engine starts one for each `pulumi` command: its servicer behind real gRPC, driven verb by verb."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Final

import grpc
from google.protobuf.struct_pb2 import Struct
from google.rpc import status_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from provider.yandex_keys.properties import plain, wrapped
from provider.yandex_keys.resource import Severity
from provider.yandex_keys.server import TYPES, ProviderServicer
from provider.yandex_keys.session import Session

_VERB_TIMEOUT: Final = 120.0
_THREADS: Final = 16


class VerbFailed(Exception):
    """A verb ended with an error. `partial` is what the plugin says exists all the same, if it does."""

    def __init__(self, message: str, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


@dataclass
class FastTime:
    """A clock for the plugin's waits that runs only while it waits: backoff and deadlines keep their figures and take no time."""

    seconds: float = 0.0
    cancelled: threading.Event = field(default_factory=threading.Event)

    def monotonic(self) -> float:
        """Seconds since the run began."""
        return self.seconds

    def wait(self, seconds: float) -> bool:
        """Lets that many seconds pass at once; True when the run was cancelled."""
        self.seconds += seconds
        return self.cancelled.is_set()


class PluginRun:
    """The plugin from its start to its end.

    environment: its own; now: the time by which it judges keys; tuned: what is done to its session before the first verb; sdk: connections to
    use instead of its own.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        now: Callable[[], datetime],
        tuned: Callable[[Session], None] | None = None,
        sdk: Any = None,
    ) -> None:
        self.logged: list[str] = []
        self._session = Session(environment, now)
        self._session.log = self._log  # type: ignore[method-assign]
        self._tuned = tuned or hurried
        self._sdk = sdk
        # What handlers know is a process's own, and ends with it: each run gets new ones.
        TYPES.update({token: type(handler)() for token, handler in TYPES.items()})
        self._pool = ThreadPoolExecutor(_THREADS)
        self._server = grpc.server(self._pool)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderServicer(self._session), self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def __enter__(self) -> PluginRun:
        self.call("Configure", provider_pb2.ConfigureRequest(acceptSecrets=True, args=struct({})))
        self._tuned(self._session)
        if self._sdk is not None:
            self._session.runtime().cloud.sdk = self._sdk
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._channel.close()
        self._server.stop(grace=None).wait()
        self._pool.shutdown()
        if self._sdk is None:
            _hang_up(self._session)

    def cancel(self) -> None:
        """What the engine asks for on Ctrl-C."""
        self._session.cancel()

    def call(self, verb: str, request: Any) -> Any:
        """The plugin's answer to one verb of the protocol. Raises VerbFailed."""
        try:
            return getattr(self._stub, verb)(request, timeout=_VERB_TIMEOUT)
        except grpc.RpcError as error:
            call: Any = error
            raise VerbFailed(str(call.details()), _partial(call)) from None

    def _log(self, severity: Severity, message: str, urn: str) -> None:
        self.logged.append(f"{severity}: {message}")


def struct(values: Mapping[str, Any]) -> Struct:
    """Plain values as the wire has them."""
    return PropertyValue.marshal_map(wrapped(values))


def values(message: Struct) -> dict[str, Any]:
    """The wire's properties as plain values; secrets are unwrapped."""
    return plain(PropertyValue.unmarshal_map(message))


def _hang_up(session: Session) -> None:
    """Closes the SDK's channels, which the end of a process would close."""
    runtime = session.runtime_or_none()
    sdk = runtime.cloud.sdk if runtime else None
    for channel in getattr(getattr(sdk, "_channels", None), "_channels", {}).values():
        channel.close()


def hurried(session: Session) -> None:
    """Waits take no time; every figure of the plugin's patience stays what it is."""
    cloud, time = session.runtime().cloud, FastTime()
    cloud.wait, cloud.monotonic = time.wait, time.monotonic


def _partial(error: Any) -> Any:
    trailing: dict[str, Any] = dict(error.trailing_metadata() or ())
    status = status_pb2.Status()
    status.ParseFromString(trailing.get("grpc-status-details-bin", b""))
    for detail in status.details:
        found = provider_pb2.ErrorResourceInitFailed()
        if detail.Unpack(found):
            return found
    return None
