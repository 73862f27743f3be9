"""The provider of the package `yandex-keys`; `provider/yandex_keys/schema.json` is its contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.resources.declaration import given, input_type, outputs

__all__ = ["SECRET_SETTINGS", "Provider", "ProviderArgs"]

SECRET_SETTINGS = ("token", "service_account_key", "federated_token")


@input_type
class ProviderArgs:
    """The settings; what is left out comes from the environment, as for the other tools of Yandex Cloud."""

    endpoint: pulumi.Input[str] | None = pulumi.property("endpoint", default=None)
    """The API's endpoint, by default `api.cloud.yandex.net:443`; one that isn't Yandex Cloud's only by `YC_ENDPOINT`."""
    folder_id: pulumi.Input[str] | None = pulumi.property("folderId", default=None)
    """The folder of whatever names none; `YC_FOLDER_ID`."""
    cloud_id: pulumi.Input[str] | None = pulumi.property("cloudId", default=None)
    """The cloud; `YC_CLOUD_ID`."""
    as_of: pulumi.Input[str] | None = pulumi.property("asOf", default=None)
    """The time to decide by (RFC 3339), by default the clock's; `YANDEX_KEYS_AS_OF`."""
    run_every: pulumi.Input[str] | None = pulumi.property("runEvery", default=None)
    """How often the stack is run, a duration, by default `1d`; `YANDEX_KEYS_RUN_EVERY`."""
    token: pulumi.Input[str] | None = pulumi.property("token", default=None)
    """An IAM token; `YC_TOKEN`."""
    service_account_key: pulumi.Input[str] | None = pulumi.property("serviceAccountKey", default=None)
    """An authorized key, its JSON itself; a file of it by `YC_SERVICE_ACCOUNT_KEY_FILE`."""
    federated_token: pulumi.Input[str] | None = pulumi.property("federatedToken", default=None)
    """An OIDC token itself, which is exchanged for an IAM token; a file of it by `YANDEX_KEYS_FEDERATED_TOKEN`."""
    federated_service_account_id: pulumi.Input[str] | None = pulumi.property("federatedServiceAccountId", default=None)
    """The service account that the OIDC token logs in as."""


@outputs
class Provider(pulumi.ProviderResource):
    """An explicit provider; without one, resources take the stack's `yandex-keys:*` settings."""

    endpoint: pulumi.Output[str | None] = pulumi.property("endpoint")
    folder_id: pulumi.Output[str | None] = pulumi.property("folderId")
    cloud_id: pulumi.Output[str | None] = pulumi.property("cloudId")
    as_of: pulumi.Output[str | None] = pulumi.property("asOf")
    run_every: pulumi.Output[str | None] = pulumi.property("runEvery")
    token: pulumi.Output[str | None] = pulumi.property("token")
    service_account_key: pulumi.Output[str | None] = pulumi.property("serviceAccountKey")
    federated_token: pulumi.Output[str | None] = pulumi.property("federatedToken")
    federated_service_account_id: pulumi.Output[str | None] = pulumi.property("federatedServiceAccountId")

    def __init__(
        self,
        resource_name: str,
        args: ProviderArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **inputs: Any,
    ) -> None:
        props: Mapping[str, pulumi.Input[object]] = given(ProviderArgs, args, inputs, Provider, opts)
        for name in SECRET_SETTINGS:
            if props.__dict__.get(name) is not None:
                props.__dict__[name] = pulumi.Output.secret(props.__dict__[name])
        secrets = pulumi.ResourceOptions(additional_secret_outputs=list(SECRET_SETTINGS))
        super().__init__("yandex-keys", resource_name, props, pulumi.ResourceOptions.merge(opts, secrets))
