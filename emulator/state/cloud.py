"""The clouds of the organization: one, made with the emulator; it can be read, and have access bindings."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from yandex.cloud.resourcemanager.v1.cloud_pb2 import Cloud
from yandex.cloud.resourcemanager.v1.cloud_service_pb2 import ListCloudsRequest, ListCloudsResponse

from emulator import identifiers
from emulator.state.call import Call
from emulator.state.paging import name_filter, page_of_children
from emulator.state.resource import ResourceWithAccess
from emulator.storage import Kind, Record


class Clouds(ResourceWithAccess):
    """All clouds."""

    kind = Kind.CLOUD
    message = Cloud
    noun = "cloud"
    id_field = "cloud_id"
    id_prefix = identifiers.CLOUD
    permissions = "resource-manager.clouds"
    resource_type = "resource-manager.cloud"

    def hierarchy(self, resource_id: str) -> list[str]:
        """The cloud alone: organizations have no bindings here."""
        return [resource_id]

    def make(self, name: str, created_at: Timestamp) -> Cloud:
        """A cloud of an organization of its own."""
        organization = identifiers.new_id(identifiers.ORGANIZATION)
        cloud_id = identifiers.new_id(identifiers.CLOUD)
        cloud = Cloud(id=cloud_id, created_at=created_at, name=name, organization_id=organization)
        self._backend.storage.put(Record(Kind.CLOUD, cloud.id, cloud.SerializeToString(), name=name))
        return cloud

    def page(self, request: ListCloudsRequest, call: Call) -> ListCloudsResponse:
        """The clouds that the caller may see."""
        name = name_filter(request)

        def is_visible(record: Record) -> bool:
            cloud = Cloud.FromString(record.body)
            if name not in (None, cloud.name) or request.organization_id not in ("", cloud.organization_id):
                return False
            return bool(self._access.roles_of(call.principal, [record.id]))

        page, token = page_of_children(self._backend.storage, Kind.CLOUD, "", request, is_visible)
        return ListCloudsResponse(clouds=[Cloud.FromString(record.body) for record in page], next_page_token=token)
