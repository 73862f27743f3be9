"""The stack's settings, as the program needs them: what it says of accounts, and the provider of package `yandex`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi
from pulumi.runtime.config import CONFIG

from components import yandex
from components.debug_lines import withhold_values
from components.resources.declaration import given, input_type, outputs
from components.spec import Problem, Spec, SpecError, parse
from components.spec_errors import did_you_mean

_SECRET: Final = frozenset({"token", "service_account_key_file", "federated_token"})


def stack_spec() -> Spec:
    """What the stack file says under `api-keys:`. Raises SpecError, which has every problem at once.

    Unknown names under `yandex-keys:` are among them: the plugin would refuse them only when its first resource comes up, and others may have been
    made by then.
    """
    config = pulumi.Config("api-keys")
    slips = [
        Problem(f"yandex-keys:{name}", "unknown setting under yandex-keys", did_you_mean(name, _SETTINGS, "settings"))
        for name in sorted(_names_under("yandex-keys") - _SETTINGS - _ENGINE_SETTINGS)
    ]
    others = _names_under("api-keys") - {"defaults", "accounts"}
    try:
        spec = parse(_written(config, "defaults"), _written(config, "accounts"), others=others)
    except SpecError as error:
        raise SpecError([*slips, *error.problems]) from None
    if slips:
        raise SpecError(slips)
    return spec


def _names_under(namespace: str) -> set[str]:
    return {name.partition(":")[2] for name in CONFIG.get() if name.startswith(f"{namespace}:")}


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
    as_of: pulumi.Input[str] | None = pulumi.property("asOf", default=None)


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
    "as_of": "asOf",
}
_SETTINGS: Final = frozenset(_FROM_SETTINGS.values())
"""Every setting of `yandex-keys`; a test compares them with the package's schema."""
_ENGINE_SETTINGS: Final = frozenset({"version", "pluginDownloadURL"})


def yandex_provider(settings: pulumi.Config) -> YandexProvider:
    """The provider of the `yandex` resources for the `yandex-keys:*` `settings`. Declare one per program."""
    withhold_values()
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
