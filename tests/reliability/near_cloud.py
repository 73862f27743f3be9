"""The emulated cloud in this very process, without ports, TLS or threads: a call is a function call, so thousands of lives fit into a minute.

It is the emulator's own state, services, gate and gateway; only the transport is left out. `SDK` stands in for the yandexcloud SDK: stubs of its
`client` call straight through. After every call, `watchers` are told of it, before its answer reaches the caller.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

import grpc

from emulator.state.cloud_state import CloudState
from emulator.transport.call_handler import CallHandler
from emulator.transport.call_log import CallLog
from emulator.transport.faults import Faults
from emulator.transport.held_calls import HeldCalls
from emulator.transport.services import services
from emulator.web.gateway import Gateway
from emulator.web.http_server import HttpRequest
from emulator.web.inventory import inventory
from provider.yandex_keys.cloud import Cloud

START: Final = datetime(2026, 1, 5, 9, 0, 0, tzinfo=UTC)
_TICK: Final = 0.001
"""Seconds that pass with each look at the clock, so that no two things happen at once."""
_SERVICE: Final = "translate"
Watcher = Callable[["Happened"], None]


@dataclass(frozen=True)
class Happened:
    """A call that the cloud was asked: `answer` is None where it did nothing; `code` is what the caller was told."""

    method: str
    request: Any
    answer: Any
    code: str = "OK"


class Killed(BaseException):
    """The process that made the call was killed; nothing of it goes on. No Exception, so that no handler takes it for a failure."""


class WatcherFailed(BaseException):
    """A fault of the harness's own; no Exception, so that the plugin doesn't take it for a failure of the cloud."""


class NearCloud:
    """A cloud that begins empty but for its folder and deployer. `token` is the deployer's."""

    def __init__(self) -> None:
        self._real = itertools.count()
        self.state = CloudState(None, self._real_time)
        initial = self.state.initial_resources()
        self.folder_id, self.cloud_id, self.deployer_id = (
            initial.folder_id,
            initial.cloud_id,
            initial.deployer_id,
        )
        self.calls, self.faults = CallLog(), Faults()
        self._gateway = Gateway(self.state)
        self._effect: Any = None
        answering = {name: _Noted(service, self._note) for name, service in services(self.state).items()}
        self._handler: Any = CallHandler(answering, self.state, self.calls, self.faults, HeldCalls())
        self.token = self.state.tokens.issue(initial.deployer_id).token
        self.sdk = _Sdk(self, self.token)
        self.watchers: list[Watcher] = []
        self.kill: Kill | None = None
        self.secrets: dict[str, str] = {}
        """Of every key that was made, by its id."""
        self.variables: dict[str, str] = {}
        """What the plugin finds in its environment besides: `YANDEX_KEYS_AS_OF`, for one."""
        self._turn = threading.RLock()

    def close(self) -> None:
        """Ends it."""
        self.state.close()

    def now(self) -> datetime:
        """The cloud's time."""
        return self.state.clock.now()

    def advance(self, duration: timedelta) -> None:
        """Moves the cloud's time."""
        self.state.clock.advance(duration)
        # Logins are judged by the real clock, which stands as good as still here.

    def inventory(self) -> dict[str, Any]:
        """Everything that it holds."""
        return inventory(self.state)

    def accepts(self, secret: str) -> bool:
        """Whether the service lets a consumer in with that secret."""
        headers = {"authorization": f"Api-Key {secret}"}
        return self._gateway.answer(HttpRequest("GET", f"/services/{_SERVICE}/", {}, headers)).status == 200

    def colleague(self) -> Cloud:
        """What somebody else works with: the provider's own way of calling, on this cloud."""
        return Cloud(self.sdk, wait=lambda seconds: False)

    def environment(self) -> dict[str, str]:
        """What the plugin finds in its environment."""
        return {
            "YC_ENDPOINT": "127.0.0.1:1",
            "YC_FOLDER_ID": self.folder_id,
            "YC_CLOUD_ID": self.cloud_id,
            "YC_TOKEN": self.token,
            **self.variables,
        }

    def handle(self, path: str, request: Any, metadata: tuple[tuple[str, str], ...]) -> Any:
        """Carries out one call. Raises grpc.RpcError, and Killed where the caller doesn't live to see the answer."""
        method = path.rsplit(".", 1)[-1]
        with self._turn:
            kill = self.kill
            if kill is not None and kill.strikes(method, "before"):
                raise Killed(f"before {method}")
            context = _Context(metadata)
            self._effect = None
            try:
                answer = self._handler.service(SimpleNamespace(method=path)).unary_unary(request, context)
            except _Aborted:
                # One that fails after it took effect has an answer that its caller doesn't get.
                self._tell(Happened(method, request, self._effect, context.code.name))
                raise NearError(context) from None
            self._tell(Happened(method, request, answer))
            if kill is not None and kill.strikes(method, "after"):
                raise Killed(f"after {method}")
            return answer

    def _note(self, answer: Any) -> None:
        self._effect = answer

    def _tell(self, happened: Happened) -> None:
        if happened.method == "ApiKeyService/Create" and happened.answer is not None:
            self.secrets[happened.answer.api_key.id] = happened.answer.secret
        for watcher in self.watchers:
            try:
                watcher(happened)
            except Exception as error:
                raise WatcherFailed(happened.method) from error

    def _real_time(self) -> float:
        return START.timestamp() + next(self._real) * _TICK


