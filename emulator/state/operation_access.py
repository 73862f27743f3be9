"""Who may look at an operation: whoever began it, and who may view what the cloud holds."""

from __future__ import annotations

from yandex.cloud.operation.operation_pb2 import Operation

from emulator.state.access import AccessBindings
from emulator.state.call import Call
from emulator.state.folder_deletion import FolderDeletions
from emulator.state.ground import Ground
from emulator.state.operations import Operations
from emulator.storage import Kind


class OperationReader:
    """The calls on operations."""

    def __init__(
        self, ground: Ground, access: AccessBindings, operations: Operations, deletions: FolderDeletions
    ) -> None:
        self._deletions = deletions
        self._ground = ground
        self._access = access
        self._operations = operations

    def get(self, operation_id: str, call: Call) -> Operation:
        """One operation as it is now. Raises NOT_FOUND, PERMISSION_DENIED."""
        operation = self._operations.get(operation_id)
        self._allow(operation, call)
        return operation

    def cancel(self, operation_id: str, call: Call) -> Operation:
        """Ends a folder's deletion before its time. Raises FAILED_PRECONDITION: the other operations can't be cancelled."""
        record = self._operations.find(operation_id)
        self._allow(Operation.FromString(record.body), call)
        return self._deletions.cancel(record, call) or self._operations.cancel(operation_id)

    def _allow(self, operation: Operation, call: Call) -> None:
        if operation.created_by != call.principal:
            clouds = [record.id for record in self._ground.storage.every(Kind.CLOUD)]
            self._access.require(call, "operations.get", clouds)
