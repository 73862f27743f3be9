"""A call's way through the emulator: counted, delayed or failed where a test asked for it, authenticated, checked, carried out."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NoReturn

import grpc
from google.protobuf import descriptor_pool
from yandex.cloud.operation.operation_pb2 import Operation

from emulator.errors import CloudError, bad_request, code_named, unauthenticated
from emulator.state.call import Call
from emulator.state.cloud_state import CloudState
from emulator.transport.calls import CallBook, LoggedCall
from emulator.transport.faults import Fault, FaultBook
from emulator.transport.holds import HoldBook
from provider.yandex_keys.field_limits import violations

_OPEN = frozenset({"ApiEndpointService/List", "ApiEndpointService/Get", "IamTokenService/Create"})
"""What a client calls before it has a token."""
_IDEMPOTENCY_KEY: Final = "idempotency-key"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass
class Passage:
    """What a servicer gets in place of the gRPC context: the call, as the state wants it."""

    call: Call
    context: grpc.ServicerContext

    def set_code(self, code: grpc.StatusCode) -> None:
        """For the generated servicers, which say so of a method that isn't there."""
        self.context.set_code(code)

    def set_details(self, details: str) -> None:
        """As `set_code`."""
        self.context.set_details(details)


class _Undone(Exception):
    """Takes back what a call did whose operation is to fail."""


