"""The only file that knows the yandexcloud SDK: calls by name, dictionaries in and out, with deadlines, retries and
operations.

Requests and answers are dictionaries in the proto's own field names (snake_case); times are RFC 3339 strings in UTC.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import Message

from .api_services import SERVICES
from .errors import Cancelled, CloudError, ConfigurationError, cloud_error
from .patience import TRANSIENT, Patience, SecondTry
from .shared_work import SharedWork

if TYPE_CHECKING:
    import yandexcloud

_READS: Final = ("Get", "List")
_OPERATION: Final = "yandex.cloud.operation.Operation"
LOGIN: Final = "IamTokenService/Create"
"""No operation, but harmless however often it is made."""
_REQUEST_ID: Final = "x-request-id"
UNREACHED: Final = "check yandex-keys:endpoint or YC_ENDPOINT, and the network; then run `pulumi up` again"
"""What to do where nothing answers."""


class Connector(ABC):
    """What connects to the cloud when the first call is made. endpoint: where; step: what it is waiting for, in words,
    or empty."""

    endpoint: str
    step: str

    @abstractmethod
    def sdk(self, patience: Patience, wait: Callable[[float], bool]) -> yandexcloud.SDK:
        """The SDK, logged in. Raises ConfigurationError."""


@dataclass
class Cloud:
    """Yandex Cloud, or what answers in its place at the SDK's endpoint.

    sdk: the SDK, or what makes it when the first call is made: a run that makes no call doesn't even log in. All calls
    that need it wait for one login, which has a deadline; nothing is held meanwhile, and `cancelled` ends the waiting.
    wait: sleeps that many seconds, or returns True at once when the run was cancelled. warn: tells the user.
    """

    sdk: yandexcloud.SDK | Connector
    patience: Patience = field(default_factory=Patience)
    cancelled: Future[None] = field(default_factory=Future)
    wait: Callable[[float], bool] = field(default_factory=lambda: threading.Event().wait)
    warn: Callable[[str], None] = lambda message: None
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    _stubs: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _rights_changed: float | None = None
    _said_that_rights_spread: bool = False
    _cloud_time: tuple[datetime, float] | None = None

    def __post_init__(self) -> None:
        self._connection = SharedWork(self._connected)

    def call(
        self, name: str, request: Mapping[str, object], resource: str = "", idempotency_key: str = ""
    ) -> dict[str, Any]:
        """The answer to `name`, e.g. `ApiKeyService/Create`; `resource` is named in errors.

        All tries of one call carry one idempotency key, `idempotency_key` (a UUID) or a random one: the cloud answers a
        repeated operation with the first one (API concepts, "Idempotency"). So reads and operations are asked again
        while the cloud is unavailable, and where a refusal came soon after a change of rights. What changes something
        and is no operation (`ApiKeyService/Create`) is called once. Raises CloudError, NotFound, AlreadyExists,
        Cancelled.
        """
        service, _, method = name.partition("/")
        stub, message = self._prepared(service, method, request)
        metadata = (("idempotency-key", idempotency_key or str(uuid.uuid4())),)
        repeatable = method.startswith(_READS) or name == LOGIN or _starts_operation(service, method)
        started = self.monotonic()
        attempt = 0
        while True:
            try:
                answer: Message = getattr(stub, method)(message, timeout=self.patience.call, metadata=metadata)
            except grpc.RpcError as error:
                failure = failure_of(name, error, resource)
            else:
                if method == "UpdateAccessBindings" or name == "ServiceAccountService/Create":
                    self._rights_changed = self.monotonic()
                told = _dictionary(answer)
                self._note_time(told)
                return told
            spreading = self.rights_are_spreading(started, failure)
            lost = failure.code in TRANSIENT and attempt + 1 < self.patience.attempts
            # Who calls what is no operation has to look first whether the call that failed made something.
            if not repeatable or not (spreading or lost):
                raise failure
            self.pause(attempt)
            attempt += 1

    def glance(self, name: str, request: Mapping[str, object], resource: str = "") -> dict[str, Any]:
        """The answer to a read that its caller can do without: asked once, and not waited for as long as others are.
        Raises CloudError, NotFound, ConfigurationError, Cancelled."""
        service, _, method = name.partition("/")
        stub, message = self._prepared(service, method, request)
        try:
            answer: Message = getattr(stub, method)(message, timeout=self.patience.glance)
        except grpc.RpcError as error:
            raise failure_of(name, error, resource) from None
        return _dictionary(answer)

    def operate(
        self,
        name: str,
        request: Mapping[str, object],
        resource: str = "",
        idempotency_key: str = "",
        second_try: SecondTry | None = None,
    ) -> dict[str, Any]:
        """The finished operation that `name` starts: `{"id", "metadata", "response", …}`; one that comes back done is
        not polled.

        Raises CloudError with the operation's own error, or DEADLINE_EXCEEDED where it doesn't finish in time; and what
        `call` raises.
        """
        started, key = self.monotonic(), idempotency_key or str(uuid.uuid4())
        try:
            return self._finished(name, request, resource, key)
        except CloudError as error:
            if second_try is None or not second_try.is_worth_it(error, self.monotonic() - started):
                raise
        return self._finished(name, request, resource, key)

    def _finished(
        self, name: str, request: Mapping[str, object], resource: str, idempotency_key: str
    ) -> dict[str, Any]:
        operation = self.call(name, request, resource, idempotency_key)
        started = self.monotonic()
        attempt, failing_since = 0, None
        while not operation.get("done"):
            now = self.monotonic()
            if "error" in operation:
                failing_since = now if failing_since is None else failing_since
                if now - failing_since > self.patience.failing_operation:
                    break
            if now - started > self.patience.operation:
                said = f"operation {operation['id']} has not finished after {timedelta(seconds=int(now - started))}"
                failure = cloud_error(name, "DEADLINE_EXCEEDED", said, "", resource)
                failure.operation = operation
                raise failure
            self.pause(attempt)
            attempt += 1
            operation = self.call("OperationService/Get", {"operation_id": operation["id"]}, resource)
        if "error" in operation:
            status = operation["error"]
            code, said = _code_name(status.get("code", 2)), status.get("message", "no reason given")
            failure = cloud_error(name, code, said, operation["id"], resource)
            failure.operation = operation
            raise failure
        return operation

    def pages(
        self, name: str, items: str, request: Mapping[str, object], resource: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Every item of a listing, through all of its pages. `items` is the answer's field, e.g. `api_keys`."""
        token = ""
        while True:
            answer = self.call(name, {**request, "page_size": 1000, "page_token": token}, resource)
            yield from answer.get(items, [])
            token = answer.get("next_page_token", "")
            if not token:
                return

    def _prepared(self, service: str, method: str, request: Mapping[str, object]) -> tuple[Any, Message]:
        messages, stubs = SERVICES[service]
        descriptor = messages.DESCRIPTOR.services_by_name[service].methods_by_name[method]
        message = json_format.ParseDict(dict(request), message_factory.GetMessageClass(descriptor.input_type)())
        stub = self._stubs.get(service)
        return stub if stub is not None else self._client(service, getattr(stubs, f"{service}Stub")), message

    def _client(self, service: str, constructor: Any) -> Any:
        """A stub. The first to need one logs in, the others wait for that; once somebody has, nothing is waited for."""
        sdk = self.sdk
        if isinstance(sdk, Connector) or self.cancelled.done():
            try:
                sdk = self._connection.get(self.patience.login, self.cancelled)
            except TimeoutError:
                raise ConfigurationError(self._not_connected()) from None
        try:
            # Where the services are is known by now, so nothing is waited for under the lock.
            with self._lock:
                return self._stubs.setdefault(service, sdk.client(constructor))
        except grpc.RpcError as error:
            raise failure_of("ApiEndpointService/List", error, "") from None
        except (KeyError, RuntimeError) as error:
            raise ConfigurationError(
                f"the endpoint doesn't list the service {error}: is it an endpoint of Yandex Cloud?"
            ) from None

    def _connected(self) -> yandexcloud.SDK:
        if isinstance(self.sdk, Connector):
            self.sdk = self.sdk.sdk(self.patience, self.wait)
        return self.sdk

    def _not_connected(self) -> str:
        connector = self.sdk if isinstance(self.sdk, Connector) else None
        where = f"endpoint {connector.endpoint}: " if connector else ""
        what = f", waiting for {connector.step}" if connector and connector.step else ""
        return f"{where}not logged in after {self.patience.login:g} s{what}; {UNREACHED}"

    def time(self) -> datetime | None:
        """The cloud's own time, in UTC and to the second: what it told last in this run, and what has passed since.
        None: it has told nothing."""
        if self._cloud_time is None:
            return None
        told, at = self._cloud_time
        return told + timedelta(seconds=int(self.monotonic() - at))

    def _note_time(self, answer: Mapping[str, Any]) -> None:
        """Operations and new API keys carry the moment at which they were made. One that is answered again carries an
        old one: the latest counts."""
        stamp = answer.get("created_at") if "metadata" in answer else answer.get("api_key", {}).get("created_at")
        if not stamp:
            return
        told = datetime.fromisoformat(stamp).astimezone(UTC).replace(microsecond=0)
        known = self.time()
        if known is None or told > known:
            self._cloud_time = (told, self.monotonic())

    def rights_are_spreading(self, started: float, refusal: CloudError) -> bool:
        """Whether `refusal`, of what began at `started` (by `monotonic`), may be only a right of this run's that hasn't
        spread yet.

        The first one of a run is told at once: the right may as well be missing, and then its user needn't wait to hear
        it.
        """
        changed = self._rights_changed
        if (
            refusal.code != "PERMISSION_DENIED"
            or changed is None
            or started - changed >= self.patience.rights
            or self.monotonic() - started >= self.patience.rights
        ):
            return False
        with self._lock:
            first, self._said_that_rights_spread = not self._said_that_rights_spread, True
        if first:
            self.warn(
                f"{refusal} Or it is only a matter of time: rights that were given a moment ago take up to a minute to "
                f"spread, so this is tried again for {self.patience.rights:g} s"
            )
        return True

    def pause(self, attempt: int) -> None:
        """Waits before try number `attempt` + 1, longer each time, with jitter. Raises Cancelled."""
        if self.wait(self.patience.delay(attempt, self.jitter())):
            raise Cancelled


