"""The end of a folder: announced, so that what it holds stops, and carried out with all of it when its time has come.

As the API documents it: until `delete_after` the folder is PENDING_DELETION, what it holds is stopped, and the
operation can be cancelled without loss. Here the deletion itself takes no time, so a folder is never seen DELETING.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import grpc
from google.rpc import status_pb2
from yandex.cloud.operation.operation_pb2 import Operation
from yandex.cloud.resourcemanager.v1.folder_pb2 import Folder
from yandex.cloud.resourcemanager.v1.folder_service_pb2 import DeleteFolderMetadata, DeleteFolderRequest

from emulator import identifiers
from emulator.clock import moment, timestamp
from emulator.errors import precondition
from emulator.state.access_binding import AccessBindings
from emulator.state.backend import Backend
from emulator.state.call import Call
from emulator.state.operations import Operations
from emulator.storage import Facts, Kind, Record

_NOTICE: Final = timedelta(hours=24)
"""How long a folder is PENDING_DELETION where the request names no time."""


class FolderDeletions:
    """The folders that are on their way out; `removals` removes each kind of thing that a folder holds, by its id."""

    def __init__(
        self,
        backend: Backend,
        access: AccessBindings,
        operations: Operations,
        removals: Mapping[Kind, Callable[[str], None]],
    ) -> None:
        self._backend = backend
        self._access = access
        self._operations = operations
        self._removals = removals

    def delete(self, request: DeleteFolderRequest, call: Call) -> Operation:
        """Deletes a folder with all that it holds, at once or after the notice.

        The operation is done when the folder is gone. Raises NOT_FOUND, PERMISSION_DENIED, and FAILED_PRECONDITION when
        it is being deleted already.
        """
        folder_id = request.folder_id
        self._require_deletion(call, folder_id)
        if folder_id in self._backend.folder_deletions():
            raise precondition(f"Folder {folder_id} is being deleted already")
        now = self._backend.clock.now()
        ends = moment(request.delete_after) if request.HasField("delete_after") else now + _NOTICE
        facts: Facts = {"deletesFolder": folder_id, "pendingUntil": ends.timestamp()} if ends > now else {}
        operation = self._operations.finish(
            call,
            identifiers.CLOUD,
            folder_id,
            "Delete folder",
            {"folder_id": folder_id, "delete_after": timestamp(ends)},
            facts=facts,
        )
        if ends > now:
            self._mark(folder_id, Folder.Status.PENDING_DELETION)
            self._backend.keep_folder_deletions({**self._backend.folder_deletions(), folder_id: ends.timestamp()})
        else:
            self._carry_out(folder_id)
        return operation

    def cancel(self, operation: Record, call: Call) -> Operation | None:
        """The folder stays, and works again. None when the operation deletes no folder, or has deleted it."""
        folder_id = operation.facts.get("deletesFolder", "")
        if folder_id not in self._backend.folder_deletions():
            return None
        self._require_deletion(call, folder_id)
        self._mark(folder_id, Folder.Status.ACTIVE)
        self._strike_off([folder_id])
        return self._operations.end(operation, _cancelled(operation, call, self._backend))

    def carry_out_due(self) -> None:
        """Deletes the folders whose time has come. Called before whatever looks at the cloud."""
        if not self._due():
            return
        with self._backend.storage.transaction():
            due = self._due()
            for folder_id in due:
                self._carry_out(folder_id)
            self._strike_off(due)

    def _require_deletion(self, call: Call, folder_id: str) -> None:
        self._access.require(call, "resource-manager.folders.delete", self._backend.folder_hierarchy(folder_id))

    def _due(self) -> list[str]:
        now = self._backend.clock.now().timestamp()
        return [folder_id for folder_id, ends in self._backend.folder_deletions().items() if ends <= now]

    def _carry_out(self, folder_id: str) -> None:
        for kind, remove in self._removals.items():
            for record in self._backend.storage.children(kind, folder_id):
                remove(record.id)
        self._access.remove_resource(folder_id)
        self._backend.storage.delete(Kind.FOLDER, folder_id)

    def _mark(self, folder_id: str, status: Folder.Status.ValueType) -> None:
        record = self._backend.existing(Kind.FOLDER, folder_id, "Folder")
        folder = Folder.FromString(record.body)
        folder.status = status
        self._backend.storage.put(record.with_body(folder.SerializeToString()))

    def _strike_off(self, folder_ids: list[str]) -> None:
        deletions = self._backend.folder_deletions().items()
        self._backend.keep_folder_deletions({other: ends for other, ends in deletions if other not in folder_ids})


def _cancelled(record: Record, call: Call, backend: Backend) -> Operation:
    """The operation as it is after `call` has cancelled it."""
    now = backend.clock.timestamp(whole_seconds=True)
    operation = Operation.FromString(record.body)
    metadata = DeleteFolderMetadata()
    operation.metadata.Unpack(metadata)
    metadata.cancelled_by = call.principal
    metadata.cancelled_at.CopyFrom(now)
    operation.metadata.Pack(metadata)
    operation.modified_at.CopyFrom(now)
    code = int(grpc.StatusCode.CANCELLED.value[0])
    operation.error.CopyFrom(status_pb2.Status(code=code, message="The operation was cancelled"))
    return operation
