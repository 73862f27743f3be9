"""A call's way through the emulator: counted, delayed or failed where a test asked for it, authenticated, checked, carried out."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

import grpc

from emulator.errors import CloudError, bad_request, code_named, unauthenticated
from emulator.state.call import Call
from emulator.state.cloud_state import CloudState
from emulator.transport.calls import CallBook, LoggedCall
from emulator.transport.faults import Fault, FaultBook
from emulator.transport.holds import HoldBook
from provider.yandex_keys.field_limits import violations

_OPEN = frozenset({"ApiEndpointService/List", "ApiEndpointService/Get", "IamTokenService/Create"})
"""What a client calls before it has a token."""


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
        if handler is None or handler.unary_unary is None or not service.startswith("yandex.cloud."):
            return handler
        method = f"{service.rsplit('.', 1)[-1]}/{name}"

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            return self._handle(method, handler.unary_unary, request, context)

        return grpc.unary_unary_rpc_method_handler(handle, handler.request_deserializer, handler.response_serializer)

    def _handle(self, method: str, behaviour: Callable[..., Any], request: Any, context: grpc.ServicerContext) -> Any:
        call = Call(method, str(uuid.uuid4()))
        now = datetime.fromtimestamp(self._state.clock.real(), UTC)
        entry = LoggedCall(method, call.request_id, _text(now), _text(self._state.clock.now()))
        self._calls.begin(entry)
        # Clients of the cloud log these, and read them at the beginning as well as at the end.
        context.send_initial_metadata(_trace(call))
        try:
            response = self._carry_out(call, behaviour, request, context)
        except CloudError as error:
            entry.principal, entry.code = call.principal, error.code.name
            _abort(error, call, context)
        entry.principal, entry.code = call.principal, "OK"
        context.set_trailing_metadata(_trace(call))
        return response

    def _carry_out(self, call: Call, behaviour: Callable[..., Any], request: Any, context: grpc.ServicerContext) -> Any:
        for fault in self._faults.take(call.method, "before"):
            call.plan = fault.operation or call.plan
            self._suffer(fault, call, context)
        if call.method not in _OPEN:
            call.principal = self._authenticated(context)
        if found := violations(request):
            raise bad_request(found)
        response = self._in_transaction(call, behaviour, request, context)
        for fault in self._faults.take(call.method, "after"):
            self._suffer(fault, call, context)
        return response

    def _in_transaction(
        self, call: Call, behaviour: Callable[..., Any], request: Any, context: grpc.ServicerContext
    ) -> Any:
        response = None
        try:
            with self._state.storage.transaction():
                response = behaviour(request, Passage(call, context))
                if call.plan and call.plan.code and not call.plan.takes_effect and call.operation:
                    raise _Undone
        except _Undone:
            with self._state.storage.transaction():
                self._state.operations.keep(call.operation)
        except NotImplementedError:
            raise CloudError(grpc.StatusCode.UNIMPLEMENTED, f"{call.method} isn't part of the emulator") from None
        return response

    def _authenticated(self, context: grpc.ServicerContext) -> str:
        given = {key: value for key, value in context.invocation_metadata() if key == "authorization"}
        scheme, _, token = str(given.get("authorization", "")).partition(" ")
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
