"""The stack's settings, as the program needs them: what it says of accounts, and the provider of package `yandex`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi
from pulumi.runtime.config import CONFIG

from components import yandex
from components.resources.declaration import given, input_type, outputs
from components.spec import Spec, parse

_SECRET: Final = frozenset({"token", "service_account_key_file", "federated_token"})


def stack_spec() -> Spec:
    """What the stack file says under `api-keys:`. Raises SpecError, which has every problem at once."""
    config = pulumi.Config("api-keys")
    names = {name.partition(":")[2] for name in CONFIG.get() if name.startswith("api-keys:")}
    return parse(_written(config, "defaults"), _written(config, "accounts"), others=names - {"defaults", "accounts"})


def _written(config: pulumi.Config, name: str) -> object:
    """What stands under `name`, as plain values; None where there is nothing."""
    try:
        value: object = config.get_object(name)
    except (pulumi.ConfigTypeError, ValueError, RecursionError):
        # Text where a list or a mapping belongs: the spec says so, with everything else that is wrong.
        value = config.get(name)
    return value


@input_type
class YandexProviderArgs:
    """Settings of the package `yandex` by pulumi-yandex's names, and those that only our plugin knows."""

    endpoint: pulumi.Input[str] | None = pulumi.property("endpoint", default=None)
    folder_id: pulumi.Input[str] | None = pulumi.property("folderId", default=None)
    cloud_id: pulumi.Input[str] | None = pulumi.property("cloudId", default=None)
    token: pulumi.Input[str] | None = pulumi.property("token", default=None)
    service_account_key_file: pulumi.Input[str] | None = pulumi.property("serviceAccountKeyFile", default=None)
    root_certificates: pulumi.Input[str] | None = pulumi.property("rootCertificates", default=None)
    federated_token: pulumi.Input[str] | None = pulumi.property("federatedToken", default=None)
    federated_service_account_id: pulumi.Input[str] | None = pulumi.property("federatedServiceAccountId", default=None)
    token_exchange_url: pulumi.Input[str] | None = pulumi.property("tokenExchangeUrl", default=None)


@outputs
class YandexProvider(pulumi.ProviderResource):
    """The provider of the package `yandex`, with the settings that the user wrote for `yandex-keys`.

    It is explicit because the engine gives a default provider of `yandex` nothing but `yandex:*` settings, and the user
    writes settings once. Its inputs are pulumi-yandex's own, so the state stays good for the upstream plugin; the few
    that upstream doesn't know are there only where they are set. What isn't set is read from the environment by the
    plugin, on each run, and never gets into the state: credentials are best kept there.
    """

    def __init__(self, name: str, args: YandexProviderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        # pulumi-yandex's version, so that it is upstream's plugin that serves these resources once ours doesn't.
        version = pulumi.ResourceOptions(version=yandex.get_version())
        props: Mapping[str, pulumi.Input[object]] = given(YandexProviderArgs, args, {}, YandexProvider, opts)
        super().__init__("yandex", name, props, pulumi.ResourceOptions.merge(opts, version))


_FROM_SETTINGS: Final = {
    "endpoint": "endpoint",
    "folder_id": "folderId",
    "cloud_id": "cloudId",
    "token": "token",
    "service_account_key_file": "serviceAccountKey",
    "root_certificates": "rootCertificates",
    "federated_token": "federatedToken",
    "federated_service_account_id": "federatedServiceAccountId",
    "token_exchange_url": "tokenExchangeUrl",
}


def yandex_provider(settings: pulumi.Config) -> YandexProvider:
    """The provider of the `yandex` resources for the `yandex-keys:*` `settings`. Declare one per program."""
    values = {name: settings.get(setting) for name, setting in _FROM_SETTINGS.items()}
    return YandexProvider(
        "yandex",
        YandexProviderArgs(
            **{
                name: pulumi.Output.secret(value) if name in _SECRET else value
                for name, value in values.items()
                if value
            }
        ),
    )
