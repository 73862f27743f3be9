"""Operations: what the cloud answers to a change; done at once, unless the settings or a test's plan say otherwise."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.rpc import status_pb2
from yandex.cloud.operation.operation_pb2 import Operation

from emulator.errors import precondition
from emulator.identifiers import new_id
from emulator.state.call import Call, OperationPlan
from emulator.state.ground import Ground
from emulator.state.paging import page_of_children
from emulator.storage import Kind, Record


class Operations:
    """All operations of the cloud, kept for ever."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def finish(
        self, call: Call, prefix: str, resource_id: str, description: str, metadata: Any, response: Any = None
    ) -> Operation:
        """The operation that answers `call`: what it did is in `metadata` and `response` (None: Empty)."""
        now = self._ground.clock.timestamp(whole_seconds=True)
        operation = Operation(
            id=new_id(prefix), description=description, created_at=now, created_by=call.principal, modified_at=now
        )
        operation.done = True
        operation.metadata.Pack(metadata)
        plan = call.plan or OperationPlan()
        if plan.code:
            operation.error.CopyFrom(status_pb2.Status(code=plan.code, message=plan.message))
        else:
            operation.response.Pack(Empty() if response is None else response)
        record = Record(
            Kind.OPERATION, operation.id, operation.SerializeToString(), resource_id, facts=self._course(plan)
        )
        call.operation = record
        self.keep(record)
        return self._view(record)

    def keep(self, record: Record) -> None:
        """Keeps an operation's record; also after what it did was undone."""
        self._ground.storage.put(record)

    def find(self, operation_id: str) -> Record:
        """The record of one operation. Raises NOT_FOUND."""
        return self._ground.existing(Kind.OPERATION, operation_id, "Operation")

    def get(self, operation_id: str) -> Operation:
        """One operation as it is now. Raises NOT_FOUND."""
        return self._view(self.find(operation_id))

    def cancel(self, operation_id: str) -> Operation:
        """The operations of these services can't be cancelled: raises FAILED_PRECONDITION."""
        operation = self.get(operation_id)
        if operation.done:
            raise precondition(f"Operation {operation_id} is already done")
        raise precondition(f"Operation {operation_id} can't be cancelled")

    def page(self, resource_id: str, request: Any) -> tuple[list[Operation], str]:
        """The operations on one resource, a page at a time, and the next page's token."""
        page, token = page_of_children(self._ground.storage, Kind.OPERATION, resource_id, request)
        return [self._view(record) for record in page], token

    def _course(self, plan: OperationPlan) -> dict[str, float | bool]:
        seconds = self._ground.settings.operation_seconds if plan.seconds is None else plan.seconds
        if plan.code and not plan.done:
            # An error that comes with done=false stays like that, unless a time was given.
            return {"earlyError": True, "doneAt": self._ground.clock.real() + (plan.seconds or 10 * 365 * 86_400)}
        return {"doneAt": self._ground.clock.real() + seconds} if seconds else {}

    def _view(self, record: Record) -> Operation:
        operation = Operation.FromString(record.body)
        if record.facts.get("doneAt", 0) > self._ground.clock.real():
            operation.done = False
            if not record.facts.get("earlyError"):
                operation.ClearField("result")
        return operation
