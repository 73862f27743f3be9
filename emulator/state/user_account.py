"""The users of the organization: of Yandex accounts, and of identity federations."""

from __future__ import annotations

from yandex.cloud.iam.v1.user_account_pb2 import SamlUserAccount, UserAccount, YandexPassportUserAccount

from emulator import identifiers
from emulator.state.organization import OrganizationSubjects
from emulator.storage import Kind


class UserAccounts(OrganizationSubjects):
    """All users."""

    kind = Kind.USER_ACCOUNT
    message = UserAccount
    noun = "user account"
    id_field = "user_account_id"
    id_prefix = identifiers.IAM
    permissions = "organization-manager.users"

    def make(self, name: str, *, federated: bool = False) -> str:
        """A new user; answers the id."""
        user = UserAccount(id=identifiers.new_id(self.id_prefix))
        if federated:
            federation = identifiers.new_id(identifiers.ORGANIZATION)
            user.saml_user_account.CopyFrom(SamlUserAccount(federation_id=federation, name_id=name))
        else:
            user.yandex_passport_user_account.CopyFrom(YandexPassportUserAccount(login=name))
        return self._keep(user.id, user, name)
