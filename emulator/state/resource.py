"""What the cloud's resources have in common: found by id, allowed by roles, changed by operations, bound to."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from google.protobuf.message import Message
from yandex.cloud.access import access_pb2
from yandex.cloud.operation.operation_pb2 import Operation

from emulator.errors import precondition, quota_exceeded
from emulator.state.access_binding import AccessBindings
from emulator.state.backend import Backend
from emulator.state.call import Call
from emulator.state.listing import page_of_folder
from emulator.state.operations import Operations
from emulator.state.paging import PageRequest
from emulator.storage import Kind, Record


class Resource:
    """One kind of resource, and the service that it is called by.

    A subclass has a method for each call that it answers, named as the call is (`ListOperations`: `list_operations`;
    `List`: `page`). All raise NOT_FOUND and PERMISSION_DENIED where they apply.
    """

    kind: ClassVar[Kind]
    message: ClassVar[type[Message]]
    """What the API calls it: `secret_pb2.Secret`."""
    noun: ClassVar[str]
    """What messages call it: `secret`."""
    id_field: ClassVar[str]
    """The field of requests that has its id: `secret_id`."""
    id_prefix: ClassVar[str]
    """What its ids, and those of its operations, begin with."""
    permissions: ClassVar[str]
    """What the permissions to call it begin with: `lockbox.secrets`."""

    def __init__(self, backend: Backend, access: AccessBindings, operations: Operations) -> None:
        self._backend = backend
        self._access = access
        self._operations = operations

    @property
    def title(self) -> str:
        """The noun at a sentence's beginning."""
        return self.noun[:1].upper() + self.noun[1:]

    def find(self, resource_id: str) -> Record:
        """The record of one resource, whoever asks."""
        return self._backend.existing(self.kind, resource_id, self.title)

    def hierarchy(self, resource_id: str) -> list[str]:
        """The resource and what holds it: where rights on it come from."""
        return [resource_id, *self._backend.folder_hierarchy(self.find(resource_id).parent)]

    def get(self, request: object, call: Call) -> Message:
        """One resource."""
        return self.from_record(self._allowed(request, "get", call))

    def from_record(self, record: Record) -> Message:
        """The resource of a record."""
        return self.message.FromString(record.body)

    def _named(self, request: object) -> Record:
        """The resource that the request names."""
        return self.find(getattr(request, self.id_field))

    def _allowed(self, request: object, verb: str, call: Call) -> Record:
        """The resource that the request names, for a caller who may do that with it."""
        return self._allowed_on(self._named(request).id, verb, call)

    def _allowed_on(self, resource_id: str, verb: str, call: Call) -> Record:
        record = self.find(resource_id)
        self._access.require(call, f"{self.permissions}.{verb}", self.hierarchy(resource_id))
        return record

    def _page_of_folder(
        self, folder_id: str, request: PageRequest, call: Call, keep: Callable[[Record], bool] | None = None
    ) -> tuple[list[Record], str]:
        self._access.require(call, f"{self.permissions}.list", self._backend.folder_hierarchy(folder_id))
        return page_of_folder(self._backend, self.kind, folder_id, request, keep)

    def _check_quota(self, quota: str, limit: int, cloud_id: str) -> None:
        if self._backend.storage.count(self.kind) >= limit:
            raise quota_exceeded(quota, limit, f"cloud:{cloud_id}")

    def _operation(
        self,
        call: Call,
        resource_id: str,
        description: str,
        response: Message | None = None,
        **metadata: object,
    ) -> Operation:
        """What answers a change. Its metadata have the resource's id besides what is given."""
        about = {self.id_field: resource_id, **metadata}
        return self._operations.finish(call, self.id_prefix, resource_id, description, about, response)


class ManagedResource(Resource):
    """A resource that its service deletes, and of which it lists what was done to it."""

    operations_permission: ClassVar[str] = "listOperations"
    operations_response: ClassVar[Callable[..., Message]]

    def delete(self, request: object, call: Call) -> Operation:
        """Deletes one resource, with all that it holds. Raises FAILED_PRECONDITION when it is protected."""
        record = self._allowed(request, "delete", call)
        resource = self.from_record(record)
        if getattr(resource, "deletion_protection", False):
            raise precondition(f"{self.title} {record.id} is protected from deletion: clear deletion_protection first")
        self.remove(record.id)
        return self._operation(call, record.id, f"Delete {self.noun}", resource)

    def remove(self, resource_id: str) -> None:
        """The resource is gone, whoever asked for it."""
        self._backend.storage.delete(self.kind, resource_id)

    def list_operations(self, request: PageRequest, call: Call) -> Message:
        """What was done to one resource."""
        record = self._allowed(request, self.operations_permission, call)
        page, token = self._operations.page(record.id, request)
        return self.operations_response(operations=page, next_page_token=token)


class ResourceWithAccess(Resource):
    """A resource that subjects can have roles on."""

    resource_type: ClassVar[str]
    """What access bindings call it: `lockbox.secret`."""

    def list_access_bindings(
        self, request: access_pb2.ListAccessBindingsRequest, call: Call
    ) -> access_pb2.ListAccessBindingsResponse:
        """Who has which role on the resource itself."""
        self._allowed_on(request.resource_id, "listAccessBindings", call)
        return self._access.page(request.resource_id, request)

    def set_access_bindings(self, request: access_pb2.SetAccessBindingsRequest, call: Call) -> Operation:
        """Replaces the resource's bindings."""
        self._allowed_on(request.resource_id, "setAccessBindings", call)
        effective = self._access.set(request, self.resource_type)
        return self._access_operation(call, request.resource_id, "Set access bindings", effective)

    def update_access_bindings(self, request: access_pb2.UpdateAccessBindingsRequest, call: Call) -> Operation:
        """Adds and removes single bindings."""
        self._allowed_on(request.resource_id, "updateAccessBindings", call)
        effective = self._access.update(request, self.resource_type)
        return self._access_operation(call, request.resource_id, "Update access bindings", effective)

    def _access_operation(self, call: Call, resource_id: str, description: str, effective: Message) -> Operation:
        """Whether it answers what was changed, or nothing, the API declares."""
        about = {"resource_id": resource_id}
        return self._operations.finish(call, self.id_prefix, resource_id, description, about, effective)
