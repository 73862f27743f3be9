"""The users of the organization: of Yandex accounts, and of identity federations. They can be read; the admin API makes them."""

from __future__ import annotations

from yandex.cloud.iam.v1.user_account_pb2 import SamlUserAccount, UserAccount, YandexPassportUserAccount

from emulator import identifiers
from emulator.state.resource import Resource
from emulator.storage import Kind, Record


class UserAccounts(Resource):
    """All users."""

    kind = Kind.USER_ACCOUNT
    message = UserAccount
    noun = "user account"
    id_field = "user_account_id"
    id_prefix = identifiers.IAM
    permissions = "organization-manager.users"

    def hierarchy(self, resource_id: str) -> list[str]:
        """The clouds of the organization, which has no bindings here."""
        return [cloud.id for cloud in self._backend.storage.every(Kind.CLOUD)]

    def make(self, name: str, *, federated: bool = False) -> str:
        """A new user; answers the id."""
        user = UserAccount(id=identifiers.new_id(identifiers.IAM))
        if federated:
            federation = identifiers.new_id(identifiers.ORGANIZATION)
            user.saml_user_account.CopyFrom(SamlUserAccount(federation_id=federation, name_id=name))
        else:
            user.yandex_passport_user_account.CopyFrom(YandexPassportUserAccount(login=name))
        with self._backend.storage.transaction():
            self._backend.storage.put(Record(self.kind, user.id, user.SerializeToString(), name=name))
        return user.id
