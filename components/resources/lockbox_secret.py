"""`yandex-keys:index:LockboxSecret`; `provider/yandex_keys/schema.json` is its contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.resources.declaration import given, input_type, outputs

__all__ = ["LockboxSecret", "LockboxSecretArgs"]


@input_type
class LockboxSecretArgs:
    """What a `LockboxSecret` is made of."""

    name: pulumi.Input[str] | None = pulumi.property("name", default=None)
    """The secret's name."""
    folder_id: pulumi.Input[str] | None = pulumi.property("folderId", default=None)
    """The folder, by default the provider's; another one replaces the secret."""
    description: pulumi.Input[str] | None = pulumi.property("description", default=None)
    """What the secret is for."""
    labels: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = pulumi.property("labels", default=None)
    """The secret's labels."""
    kms_key_id: pulumi.Input[str] | None = pulumi.property("kmsKeyId", default=None)
    """The KMS key that encrypts the secret, by default the cloud's own; another one replaces the secret."""
    deletion_protection: pulumi.Input[bool] | None = pulumi.property("deletionProtection", default=None)
    """Whether the cloud refuses to delete the secret."""


@outputs
class LockboxSecret(pulumi.CustomResource):
    """A Lockbox secret that API keys are delivered to; it owns no versions."""

    name: pulumi.Output[str] = pulumi.property("name")
    folder_id: pulumi.Output[str] = pulumi.property("folderId")
    description: pulumi.Output[str | None] = pulumi.property("description")
    labels: pulumi.Output[Mapping[str, str] | None] = pulumi.property("labels")
    kms_key_id: pulumi.Output[str | None] = pulumi.property("kmsKeyId")
    deletion_protection: pulumi.Output[bool | None] = pulumi.property("deletionProtection")
    created_at: pulumi.Output[str] = pulumi.property("createdAt")
    """RFC 3339, in UTC."""
    status: pulumi.Output[str] = pulumi.property("status")
    """`ACTIVE`, `INACTIVE` or `CREATING`."""

    def __init__(
        self,
        resource_name: str,
        args: LockboxSecretArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **inputs: Any,
    ) -> None:
        """`inputs`: those of `LockboxSecretArgs`, each by its name, in place of `args`."""
        props: Mapping[str, pulumi.Input[object]] = given(LockboxSecretArgs, args, inputs, LockboxSecret, opts)
        super().__init__("yandex-keys:index:LockboxSecret", resource_name, props, opts)

    @staticmethod
    def get(resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> LockboxSecret:
        """A LockboxSecret that exists, read by its id and not managed here."""
        return LockboxSecret(resource_name, opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id)))