@contextmanager
def near_cloud() -> Iterator[NearCloud]:
    """A new one, in memory."""
    cloud = NearCloud()
    try:
        yield cloud
    finally:
        cloud.close()


@dataclass
class Kill:
    """The caller is killed at its call number `at` (from 0; reads count too), `before` or `after` it took effect.

    method: only calls of this method count, where it is given.
    """

    at: int
    when: str
    method: str = ""
    struck: bool = False
    seen: int = field(default=0, init=False)
    """How many calls there were."""

    def strikes(self, method: str, when: str) -> bool:
        """Whether now is the moment; once struck, every further call of the dead process is."""
        if self.struck:
            return True
        if self.method and method != self.method:
            return False
        if when == "before":
            self.seen += 1
        self.struck = when == self.when and self.seen == self.at + 1
        return self.struck


class NearError(grpc.RpcError, grpc.Call):
    """A refusal, as gRPC's client raises it."""

    def __init__(self, context: _Context) -> None:
        super().__init__(context.details_text)
        self._context = context

    def code(self) -> grpc.StatusCode:
        """The status."""
        return self._context.code

    def details(self) -> str:
        """The message."""
        return self._context.details_text

    def trailing_metadata(self) -> Any:
        """What came with it."""
        return self._context.trailing

    def initial_metadata(self) -> Any:
        """Nothing."""
        return ()

    def is_active(self) -> bool:
        """It is over."""
        return False

    def time_remaining(self) -> float:
        """It is over."""
        return 0.0

    def cancel(self) -> bool:
        """Too late."""
        return False

    def add_callback(self, callback: Any) -> bool:
        """It is over."""
        return False


class _Aborted(Exception):
    """What `abort` raises in a servicer."""


class _Context:
    """What a servicer is given in place of gRPC's context."""

    def __init__(self, metadata: tuple[tuple[str, Any], ...]) -> None:
        self._metadata = metadata
        self.code, self.details_text = grpc.StatusCode.OK, ""
        self.trailing: tuple[tuple[str, Any], ...] = ()

    def invocation_metadata(self) -> list[SimpleNamespace | tuple[str, Any]]:
        """What the caller sent along."""
        return list(self._metadata)

    def send_initial_metadata(self, metadata: Any) -> None:
        """Nobody reads it here."""

    def set_trailing_metadata(self, metadata: Any) -> None:
        """Kept for the error."""
        self.trailing = tuple(metadata)

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        """Ends the call with an error."""
        self.code, self.details_text = code, details
        raise _Aborted

    def add_callback(self, callback: Any) -> bool:
        """The caller never goes away by itself."""
        return True


class _Noted:
    """A service of the emulator's, which says what it has answered, whatever becomes of that afterwards."""

    def __init__(self, service: object, note: Callable[[Any], None]) -> None:
        self._service = service
        self._note = note

    def __getattr__(self, name: str) -> Any:
        answer = getattr(self._service, name)

        def noted(request: Any, call: Any) -> Any:
            answered = answer(request, call)
            self._note(answered)
            return answered

        return noted


class _Sdk:
    """What the provider's `Cloud` needs of the yandexcloud SDK."""

    def __init__(self, cloud: NearCloud, token: str) -> None:
        self._cloud = cloud
        self._metadata = (("authorization", f"Bearer {token}"),)

    def client(self, stub: Any) -> Any:
        """A stub of that class."""
        return stub(self)

    def unary_unary(self, path: str, request_serializer: Any, response_deserializer: Any, **_: Any) -> Any:
        """What a generated stub asks its channel for."""

        def call(request: Any, timeout: float | None = None, metadata: Any = ()) -> Any:
            # Through bytes, so that neither side holds a message of the other's.
            sent = type(request).FromString(request_serializer(request))
            answer = self._cloud.handle(path, sent, (*self._metadata, *metadata))
            return response_deserializer(answer.SerializeToString())

        return call
