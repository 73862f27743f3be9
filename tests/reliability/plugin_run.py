"""One run of the provider plugin, as the engine starts one for each `pulumi` command: its servicer, driven verb by verb.

Requests and answers go through bytes, as on the wire; the wire itself is left out, and with it half of the time that a case takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct
from google.rpc import status_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2

from provider.yandex_keys.properties import plain, write
from provider.yandex_keys.run import Session, Severity
from provider.yandex_keys.server import TYPES, ProviderServicer
from tests.support.fast_time import FastTime

PROVIDER: Final = "pulumi:providers:yandex-keys"
_NAME: Final = "yandex-keys"
UNKNOWN_ID: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine says for the id of a provider resource that is still to be made, in a preview (`UnknownID` in its providers/registry.go)."""


class VerbFailed(Exception):
    """A verb ended with an error. `partial` is what the plugin says exists all the same, if it does."""

    def __init__(self, message: str, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


@dataclass(frozen=True)
class Identity:
    """Which provider resource of which state the plugin serves: what Configure tells it."""

    id: str
    urn: str

    @staticmethod
    def of(stack: str, provider_id: str, project: str = "api-keys") -> Identity:
        """The provider resource of that stack."""
        return Identity(provider_id, f"urn:pulumi:{stack}::{project}::{PROVIDER}::{_NAME}")


class PluginRun:
    """The plugin from its start to its end.

    environment: its own; now: the time by which it judges keys; tuned: what is done to its session before the first verb; sdk: connections to
    use instead of its own; identity: whom it serves.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        now: Callable[[], datetime],
        tuned: Callable[[Session], None] | None = None,
        sdk: Any = None,
        identity: Identity | None = None,
    ) -> None:
        self.logged: list[str] = []
        self._session = Session(environment, now)
        self._session.log = self._log  # type: ignore[method-assign]
        self._tuned = tuned or hurried
        self._sdk = sdk
        self._identity = identity or Identity.of("reliability", "6f1f3b3e-0c55-4c29-8b52-8a2f6d3b9a10")
        # What handlers know is a process's own, and ends with it: each run gets new ones.
        TYPES.update({token: type(handler)() for token, handler in TYPES.items()})
        self._servicer = ProviderServicer(self._session)

    def __enter__(self) -> PluginRun:
        self.call("Handshake", provider_pb2.ProviderHandshakeRequest(configure_with_urn=True))
        identity = self._identity
        request = provider_pb2.ConfigureRequest(
            acceptSecrets=True, args=struct({}), id=identity.id, urn=identity.urn, name=_NAME, type=PROVIDER
        )
        self.call("Configure", request)
        self._tuned(self._session)
        if self._sdk is not None:
            self._session.runtime().cloud.sdk = self._sdk
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._sdk is None:
            _hang_up(self._session)

    def cancel(self) -> None:
        """What the engine asks for on Ctrl-C."""
        self._session.cancel()

    def call(self, verb: str, request: Any) -> Any:
        """The plugin's answer to one verb of the protocol. Raises VerbFailed."""
        context = _Context()
        try:
            answer = getattr(self._servicer, verb)(type(request).FromString(request.SerializeToString()), context)
        except _Aborted:
            raise VerbFailed(context.message, context.partial()) from None
        return type(answer).FromString(answer.SerializeToString())

    def _log(self, severity: Severity, message: str, urn: str) -> None:
        self.logged.append(f"{severity}: {message}")


def struct(values: Mapping[str, Any]) -> Struct:
    """Plain values as the wire has them."""
    return write(values)


def values(message: Struct) -> dict[str, Any]:
    """The wire's properties as plain values; secrets are unwrapped."""
    return plain(PropertyValue.unmarshal_map(message))


def hurried(session: Session) -> None:
    """Waits take no time; every figure of the plugin's patience stays what it is."""
    cloud, time = session.runtime().cloud, FastTime()
    cloud.wait, cloud.monotonic = time.wait, time.monotonic


class _Aborted(Exception):
    """What `abort` raises in the servicer."""


class _Context:
    """What the servicer is given in place of gRPC's context."""

    def __init__(self) -> None:
        self.message = ""
        self._trailing: tuple[tuple[str, Any], ...] = ()

    def abort(self, code: Any, details: str) -> None:
        """Ends the verb with an error."""
        self.message = details
        raise _Aborted

    def set_trailing_metadata(self, metadata: Any) -> None:
        """Kept for the error."""
        self._trailing = tuple(metadata)

    def partial(self) -> Any:
        """What the plugin says exists all the same; None where it says nothing."""
        return partial_in(self._trailing)


def partial_in(trailing: tuple[tuple[str, Any], ...]) -> Any:
    """The ErrorResourceInitFailed in what was sent along with an error; None where there is none."""
    status = status_pb2.Status()
    status.ParseFromString(dict(trailing).get("grpc-status-details-bin", b""))
    for detail in status.details:
        found = provider_pb2.ErrorResourceInitFailed()
        if detail.Unpack(found):
            return found
    return None


def _hang_up(session: Session) -> None:
    """Closes the SDK's channels, which the end of a process would close."""
    runtime = session.runtime_or_none()
    sdk = runtime.cloud.sdk if runtime else None
    for channel in getattr(getattr(sdk, "_channels", None), "_channels", {}).values():
        channel.close()
