"""The typed resource classes of the package `yandex-keys`; `provider/yandex_keys/schema.json` is their contract."""

from components.resources.api_key import (
    ApiKey,
    ApiKeyArgs,
    Lockbox,
    LockboxArgs,
    PreviousKey,
    Verify,
    VerifyArgs,
)
from components.resources.lockbox_secret import LockboxSecret, LockboxSecretArgs
from components.resources.lockbox_secret_iam_member import LockboxSecretIamMember, LockboxSecretIamMemberArgs
from components.resources.provider import Provider, ProviderArgs

__all__ = [
    "ApiKey",
    "ApiKeyArgs",
    "Lockbox",
    "LockboxArgs",
    "LockboxSecret",
    "LockboxSecretArgs",
    "LockboxSecretIamMember",
    "LockboxSecretIamMemberArgs",
    "PreviousKey",
    "Provider",
    "ProviderArgs",
    "Verify",
    "VerifyArgs",
]
