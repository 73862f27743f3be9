"""What the API says of a thing, as dictionaries in the protos' own field names.

A field that has the default of its type is left out; times are RFC 3339 in UTC.
"""

from __future__ import annotations

from typing import Required, TypedDict


class ApiKeyAnswer(TypedDict, total=False):
    """An API key (`yandex.cloud.iam.v1.ApiKey`)."""

    id: Required[str]
    service_account_id: str
    created_at: str
    description: str
    scopes: list[str]
    expires_at: str
    last_used_at: str
    masked_secret: str


class VersionAnswer(TypedDict, total=False):
    """A version of a Lockbox secret (`yandex.cloud.lockbox.v1.Version`)."""

    id: str
    created_at: str
    description: str
    status: str
    payload_entry_keys: list[str]


class FolderResourceAnswer(TypedDict, total=False):
    """What lives in a folder: a service account (`yandex.cloud.iam.v1.ServiceAccount`), which has no status, a Lockbox
    secret, or a KMS key (`yandex.cloud.kms.v1.SymmetricKey`), which alone has rotated_at."""

    id: Required[str]
    folder_id: str
    created_at: str
    name: str
    description: str
    labels: dict[str, str]
    status: str
    rotated_at: str


class SecretAnswer(FolderResourceAnswer, total=False):
    """A Lockbox secret (`yandex.cloud.lockbox.v1.Secret`)."""

    kms_key_id: str
    current_version: VersionAnswer
    deletion_protection: bool


class SubjectAnswer(TypedDict):
    """Who has a role (`yandex.cloud.access.Subject`)."""

    id: str
    type: str


class BindingAnswer(TypedDict, total=False):
    """One member's role (`yandex.cloud.access.AccessBinding`)."""

    role_id: str
    subject: Required[SubjectAnswer]
