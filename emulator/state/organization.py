"""What is the same of the organization's own subjects, users and groups: they can be read, and the admin API makes them."""

from __future__ import annotations

from google.protobuf.message import Message
from yandex.cloud.resourcemanager.v1.cloud_pb2 import Cloud

from emulator.state.resource import Resource
from emulator.storage import Kind, Record


class OrganizationSubjects(Resource):
    """One kind of the organization's subjects: users, groups."""

    def hierarchy(self, resource_id: str) -> list[str]:
        """The clouds of the organization, which has no bindings here."""
        return [cloud.id for cloud in self._backend.storage.every(Kind.CLOUD)]

    def _organization_id(self) -> str:
        cloud, *_ = self._backend.storage.every(Kind.CLOUD)
        return Cloud.FromString(cloud.body).organization_id

    def _keep(self, subject_id: str, subject: Message, name: str) -> str:
        """Stores a new subject; answers the id."""
        with self._backend.storage.transaction():
            self._backend.storage.put(Record(self.kind, subject_id, subject.SerializeToString(), name=name))
        return subject_id
