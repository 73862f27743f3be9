"""The service of operations."""

from __future__ import annotations

from typing import Any

from yandex.cloud.operation.operation_service_pb2_grpc import OperationServiceServicer

from emulator.state.operation_access import OperationReader


class OperationService(OperationServiceServicer):
    """How changes are going."""

    def __init__(self, operations: OperationReader) -> None:
        self._operations = operations

    def Get(self, request: Any, context: Any) -> Any:
        """One operation as it is now."""
        return self._operations.get(request.operation_id, context.call)

    def Cancel(self, request: Any, context: Any) -> Any:
        """Ends a folder's deletion before its time; refused for the rest."""
        return self._operations.cancel(request.operation_id, context.call)