def _starts_operation(service: str, method: str) -> bool:
    messages, _ = SERVICES[service]
    called = messages.DESCRIPTOR.services_by_name[service].methods_by_name[method]
    return bool(called.output_type.full_name == _OPERATION)


def _dictionary(answer: Message) -> dict[str, Any]:
    """`answer` as a dictionary. What an operation says in types that this SDK doesn't have is left out: a newer cloud,
    or details of an error."""
    try:
        return json_format.MessageToDict(answer, preserving_proto_field_name=True)
    except TypeError:
        known: Any = type(answer)()
        known.CopyFrom(answer)
        for part in ("metadata", "response"):
            if known.HasField(part) and not _is_known(getattr(known, part).TypeName()):
                known.ClearField(part)
        for detail in [detail for detail in known.error.details if not _is_known(detail.TypeName())]:
            known.error.details.remove(detail)
        return json_format.MessageToDict(known, preserving_proto_field_name=True)


def _is_known(type_name: str) -> bool:
    try:
        descriptor_pool.Default().FindMessageTypeByName(type_name)
    except KeyError:
        return False
    return True


def failure_of(name: str, error: grpc.RpcError, resource: str) -> CloudError:
    """What gRPC says of the call `name`, as an error of ours."""
    code = error.code().name if isinstance(error, grpc.Call) else "UNKNOWN"
    details = (error.details() if isinstance(error, grpc.Call) else str(error)) or "no reason given"
    trailing: dict[str, Any] = dict(error.trailing_metadata() or ()) if isinstance(error, grpc.Call) else {}
    return cloud_error(name, code, details, str(trailing.get(_REQUEST_ID, "")), resource)


def _code_name(number: int) -> str:
    return next((code.name for code in grpc.StatusCode if code.value[0] == number), "UNKNOWN")
