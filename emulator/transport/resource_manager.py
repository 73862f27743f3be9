"""The services of Resource Manager."""

from __future__ import annotations

from typing import Any

from yandex.cloud.resourcemanager.v1.cloud_service_pb2_grpc import CloudServiceServicer
from yandex.cloud.resourcemanager.v1.folder_service_pb2_grpc import FolderServiceServicer

from emulator.state.folder_deletion import FolderDeletions
from emulator.state.resource_manager import Clouds, Folders


class CloudService(CloudServiceServicer):
    """Clouds, to read, and their bindings."""

    def __init__(self, clouds: Clouds) -> None:
        self._clouds = clouds

    def Get(self, request: Any, context: Any) -> Any:
        """One cloud."""
        return self._clouds.get(request.cloud_id, context.call)

    def List(self, request: Any, context: Any) -> Any:
        """The clouds that the caller may see."""
        return self._clouds.page(request, context.call)

    def ListAccessBindings(self, request: Any, context: Any) -> Any:
        """Who has which role here."""
        return self._clouds.list_access_bindings(request, context.call)

    def SetAccessBindings(self, request: Any, context: Any) -> Any:
        """Replaces the bindings."""
        return self._clouds.set_access_bindings(request, context.call)

    def UpdateAccessBindings(self, request: Any, context: Any) -> Any:
        """Adds and removes bindings."""
        return self._clouds.update_access_bindings(request, context.call)


class FolderService(FolderServiceServicer):
    """Folders and their bindings."""

    def __init__(self, folders: Folders, deletions: FolderDeletions) -> None:
        self._folders = folders
        self._deletions = deletions

    def Get(self, request: Any, context: Any) -> Any:
        """One folder."""
        return self._folders.get(request.folder_id, context.call)

    def List(self, request: Any, context: Any) -> Any:
        """The folders of a cloud."""
        return self._folders.page(request, context.call)

    def Create(self, request: Any, context: Any) -> Any:
        """A further folder."""
        return self._folders.create(request, context.call)

    def Delete(self, request: Any, context: Any) -> Any:
        """Deletes a folder with all that it holds, at once or later."""
        return self._deletions.delete(request, context.call)

    def ListAccessBindings(self, request: Any, context: Any) -> Any:
        """Who has which role here."""
        return self._folders.list_access_bindings(request, context.call)

    def SetAccessBindings(self, request: Any, context: Any) -> Any:
        """Replaces the bindings."""
        return self._folders.set_access_bindings(request, context.call)

    def UpdateAccessBindings(self, request: Any, context: Any) -> Any:
        """Adds and removes bindings."""
        return self._folders.update_access_bindings(request, context.call)
