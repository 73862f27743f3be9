"""Roles, to read: anyone who is logged in may."""

from __future__ import annotations

from yandex.cloud.iam.v1.role_pb2 import Role
from yandex.cloud.iam.v1.role_service_pb2 import GetRoleRequest, ListRolesRequest, ListRolesResponse

from emulator.errors import not_found
from emulator.state.call import Call
from emulator.state.paging import page_of_list
from emulator.state.roles import every_role, is_known


class Roles:
    """The role catalogue of the cloud."""

    def get(self, request: GetRoleRequest, _: Call) -> Role:
        """One role. Raises NOT_FOUND."""
        if not is_known(request.role_id):
            raise not_found("Role", request.role_id)
        return Role(id=request.role_id)

    def page(self, request: ListRolesRequest, _: Call) -> ListRolesResponse:
        """All roles."""
        page, token = page_of_list(every_role(), request)
        return ListRolesResponse(roles=[Role(id=name) for name in page], next_page_token=token)
