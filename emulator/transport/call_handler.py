"""A call's way: counted, delayed or failed where a test asked for it, authenticated, checked, carried out."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NoReturn

import grpc
from google.protobuf.message import Message

from emulator.errors import CloudError, bad_request, code_named, unauthenticated
from emulator.state.call import Call
from emulator.state.cloud_state import CloudState
from emulator.storage import Record
from emulator.transport.call_log import CallLog, LoggedCall
from emulator.transport.faults import Fault, Faults
from emulator.transport.held_calls import HeldCalls
from emulator.transport.services import Answer, Method, methods
from provider.yandex_keys.limits import violations

_OPEN = frozenset({"ApiEndpointService/List", "ApiEndpointService/Get", "IamTokenService/Create"})
"""What a client calls before it has a token."""
_IDEMPOTENCY_KEY: Final = "idempotency-key"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class _OperationFails(Exception):
    """Takes back what a call did whose operation is to fail."""

    def __init__(self, operation: Record) -> None:
        super().__init__(operation.id)
        self.operation = operation


class CallHandler(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """Every call that reaches the server, but for those of reflection."""

    def __init__(
        self, services: Mapping[str, object], state: CloudState, log: CallLog, faults: Faults, held_calls: HeldCalls
    ) -> None:
        self.service_names = sorted(services)
        self._state = state
        self._log = log
        self._faults = faults
        self._held_calls = held_calls
        self._handlers = {
            method.path: self._handler(method)
            for service, answering in services.items()
            for method in methods(service, answering)
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Message, Message]:
        """What handles a call of that path; one of a method that isn't there is counted and traced like all others."""
        path = handler_call_details.method
        return self._handlers.get(path) or self._undeclared(path)

    def _handler(self, method: Method) -> grpc.RpcMethodHandler[Message, Message]:
        def handle(request: Message, context: grpc.ServicerContext) -> Message:
            call = Call(method.name, str(uuid.uuid4()), operation_types=method.operation_types)
            return self._handle(call, method.answer or _refuse, request, context)

        return grpc.unary_unary_rpc_method_handler(handle, method.request.FromString, method.response.SerializeToString)

    def _undeclared(self, path: str) -> grpc.RpcMethodHandler[Message, Message]:
        """Refuses every call, whether it streams or not."""
        service, _, name = path.lstrip("/").partition("/")
        method = f"{service.rpartition('.')[2]}/{name}"

        def refuse(_: object, context: grpc.ServicerContext) -> Message:
            return self._handle(Call(method, str(uuid.uuid4())), None, Message(), context)

        return grpc.stream_stream_rpc_method_handler(refuse)

    def _handle(self, call: Call, answer: Answer | None, request: Message, context: grpc.ServicerContext) -> Message:
        now = datetime.fromtimestamp(self._state.clock.real(), UTC)
        entry = LoggedCall(call.method, call.request_id, _text(now), _text(self._state.clock.now()))
        entry.idempotencyKey = _header(context, _IDEMPOTENCY_KEY)
        self._log.begin(entry)
        # Clients of the cloud log these, and read them at the beginning as well as at the end.
        context.send_initial_metadata(_trace(call))
        try:
            response = self._carry_out(call, answer, request, context)
        except CloudError as error:
            entry.end(call.principal, error.code.name, repeated=call.repeated)
            _abort(error, call, context)
        entry.end(call.principal, "OK", repeated=call.repeated)
        context.set_trailing_metadata(_trace(call))
        return response

    def _carry_out(self, call: Call, answer: Answer | None, request: Message, context: grpc.ServicerContext) -> Message:
        for fault in self._faults.take(call.method, "before"):
            call.plan = fault.operation or call.plan
            self._apply(fault, call, context)
        if answer is None:
            raise _unimplemented(call)
        self._state.folder_deletions.carry_out_due()
        if call.method not in _OPEN:
            call.principal = self._authenticated(context)
        if call.operation_types is not None:
            call.idempotency_key = _idempotency_key(context)
        response = self._in_transaction(call, answer, request)
        for fault in self._faults.take(call.method, "after"):
            self._apply(fault, call, context)
        return response

    def _in_transaction(self, call: Call, answer: Answer, request: Message) -> Message:
        try:
            # Looked for and remembered in one transaction: of two calls with one key at a time, one does nothing.
            with self._state.storage.transaction():
                earlier = self._state.operations.repeated(call)
                if earlier is not None:
                    call.repeated = True
                    return earlier
                if found := violations(request):
                    raise bad_request(found)
                response = answer(request, call)
                if call.operation and call.plan and call.plan.code and not call.plan.takes_effect:
                    raise _OperationFails(call.operation)
        except _OperationFails as failure:
            with self._state.storage.transaction():
                self._state.operations.keep(failure.operation)
        return response

    def _authenticated(self, context: grpc.ServicerContext) -> str:
        scheme, _, token = _header(context, "authorization").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthenticated("Send an IAM token as metadata: authorization: Bearer <token>")
        return self._state.tokens.subject(token)

    def _apply(self, fault: Fault, call: Call, context: grpc.ServicerContext) -> None:
        if fault.hold and not self._held_calls.hold(call.method, fault.when, call.request_id, context):
            raise CloudError(grpc.StatusCode.CANCELLED, "Whoever called has gone")
        if fault.delay_seconds:
            time.sleep(fault.delay_seconds)
        if fault.code != "OK":
            moment = "before it took effect" if fault.when == "before" else "after it took effect"
            raise CloudError(code_named(fault.code), fault.message or f"{call.method} failed {moment}, as a test asked")


def _header(context: grpc.ServicerContext, name: str) -> str:
    """The last header of that name (in lower case); empty without one."""
    return str(dict(context.invocation_metadata()).get(name, ""))


def _idempotency_key(context: grpc.ServicerContext) -> str:
    """The idempotency key in lower case; empty without one. Raises INVALID_ARGUMENT when it isn't a UUID."""
    if _IDEMPOTENCY_KEY not in dict(context.invocation_metadata()):
        return ""
    key = _header(context, _IDEMPOTENCY_KEY)
    if not _UUID.fullmatch(key):
        raise bad_request([(_IDEMPOTENCY_KEY, "isn't a UUID, such as c1700de3-b8cb-4d8a-9990-e4ebf052e9aa")])
    return key.lower()


def _refuse(_: Message, call: Call) -> Message:
    raise _unimplemented(call)


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
