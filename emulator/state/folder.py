"""The folders of the cloud."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from yandex.cloud.operation.operation_pb2 import Operation
from yandex.cloud.resourcemanager.v1 import folder_service_pb2 as api
from yandex.cloud.resourcemanager.v1.folder_pb2 import Folder

from emulator import identifiers
from emulator.errors import already_exists
from emulator.state.access_binding import AccessBindings
from emulator.state.backend import Backend
from emulator.state.call import Call
from emulator.state.folder_deletion import FolderDeletions
from emulator.state.operations import Operations
from emulator.state.paging import has_name, page_of_children
from emulator.state.resource import ResourceWithAccess
from emulator.storage import Kind, Record


class Folders(ResourceWithAccess):
    """All folders."""

    kind = Kind.FOLDER
    message = Folder
    noun = "folder"
    id_field = "folder_id"
    id_prefix = identifiers.CLOUD
    permissions = "resource-manager.folders"
    resource_type = "resource-manager.folder"

    def __init__(
        self, backend: Backend, access: AccessBindings, operations: Operations, deletions: FolderDeletions
    ) -> None:
        super().__init__(backend, access, operations)
        self._deletions = deletions

    def hierarchy(self, resource_id: str) -> list[str]:
        """The folder and its cloud."""
        return self._backend.folder_hierarchy(resource_id)

    def make(self, cloud_id: str, name: str, created_at: Timestamp) -> Folder:
        """An active folder, made by the emulator itself."""
        return self._keep(Folder(cloud_id=cloud_id, name=name, created_at=created_at))

    def create(self, request: api.CreateFolderRequest, call: Call) -> Operation:
        """A further folder. Raises ALREADY_EXISTS when its name is taken in the cloud."""
        self._allow_in_cloud(request.cloud_id, "create", call)
        if any(item.parent == request.cloud_id for item in self._backend.storage.named(Kind.FOLDER, request.name)):
            raise already_exists("Folder", request.name)
        folder = self._keep(
            Folder(
                cloud_id=request.cloud_id,
                name=request.name,
                created_at=self._backend.clock.timestamp(whole_seconds=True),
                description=request.description,
                labels=dict(request.labels),
            )
        )
        return self._operation(call, folder.id, "Create folder", folder)

    def page(self, request: api.ListFoldersRequest, call: Call) -> api.ListFoldersResponse:
        """The folders of a cloud."""
        self._allow_in_cloud(request.cloud_id, "list", call)
        page, token = page_of_children(self._backend.storage, Kind.FOLDER, request.cloud_id, request, has_name(request))
        return api.ListFoldersResponse(
            folders=[Folder.FromString(record.body) for record in page], next_page_token=token
        )

    def delete(self, request: api.DeleteFolderRequest, call: Call) -> Operation:
        """Deletes a folder with all that it holds, at once or later."""
        return self._deletions.delete(request, call)

    def _allow_in_cloud(self, cloud_id: str, verb: str, call: Call) -> None:
        self._backend.existing(Kind.CLOUD, cloud_id, "Cloud")
        self._access.require(call, f"{self.permissions}.{verb}", [cloud_id])

    def _keep(self, folder: Folder) -> Folder:
        folder.id = identifiers.new_id(identifiers.CLOUD)
        folder.status = Folder.Status.ACTIVE
        record = Record(Kind.FOLDER, folder.id, folder.SerializeToString(), folder.cloud_id, folder.name)
        self._backend.storage.put(record)
        return folder
