"""The services of Identity and Access Management."""

from __future__ import annotations

from typing import Any

from yandex.cloud.iam.v1.api_key_service_pb2_grpc import ApiKeyServiceServicer
from yandex.cloud.iam.v1.iam_token_service_pb2_grpc import IamTokenServiceServicer
from yandex.cloud.iam.v1.key_service_pb2_grpc import KeyServiceServicer
from yandex.cloud.iam.v1.role_service_pb2_grpc import RoleServiceServicer
from yandex.cloud.iam.v1.service_account_service_pb2_grpc import ServiceAccountServiceServicer

from emulator.state.api_key import ApiKeys
from emulator.state.authorized_key import AuthorizedKeys
from emulator.state.role import Roles
from emulator.state.service_account import ServiceAccounts
from emulator.state.tokens import Tokens


class IamTokenService(IamTokenServiceServicer):
    """Logging in."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def Create(self, request: Any, context: Any) -> Any:
        """A token for a signed JWT."""
        return self._tokens.create(request)

    def CreateForServiceAccount(self, request: Any, context: Any) -> Any:
        """A token of another account."""
        return self._tokens.create_for_account(request, context.call)

    def Revoke(self, request: Any, context: Any) -> Any:
        """Ends a token."""
        return self._tokens.revoke(request)


class ServiceAccountService(ServiceAccountServiceServicer):
    """Service accounts."""

    def __init__(self, accounts: ServiceAccounts) -> None:
        self._accounts = accounts

    def Get(self, request: Any, context: Any) -> Any:
        """One account."""
        return self._accounts.get(request.service_account_id, context.call)

    def List(self, request: Any, context: Any) -> Any:
        """The accounts of a folder."""
        return self._accounts.page(request, context.call)

    def Create(self, request: Any, context: Any) -> Any:
        """A new account."""
        return self._accounts.create(request, context.call)

    def Update(self, request: Any, context: Any) -> Any:
        """Changes an account."""
        return self._accounts.update(request, context.call)

    def Delete(self, request: Any, context: Any) -> Any:
        """Deletes an account with its keys."""
        return self._accounts.delete(request.service_account_id, context.call)

    def ListOperations(self, request: Any, context: Any) -> Any:
        """What was done to it."""
        return self._accounts.list_operations(request, context.call)

    def Suspend(self, request: Any, context: Any) -> Any:
        """Stops an account for a while."""
        return self._accounts.suspend(request, context.call)

    def Reactivate(self, request: Any, context: Any) -> Any:
        """Lets it work again."""
        return self._accounts.reactivate(request, context.call)

    def ListAccessBindings(self, request: Any, context: Any) -> Any:
        """Who has which role here."""
        return self._accounts.list_access_bindings(request, context.call)

    def SetAccessBindings(self, request: Any, context: Any) -> Any:
        """Replaces the bindings."""
        return self._accounts.set_access_bindings(request, context.call)

    def UpdateAccessBindings(self, request: Any, context: Any) -> Any:
        """Adds and removes bindings."""
        return self._accounts.update_access_bindings(request, context.call)


class ApiKeyService(ApiKeyServiceServicer):
    """API keys."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    def Get(self, request: Any, context: Any) -> Any:
        """One key."""
        return self._keys.get(request.api_key_id, context.call)

    def List(self, request: Any, context: Any) -> Any:
        """The keys of an account."""
        return self._keys.page(request, context.call)

    def Create(self, request: Any, context: Any) -> Any:
        """A new key and its secret, at once."""
        return self._keys.create(request, context.call)

    def Update(self, request: Any, context: Any) -> Any:
        """Changes a key; its secret stays."""
        return self._keys.update(request, context.call)

    def Delete(self, request: Any, context: Any) -> Any:
        """Deletes a key."""
        return self._keys.delete(request.api_key_id, context.call)

    def ListOperations(self, request: Any, context: Any) -> Any:
        """What was done to it."""
        return self._keys.list_operations(request, context.call)

    def ListScopes(self, request: Any, context: Any) -> Any:
        """All scopes that there are."""
        return self._keys.list_scopes(request)


class KeyService(KeyServiceServicer):
    """Authorized keys."""

    def __init__(self, keys: AuthorizedKeys) -> None:
        self._keys = keys

    def Get(self, request: Any, context: Any) -> Any:
        """One key."""
        return self._keys.get(request.key_id, context.call)

    def List(self, request: Any, context: Any) -> Any:
        """The keys of an account."""
        return self._keys.page(request, context.call)

    def Create(self, request: Any, context: Any) -> Any:
        """A new key pair."""
        return self._keys.create(request, context.call)

    def Update(self, request: Any, context: Any) -> Any:
        """Changes a key's description."""
        return self._keys.update(request, context.call)

    def Delete(self, request: Any, context: Any) -> Any:
        """Deletes a key."""
        return self._keys.delete(request.key_id, context.call)

    def ListOperations(self, request: Any, context: Any) -> Any:
        """What was done to it."""
        return self._keys.list_operations(request, context.call)


class RoleService(RoleServiceServicer):
    """Roles, to read."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    def Get(self, request: Any, context: Any) -> Any:
        """One role."""
        return self._roles.get(request.role_id)

    def List(self, request: Any, context: Any) -> Any:
        """All roles."""
        return self._roles.page(request)
