"""Operations: what the cloud answers to a change; done at once, unless the settings or a test's plan say otherwise.

A change that comes with an idempotency key is remembered by it: asked for again, it is answered with its operation as
that is now (https://yandex.cloud/en/docs/api-design-guide/concepts/idempotency). How long the cloud remembers is
documented nowhere; the settings say.
"""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message
from google.rpc import status_pb2
from yandex.cloud.operation.operation_pb2 import Operation

from emulator.errors import precondition
from emulator.identifiers import new_id
from emulator.state.backend import Backend
from emulator.state.call import Call, OperationPlan
from emulator.state.paging import PageRequest, page_of_children
from emulator.storage import Facts, Kind, Record


class Operations:
    """All operations of the cloud, kept for ever."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def finish(
        self,
        call: Call,
        prefix: str,
        resource_id: str,
        description: str,
        metadata: Mapping[str, object],
        response: Message | None = None,
        facts: Facts | None = None,
    ) -> Operation:
        """The operation that answers `call`, with metadata and a response of the types that the API declares for it.

        With the fact `pendingUntil` (seconds since 1970, emulated time) it reports done=false until then.
        """
        now = self._backend.clock.timestamp(whole_seconds=True)
        operation = Operation(
            id=new_id(prefix), description=description, created_at=now, created_by=call.principal, modified_at=now
        )
        operation.done = True
        assert call.operation_types is not None, f"{call.method} answers no operation"
        operation.metadata.Pack(call.operation_types.metadata(**metadata))
        plan = call.plan or OperationPlan()
        if plan.code:
            operation.error.CopyFrom(status_pb2.Status(code=plan.code, message=plan.message))
        else:
            declared = call.operation_types.response
            operation.response.Pack(response if isinstance(response, declared) else declared())
        kept: Facts = {**self._progress(plan), **(facts or {})}
        name = ""
        if call.idempotency_key:
            name = _remembered_as(call)
            kept["rememberedFrom"] = self._backend.clock.now().timestamp()
        record = Record(Kind.OPERATION, operation.id, operation.SerializeToString(), resource_id, name, kept)
        call.operation = record
        self.keep(record)
        return self._from_record(record)

    def repeated(self, call: Call) -> Operation | None:
        """What the same caller's earlier call with this idempotency key has made, as it is now; None without one."""
        if not call.idempotency_key:
            return None
        found = self._backend.storage.named(Kind.OPERATION, _remembered_as(call))
        if not found:
            return None
        age = self._backend.clock.now().timestamp() - found[-1].facts["rememberedFrom"]
        remembered = age < self._backend.settings.idempotency_key_lifetime.total_seconds()
        return self._from_record(found[-1]) if remembered else None

    def keep(self, record: Record) -> None:
        """Keeps an operation's record; also after what it did was undone."""
        self._backend.storage.put(record)

    def end(self, record: Record, operation: Operation) -> Operation:
        """The operation has ended as `operation` says, before its time."""
        ended = record.with_body(operation.SerializeToString(), pendingUntil=0)
        self.keep(ended)
        return self._from_record(ended)

    def find(self, operation_id: str) -> Record:
        """The record of one operation. Raises NOT_FOUND."""
        return self._backend.existing(Kind.OPERATION, operation_id, "Operation")

    def get(self, operation_id: str) -> Operation:
        """One operation as it is now. Raises NOT_FOUND."""
        return self._from_record(self.find(operation_id))

    def cancel(self, operation_id: str) -> Operation:
        """The operations of these services can't be cancelled: raises FAILED_PRECONDITION."""
        operation = self.get(operation_id)
        if operation.done:
            raise precondition(f"Operation {operation_id} is already done")
        raise precondition(f"Operation {operation_id} can't be cancelled")

    def page(self, resource_id: str, request: PageRequest) -> tuple[list[Operation], str]:
        """The operations on one resource, a page at a time, and the next page's token."""
        page, token = page_of_children(self._backend.storage, Kind.OPERATION, resource_id, request)
        return [self._from_record(record) for record in page], token

    def _progress(self, plan: OperationPlan) -> Facts:
        seconds = self._backend.settings.operation_seconds if plan.seconds is None else plan.seconds
        if plan.code and not plan.done:
            # An error that comes with done=false stays like that, unless a time was given.
            return {"earlyError": True, "doneAt": self._backend.clock.real() + (plan.seconds or 10 * 365 * 86_400)}
        return {"doneAt": self._backend.clock.real() + seconds} if seconds else {}

    def _from_record(self, record: Record) -> Operation:
        operation = Operation.FromString(record.body)
        facts = record.facts
        is_pending = facts.get("pendingUntil", 0) > self._backend.clock.now().timestamp()
        if is_pending or facts.get("doneAt", 0) > self._backend.clock.real():
            operation.done = False
            if not facts.get("earlyError"):
                operation.ClearField("result")
        return operation


def _remembered_as(call: Call) -> str:
    return f"{call.principal}/{call.idempotency_key}"
