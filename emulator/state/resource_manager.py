"""The cloud and its folders: read, and the access bindings on them."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from yandex.cloud.access import access_pb2
from yandex.cloud.operation.operation_pb2 import Operation
from yandex.cloud.resourcemanager.v1.cloud_pb2 import Cloud
from yandex.cloud.resourcemanager.v1.cloud_service_pb2 import ListCloudsRequest, ListCloudsResponse
from yandex.cloud.resourcemanager.v1.folder_pb2 import Folder
from yandex.cloud.resourcemanager.v1.folder_service_pb2 import (
    CreateFolderMetadata,
    CreateFolderRequest,
    ListFoldersRequest,
    ListFoldersResponse,
)

from emulator import identifiers
from emulator.errors import already_exists
from emulator.state.access import AccessBindings
from emulator.state.call import Call
from emulator.state.ground import Ground
from emulator.state.operations import Operations
from emulator.state.paging import name_filter, page_of_children
from emulator.storage import Kind, Record

_CLOUDS = "resource-manager.clouds"
_FOLDERS = "resource-manager.folders"


class Clouds:
    """The clouds of the organization: one, made with the emulator."""

    kind = "resource-manager.cloud"

    def __init__(self, ground: Ground, access: AccessBindings) -> None:
        self._ground = ground
        self._access = access

    def make(self, name: str, created_at: Timestamp) -> Cloud:
        """A cloud of an organization of its own."""
        organization = identifiers.new_id(identifiers.ORGANIZATION)
        cloud_id = identifiers.new_id(identifiers.CLOUD)
        cloud = Cloud(id=cloud_id, created_at=created_at, name=name, organization_id=organization)
        self._ground.storage.put(Record(Kind.CLOUD, cloud.id, cloud.SerializeToString(), name=name))
        return cloud

    def get(self, cloud_id: str, call: Call) -> Cloud:
        """One cloud. Raises NOT_FOUND, PERMISSION_DENIED."""
        cloud = Cloud.FromString(self._ground.existing(Kind.CLOUD, cloud_id, "Cloud").body)
        self._access.require(call, f"{_CLOUDS}.get", [cloud_id])
        return cloud

    def page(self, request: ListCloudsRequest, call: Call) -> ListCloudsResponse:
        """The clouds that the caller may see."""
        name = name_filter(request)

        def is_seen(record: Record) -> bool:
            cloud = Cloud.FromString(record.body)
            if name not in (None, cloud.name) or request.organization_id not in ("", cloud.organization_id):
                return False
            return bool(self._access.roles_of(call.principal, [record.id]))

        page, token = page_of_children(self._ground.storage, Kind.CLOUD, "", request, is_seen)
        return ListCloudsResponse(clouds=[Cloud.FromString(record.body) for record in page], next_page_token=token)

    def list_access_bindings(self, request: Any, call: Call) -> access_pb2.ListAccessBindingsResponse:
        """Who has which role on the cloud."""
        self._allow(request.resource_id, "listAccessBindings", call)
        return self._access.page(request.resource_id, request)

    def set_access_bindings(self, request: Any, call: Call) -> Operation:
        """Replaces the cloud's bindings."""
        self._allow(request.resource_id, "setAccessBindings", call)
        return self._access.set(request, call, identifiers.CLOUD, self.kind)

    def update_access_bindings(self, request: Any, call: Call) -> Operation:
        """Adds and removes bindings on the cloud."""
        self._allow(request.resource_id, "updateAccessBindings", call)
        return self._access.update(request, call, identifiers.CLOUD, self.kind)

    def _allow(self, cloud_id: str, verb: str, call: Call) -> None:
        self._ground.existing(Kind.CLOUD, cloud_id, "Cloud")
        self._access.require(call, f"{_CLOUDS}.{verb}", [cloud_id])


class Folders:
    """The folders of the cloud."""

    kind = "resource-manager.folder"

    def __init__(self, ground: Ground, access: AccessBindings, operations: Operations) -> None:
        self._ground = ground
        self._access = access
        self._operations = operations

    def make(self, cloud_id: str, name: str, created_at: Timestamp, description: str = "") -> Folder:
        """An active folder."""
        folder = Folder(
            id=identifiers.new_id(identifiers.CLOUD),
            cloud_id=cloud_id,
            created_at=created_at,
            name=name,
            description=description,
            status=Folder.Status.ACTIVE,
        )
        self._ground.storage.put(Record(Kind.FOLDER, folder.id, folder.SerializeToString(), cloud_id, name))
        return folder

    def create(self, request: CreateFolderRequest, call: Call) -> Operation:
        """A further folder. Raises ALREADY_EXISTS when its name is taken in the cloud."""
        self._ground.existing(Kind.CLOUD, request.cloud_id, "Cloud")
        self._access.require(call, f"{_FOLDERS}.create", [request.cloud_id])
        if any(item.parent == request.cloud_id for item in self._ground.storage.named(Kind.FOLDER, request.name)):
            raise already_exists("Folder", request.name)
        created_at = self._ground.clock.timestamp(whole_seconds=True)
        folder = self.make(request.cloud_id, request.name, created_at, request.description)
        folder.labels.update(request.labels)
        self._ground.storage.put(
            Record(Kind.FOLDER, folder.id, folder.SerializeToString(), request.cloud_id, request.name)
        )
        metadata = CreateFolderMetadata(folder_id=folder.id)
        return self._operations.finish(call, identifiers.CLOUD, folder.id, "Create folder", metadata, folder)

    def get(self, folder_id: str, call: Call) -> Folder:
        """One folder. Raises NOT_FOUND, PERMISSION_DENIED."""
        folder = Folder.FromString(self._ground.existing(Kind.FOLDER, folder_id, "Folder").body)
        self._access.require(call, f"{_FOLDERS}.get", [folder_id, folder.cloud_id])
        return folder

    def page(self, request: ListFoldersRequest, call: Call) -> ListFoldersResponse:
        """The folders of a cloud."""
        self._ground.existing(Kind.CLOUD, request.cloud_id, "Cloud")
        self._access.require(call, f"{_FOLDERS}.list", [request.cloud_id])
        name = name_filter(request)
        keep = None if name is None else lambda record: record.name == name
        page, token = page_of_children(self._ground.storage, Kind.FOLDER, request.cloud_id, request, keep)
        return ListFoldersResponse(folders=[Folder.FromString(record.body) for record in page], next_page_token=token)

    def list_access_bindings(self, request: Any, call: Call) -> access_pb2.ListAccessBindingsResponse:
        """Who has which role on the folder itself."""
        self._allow(request.resource_id, "listAccessBindings", call)
        return self._access.page(request.resource_id, request)

    def set_access_bindings(self, request: Any, call: Call) -> Operation:
        """Replaces the folder's bindings."""
        self._allow(request.resource_id, "setAccessBindings", call)
        return self._access.set(request, call, identifiers.CLOUD, self.kind)

    def update_access_bindings(self, request: Any, call: Call) -> Operation:
        """Adds and removes bindings on the folder."""
        self._allow(request.resource_id, "updateAccessBindings", call)
        return self._access.update(request, call, identifiers.CLOUD, self.kind)

    def _allow(self, folder_id: str, verb: str, call: Call) -> None:
        self._access.require(call, f"{_FOLDERS}.{verb}", self._ground.folder_chain(folder_id))
