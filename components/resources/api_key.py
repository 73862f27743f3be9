"""`yandex-keys:index:ApiKey`; `provider/yandex_keys/schema.json` is its contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.resources.declaration import given, input_type, output_type, outputs

__all__ = [
    "ApiKey",
    "ApiKeyArgs",
    "Lockbox",
    "LockboxArgs",
    "PreviousKey",
    "Verify",
    "VerifyArgs",
]


@input_type
class LockboxArgs:
    """Delivery to Lockbox."""

    secret_id: pulumi.Input[str] = pulumi.property("secretId")
    """The Lockbox secret. Several keys may share one, with different entries."""
    secret_entry: pulumi.Input[str] | None = pulumi.property("secretEntry", default=None)
    """The entry that holds the key's secret, by default `api_key`."""
    key_id_entry: pulumi.Input[str] | None = pulumi.property("keyIdEntry", default=None)
    """The entry that holds the key's id, by default `api_key_id`."""


@input_type
class VerifyArgs:
    """A harmless call that a new key must make before it counts."""

    url: pulumi.Input[str] = pulumi.property("url")
    """Where to call."""
    method: pulumi.Input[str] | None = pulumi.property("method", default=None)
    """The HTTP method, by default GET."""
    expect_status: pulumi.Input[int] | None = pulumi.property("expectStatus", default=None)
    """The HTTP status of success, by default 200."""
    timeout: pulumi.Input[str] | None = pulumi.property("timeout", default=None)
    """Duration for which to try, by default `60s`."""


@input_type
class ApiKeyArgs:
    """What an `ApiKey` is made of. Durations are written `90d`, `36h`; `rotate_every` + `overlap` <= `lifetime`."""

    service_account_id: pulumi.Input[str] = pulumi.property("serviceAccountId")
    """The account that the key belongs to; another one replaces the key."""
    scopes: pulumi.Input[Sequence[pulumi.Input[str]]] = pulumi.property("scopes")
    """What the key may be used for, 1 to 100 scopes, in any order. Changed in place."""
    lifetime: pulumi.Input[str] | None = pulumi.property("lifetime", default=None)
    """Duration from issue to the key's own expiry, by default `90d`. Changed in place."""
    rotate_every: pulumi.Input[str] | None = pulumi.property("rotateEvery", default=None)
    """Duration after which a new key takes over, by default `30d`."""
    overlap: pulumi.Input[str] | None = pulumi.property("overlap", default=None)
    """Duration for which the previous key keeps working after a rotation, by default `7d`."""
    description: pulumi.Input[str] | None = pulumi.property("description", default=None)
    """Your words; the provider adds its tag. Changed in place."""
    reissue: pulumi.Input[str] | None = pulumi.property("reissue", default=None)
    """Any change rotates the key now, with overlap."""
    compromised: pulumi.Input[Sequence[pulumi.Input[str]]] | None = pulumi.property("compromised", default=None)
    """Ids of keys that must stop working at once: replaced and deleted without overlap."""
    when_still_used: pulumi.Input[str] | None = pulumi.property("whenStillUsed", default=None)
    """`extend` (the default) or `retire`: what happens to a previous key that is still used as its overlap ends."""
    lockbox: pulumi.Input[LockboxArgs] | None = pulumi.property("lockbox", default=None)
    """Delivery to Lockbox. This or `expose_secret` is needed."""
    expose_secret: pulumi.Input[bool] | None = pulumi.property("exposeSecret", default=None)
    """Whether the secret is the output `secret`, always a Pulumi secret."""
    verify: pulumi.Input[VerifyArgs] | None = pulumi.property("verify", default=None)
    """A harmless call that a new key must make before it counts."""


@output_type
class Lockbox:
    """Delivery to Lockbox."""

    secret_id: str = pulumi.property("secretId")
    secret_entry: str | None = pulumi.property("secretEntry", default=None)
    key_id_entry: str | None = pulumi.property("keyIdEntry", default=None)


@output_type
class Verify:
    """A harmless call that a new key must make before it counts."""

    url: str = pulumi.property("url")
    method: str | None = pulumi.property("method", default=None)
    expect_status: int | None = pulumi.property("expectStatus", default=None)
    timeout: str | None = pulumi.property("timeout", default=None)


