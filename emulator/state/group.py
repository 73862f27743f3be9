"""The groups of the organization. They can be read; the admin API makes them, and they have no members."""

from __future__ import annotations

from yandex.cloud.organizationmanager.v1.group_pb2 import Group
from yandex.cloud.resourcemanager.v1.cloud_pb2 import Cloud

from emulator import identifiers
from emulator.state.resource import Resource
from emulator.storage import Kind, Record


class Groups(Resource):
    """All groups."""

    kind = Kind.GROUP
    message = Group
    noun = "group"
    id_field = "group_id"
    id_prefix = identifiers.IAM
    permissions = "organization-manager.groups"

    def hierarchy(self, resource_id: str) -> list[str]:
        """The clouds of the organization, which has no bindings here."""
        return [cloud.id for cloud in self._backend.storage.every(Kind.CLOUD)]

    def make(self, name: str) -> str:
        """A new group of the organization; answers the id."""
        (cloud, *_) = (Cloud.FromString(record.body) for record in self._backend.storage.every(Kind.CLOUD))
        group = Group(
            id=identifiers.new_id(identifiers.IAM),
            organization_id=cloud.organization_id,
            created_at=self._backend.clock.timestamp(whole_seconds=True),
            name=name,
        )
        with self._backend.storage.transaction():
            self._backend.storage.put(Record(self.kind, group.id, group.SerializeToString(), name=name))
        return group.id
