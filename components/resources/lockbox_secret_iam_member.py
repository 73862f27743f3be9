"""`yandex-keys:index:LockboxSecretIamMember`; `provider/yandex_keys/schema.json` is its contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.resources.declaration import given, input_type, outputs

__all__ = ["LockboxSecretIamMember", "LockboxSecretIamMemberArgs"]


@input_type
class LockboxSecretIamMemberArgs:
    """What a `LockboxSecretIamMember` is made of; another value of any of them replaces it."""

    secret_id: pulumi.Input[str] = pulumi.property("secretId")
    """The Lockbox secret."""
    role: pulumi.Input[str] = pulumi.property("role")
    """The role, such as `lockbox.payloadViewer`."""
    member: pulumi.Input[str] = pulumi.property("member")
    """Who gets it, such as `serviceAccount:<id>`."""


@outputs
class LockboxSecretIamMember(pulumi.CustomResource):
    """One subject's role on a Lockbox secret; the secret's other access bindings are left alone."""

    secret_id: pulumi.Output[str] = pulumi.property("secretId")
    role: pulumi.Output[str] = pulumi.property("role")
    member: pulumi.Output[str] = pulumi.property("member")

    def __init__(
        self,
        resource_name: str,
        args: LockboxSecretIamMemberArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **inputs: Any,
    ) -> None:
        """`inputs`: those of `LockboxSecretIamMemberArgs`, each by its name, in place of `args`."""
        props: Mapping[str, pulumi.Input[object]] = given(
            LockboxSecretIamMemberArgs, args, inputs, LockboxSecretIamMember, opts
        )
        super().__init__("yandex-keys:index:LockboxSecretIamMember", resource_name, props, opts)

    @staticmethod
    def get(
        resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> LockboxSecretIamMember:
        """A LockboxSecretIamMember that exists, read by its id and not managed here."""
        merged = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id))
        return LockboxSecretIamMember(resource_name, opts=merged)