@output_type
class PreviousKey:
    """A key in its overlap. Dates are RFC 3339 in UTC."""

    key_id: str = pulumi.property("keyId")
    issued_at: str = pulumi.property("issuedAt")
    expires_at: str = pulumi.property("expiresAt")
    """The end of its overlap: the key's own expiry, which the cloud enforces."""
    rotated_at: str = pulumi.property("rotatedAt")
    lifetime_ends_at: str = pulumi.property("lifetimeEndsAt")
    """The end of the lifetime that it was issued with: no extension goes past it."""
    extended_at: str | None = pulumi.property("extendedAt", default=None)
    """When its overlap was last extended, because it was still used."""
    lockbox: Lockbox | None = pulumi.property("lockbox", default=None)
    """Where it was delivered to."""
    lockbox_version_id: str | None = pulumi.property("lockboxVersionId", default=None)
    enforced: bool | None = pulumi.property("enforced", default=None)
    """False where the cloud has not been told of `expires_at` yet."""


@outputs
class ApiKey(pulumi.CustomResource):
    """An API key that issues, delivers and rotates itself on `pulumi up`. Dates are RFC 3339 in UTC."""

    service_account_id: pulumi.Output[str] = pulumi.property("serviceAccountId")
    scopes: pulumi.Output[Sequence[str]] = pulumi.property("scopes")
    lifetime: pulumi.Output[str] = pulumi.property("lifetime")
    rotate_every: pulumi.Output[str] = pulumi.property("rotateEvery")
    overlap: pulumi.Output[str] = pulumi.property("overlap")
    description: pulumi.Output[str] = pulumi.property("description")
    reissue: pulumi.Output[str | None] = pulumi.property("reissue")
    compromised: pulumi.Output[Sequence[str]] = pulumi.property("compromised")
    when_still_used: pulumi.Output[str] = pulumi.property("whenStillUsed")
    lockbox: pulumi.Output[Lockbox | None] = pulumi.property("lockbox")
    expose_secret: pulumi.Output[bool] = pulumi.property("exposeSecret")
    verify: pulumi.Output[Verify | None] = pulumi.property("verify")
    key_id: pulumi.Output[str] = pulumi.property("keyId")
    """The current key's id."""
    masked_secret: pulumi.Output[str] = pulumi.property("maskedSecret")
    """The end of the current key's secret, as the cloud's console shows it."""
    issued_at: pulumi.Output[str] = pulumi.property("issuedAt")
    expires_at: pulumi.Output[str] = pulumi.property("expiresAt")
    next_rotation_at: pulumi.Output[str] = pulumi.property("nextRotationAt")
    generation: pulumi.Output[int] = pulumi.property("generation")
    """How many keys have been issued so far."""
    status: pulumi.Output[str] = pulumi.property("status")
    """`current`; or, where the next `up` will rotate because of it, `missing`, `adopted` or `undelivered`."""
    instance: pulumi.Output[str] = pulumi.property("instance")
    """What marks the keys of this life of the resource in the cloud."""
    lockbox_version_id: pulumi.Output[str] = pulumi.property("lockboxVersionId")
    """The Lockbox version that the current key was delivered in; empty without `lockbox`."""
    previous: pulumi.Output[Sequence[PreviousKey]] = pulumi.property("previous")
    """Keys in their overlap."""
    secret: pulumi.Output[str | None] = pulumi.property("secret")
    """The current key's secret, only with `expose_secret`."""

    def __init__(
        self,
        resource_name: str,
        args: ApiKeyArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **inputs: Any,
    ) -> None:
        """`inputs`: those of `ApiKeyArgs`, each by its name, in place of `args`."""
        secrets = pulumi.ResourceOptions(additional_secret_outputs=["secret"])
        props: Mapping[str, pulumi.Input[object]] = given(ApiKeyArgs, args, inputs, ApiKey, opts)
        super().__init__("yandex-keys:index:ApiKey", resource_name, props, pulumi.ResourceOptions.merge(opts, secrets))

    @staticmethod
    def get(resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> ApiKey:
        """An ApiKey that exists, read by its id and not managed here."""
        return ApiKey(resource_name, opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id)))
