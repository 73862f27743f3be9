"""The groups of the organization. They have no members."""

from __future__ import annotations

from yandex.cloud.organizationmanager.v1.group_pb2 import Group

from emulator import identifiers
from emulator.state.organization import OrganizationSubjects
from emulator.storage import Kind


class Groups(OrganizationSubjects):
    """All groups."""

    kind = Kind.GROUP
    message = Group
    noun = "group"
    id_field = "group_id"
    id_prefix = identifiers.IAM
    permissions = "organization-manager.groups"

    def make(self, name: str) -> str:
        """A new group; answers the id."""
        group = Group(
            id=identifiers.new_id(self.id_prefix),
            organization_id=self._organization_id(),
            created_at=self._backend.clock.timestamp(whole_seconds=True),
            name=name,
        )
        return self._keep(group.id, group, name)
