"""Who may look at an operation: whoever began it, and who may view what the cloud holds."""

from __future__ import annotations

from yandex.cloud.operation.operation_pb2 import Operation
from yandex.cloud.operation.operation_service_pb2 import CancelOperationRequest, GetOperationRequest

from emulator.state.access_binding import AccessBindings
from emulator.state.backend import Backend
from emulator.state.call import Call
from emulator.state.folder_deletion import FolderDeletions
from emulator.state.operations import Operations
from emulator.storage import Kind


class OperationReader:
    """The calls on operations."""

    def __init__(
        self, backend: Backend, access: AccessBindings, operations: Operations, deletions: FolderDeletions
    ) -> None:
        self._deletions = deletions
        self._backend = backend
        self._access = access
        self._operations = operations

    def get(self, request: GetOperationRequest, call: Call) -> Operation:
        """One operation as it is now. Raises NOT_FOUND, PERMISSION_DENIED."""
        operation = self._operations.get(request.operation_id)
        self._allow(operation, call)
        return operation

    def cancel(self, request: CancelOperationRequest, call: Call) -> Operation:
        """Ends a folder's deletion before its time.

        Raises FAILED_PRECONDITION: the other operations can't be cancelled.
        """
        record = self._operations.find(request.operation_id)
        self._allow(Operation.FromString(record.body), call)
        return self._deletions.cancel(record, call) or self._operations.cancel(request.operation_id)

    def _allow(self, operation: Operation, call: Call) -> None:
        if operation.created_by != call.principal:
            clouds = [record.id for record in self._backend.storage.every(Kind.CLOUD)]
            self._access.require(call, "operations.get", clouds)
