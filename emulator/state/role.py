"""Roles, to read: anyone who is logged in may."""

from __future__ import annotations

from yandex.cloud.iam.v1.role_pb2 import Role
from yandex.cloud.iam.v1.role_service_pb2 import ListRolesRequest, ListRolesResponse

from emulator.errors import not_found
from emulator.state.paging import page_of_list
from emulator.state.roles import every_role, is_known


class Roles:
    """The role catalogue of the cloud."""

    def get(self, role_id: str) -> Role:
        """One role. Raises NOT_FOUND."""
        if not is_known(role_id):
            raise not_found("Role", role_id)
        return Role(id=role_id)

    def page(self, request: ListRolesRequest) -> ListRolesResponse:
        """All roles, a page at a time."""
        page, token = page_of_list(every_role(), request)
        return ListRolesResponse(roles=[Role(id=name) for name in page], next_page_token=token)