class Gate(grpc.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs only
    """Every call of the cloud's services passes here."""

    def __init__(self, state: CloudState, calls: CallBook, faults: FaultBook, holds: HoldBook) -> None:
        self._state = state
        self._calls = calls
        self._faults = faults
        self._holds = holds

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Wraps the handler of a method of ours; what isn't ours (reflection) goes through as it is."""
        handler = continuation(handler_call_details)
        service, _, name = handler_call_details.method.lstrip("/").partition("/")
        method = f"{service.rsplit('.', 1)[-1]}/{name}"
        if handler is None:
            return self._not_there(method)
        if handler.unary_unary is None or not service.startswith("yandex.cloud."):
            return handler
        starts_operation = _starts_operation(service, name)

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            call = Call(method, str(uuid.uuid4()), starts_operation=starts_operation)
            return self._handle(call, handler.unary_unary, request, context)

        return grpc.unary_unary_rpc_method_handler(handle, handler.request_deserializer, handler.response_serializer)

    def _not_there(self, method: str) -> Any:
        """Refuses every call of a method that isn't there, whether it streams or not; counted and traced like all others."""

        def refuse(_: Any, context: grpc.ServicerContext) -> Any:
            return self._handle(Call(method, str(uuid.uuid4())), None, None, context)

        return grpc.stream_stream_rpc_method_handler(refuse)

    def _handle(
        self, call: Call, behaviour: Callable[..., Any] | None, request: Any, context: grpc.ServicerContext
    ) -> Any:
        now = datetime.fromtimestamp(self._state.clock.real(), UTC)
        entry = LoggedCall(call.method, call.request_id, _text(now), _text(self._state.clock.now()))
        entry.idempotencyKey = _sent(context, _IDEMPOTENCY_KEY)
        self._calls.begin(entry)
        # Clients of the cloud log these, and read them at the beginning as well as at the end.
        context.send_initial_metadata(_trace(call))
        try:
            response = self._carry_out(call, behaviour, request, context)
        except CloudError as error:
            entry.end(call.principal, error.code.name, repeated=call.repeated)
            _abort(error, call, context)
        entry.end(call.principal, "OK", repeated=call.repeated)
        context.set_trailing_metadata(_trace(call))
        return response

    def _carry_out(
        self, call: Call, behaviour: Callable[..., Any] | None, request: Any, context: grpc.ServicerContext
    ) -> Any:
        """The answer of `behaviour`; without one, the method isn't there."""
        for fault in self._faults.take(call.method, "before"):
            call.plan = fault.operation or call.plan
            self._suffer(fault, call, context)
        if behaviour is None:
            raise _unimplemented(call)
        self._state.folder_deletions.carry_out_due()
        if call.method not in _OPEN:
            call.principal = self._authenticated(context)
        if call.starts_operation:
            call.idempotency_key = _idempotency_key(context)
        response = self._in_transaction(call, behaviour, request, context)
        for fault in self._faults.take(call.method, "after"):
            self._suffer(fault, call, context)
        return response

    def _in_transaction(
        self, call: Call, behaviour: Callable[..., Any], request: Any, context: grpc.ServicerContext
    ) -> Any:
        response = None
        try:
            # Looked for and remembered in one transaction: of two calls with one key at the same time, one does nothing.
            with self._state.storage.transaction():
                response = self._state.operations.repeated(call)
                if response is not None:
                    call.repeated = True
                    return response
                if found := violations(request):
                    raise bad_request(found)
                response = behaviour(request, Passage(call, context))
                if call.plan and call.plan.code and not call.plan.takes_effect and call.operation:
                    raise _Undone
        except _Undone:
            with self._state.storage.transaction():
                self._state.operations.keep(call.operation)
        except NotImplementedError:
            raise _unimplemented(call) from None
        return response

    def _authenticated(self, context: grpc.ServicerContext) -> str:
        scheme, _, token = _sent(context, "authorization").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthenticated("Send an IAM token as metadata: authorization: Bearer <token>")
        return self._state.tokens.subject(token)

    def _suffer(self, fault: Fault, call: Call, context: grpc.ServicerContext) -> None:
        if fault.hold and not self._holds.hold(call.method, fault.when, call.request_id, context):
            raise CloudError(grpc.StatusCode.CANCELLED, "Whoever called has gone")
        if fault.delay_seconds:
            time.sleep(fault.delay_seconds)
        if fault.code != "OK":
            moment = "before it took effect" if fault.when == "before" else "after it took effect"
            raise CloudError(code_named(fault.code), fault.message or f"{call.method} failed {moment}, as a test asked")


@cache
def _starts_operation(service: str, name: str) -> bool:
    """Whether the method answers an operation of its own making; those of OperationService are other methods' operations."""
    try:
        method = descriptor_pool.Default().FindMethodByName(f"{service}.{name}")
    except KeyError:
        return False
    return bool(method.output_type is Operation.DESCRIPTOR) and not service.endswith(".OperationService")


def _sent(context: grpc.ServicerContext, name: str) -> str:
    """The last header of that name (in lower case); empty without one."""
    return str(dict(context.invocation_metadata()).get(name, ""))


def _idempotency_key(context: grpc.ServicerContext) -> str:
    """The idempotency key in lower case; empty without one. Raises INVALID_ARGUMENT when it isn't a UUID."""
    if _IDEMPOTENCY_KEY not in dict(context.invocation_metadata()):
        return ""
    key = _sent(context, _IDEMPOTENCY_KEY)
    if not _UUID.fullmatch(key):
        raise bad_request([(_IDEMPOTENCY_KEY, "isn't a UUID, such as c1700de3-b8cb-4d8a-9990-e4ebf052e9aa")])
    return key.lower()


def _unimplemented(call: Call) -> CloudError:
    return CloudError(grpc.StatusCode.UNIMPLEMENTED, f"{call.method} isn't part of the emulator")


def _abort(error: CloudError, call: Call, context: grpc.ServicerContext) -> NoReturn:
    details = error.status(call.request_id).SerializeToString()
    context.set_trailing_metadata((*_trace(call), ("grpc-status-details-bin", details)))
    context.abort(error.code, error.message)
    raise AssertionError("abort raises")


def _trace(call: Call) -> tuple[tuple[str, str], ...]:
    names = ("x-request-id", "x-server-request-id", "x-server-trace-id")
    return tuple((name, call.request_id) for name in names)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
