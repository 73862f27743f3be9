"""The stack's settings: what they say of accounts, and the one provider of all resources."""

from __future__ import annotations

import ipaddress
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret
from pulumi.runtime.settings import get_monitor

from components.debug_lines import withhold_values
from components.frames import without_frames
from components.rule_book import as_of, durations, key_rules
from components.spec import Problem, Spec, SpecError, parse
from components.spec.encrypted import encrypted_problems
from components.spec.problems import Place, did_you_mean

_SECRET: Final = frozenset({"token", "serviceAccountKey", "federatedToken"})
_SETTINGS: Final = _SECRET | {"asOf", "cloudId", "endpoint", "federatedServiceAccountId", "folderId", "runEvery"}
"""Every setting of `yandex-keys`; a test compares them with the package's schema."""
_BY_ENVIRONMENT: Final = {
    "rootCertificates": "YANDEX_KEYS_ROOT_CERTIFICATES",
    "tokenExchangeUrl": "YANDEX_KEYS_TOKEN_EXCHANGE_URL",
}
"""What decides where credentials go, or whom they are trusted to: no stack file says that, but whoever runs it."""
_ENGINE_SETTINGS: Final = frozenset({"version", "pluginDownloadURL"})
_YANDEX_CLOUD: Final = "api.cloud.yandex.net:443"
_HOST: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[-A-Za-z0-9.]+)(:[0-9]+)?")
_declared: Final[WeakKeyDictionary[object, pulumi.ProviderResource]] = WeakKeyDictionary()
"""The provider of each run of a program, by its way to the engine: one process may run several programs (tests, the
automation API)."""


def stack_spec() -> Spec:
    """What the stack file says under `api-keys:`. Raises SpecError, which has every problem at once.

    Unknown names under `yandex-keys:` are among them: the plugin would refuse them only when its first resource comes
    up, and others may have been made by then.
    """
    config = pulumi.Config("api-keys")
    slips = [_slip(name) for name in sorted(_names_under("yandex-keys") - _SETTINGS - _ENGINE_SETTINGS)]
    names = _names_under("api-keys")
    others = names - {"defaults", "accounts"}
    # Nothing is read of a setting that holds an encrypted value: an error about another of its fields could show it.
    if encrypted := sorted(name for name in names if is_config_secret(f"api-keys:{name}")):
        raise SpecError([*slips, *encrypted_problems(encrypted, _project_folder(), pulumi.get_stack())])
    try:
        spec = parse(
            _written(config, "defaults"),
            _written(config, "accounts"),
            others=others,
            folder_id=_folder(),
            run_every=_run_every(),
        )
    except SpecError as error:
        raise SpecError([*slips, *error.problems]) from None
    if slips:
        raise SpecError(slips)
    return spec


def _folder() -> str | None:
    """The folder of accounts that name none, where the settings or the environment say it."""
    return _from_settings_or("folderId", "YC_FOLDER_ID")[1] or None


def _run_every() -> timedelta | None:
    """How often the stack is run; None where what is written is no duration, which the plugin refuses."""
    _, written = _from_settings_or("runEvery", "YANDEX_KEYS_RUN_EVERY")
    try:
        return durations.parse_duration(written) if written else key_rules.RUN_EVERY
    except ValueError:
        return None


def _project_folder() -> Path:
    """The project's folder: where the engine says it is, else where the program runs."""
    root = Path(pulumi.get_root_directory() or "")
    return root if root.is_dir() else Path.cwd()


def _slip(name: str) -> Problem:
    where = Place(*[f"yandex-keys:{name}"] * 2)
    variable = _BY_ENVIRONMENT.get(name)
    if variable is None:
        return Problem(where, "unknown setting under yandex-keys", did_you_mean(name, _SETTINGS, "settings"))
    remedy = f"take it out of the stack file, and set {variable} where `pulumi` runs"
    return Problem(where, "is taken from the environment only", remedy)


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


def stack_provider() -> pulumi.ProviderResource:
    """The provider of all resources of this stack that are given no other; the same one however often it is asked for.

    It has what a default provider of `yandex-keys` would have: the stack file's settings, secret ones secret. What
    isn't set there is read from the environment by the plugin, on each run, and never gets into the state: credentials
    are best kept there. It is an explicit provider because a default one serves no types but its own package's, and the
    plugin would be started twice.

    Raises pulumi.RunError where an update at another time than now is asked for, on a cloud that isn't a local one.
    """
    run = get_monitor()
    if run in _declared:
        return _declared[run]
    withhold_values()
    _refuse_a_rehearsed_update()
    engine = pulumi.ResourceOptions(version=_setting("version"), plugin_download_url=_setting("pluginDownloadURL"))
    given = {
        name: pulumi.Output.secret(value) if name in _SECRET or is_config_secret(f"yandex-keys:{name}") else value
        for name in sorted(_SETTINGS)
        if (value := _setting(name)) is not None
    }
    with without_frames():
        _declared[run] = pulumi.ProviderResource("yandex-keys", "yandex-keys", given, engine)
    return _declared[run]


def _setting(name: str) -> str | None:
    return pulumi.Config("yandex-keys").get(name)


def _refuse_a_rehearsed_update() -> None:
    """Raises pulumi.RunError where `asOf` would decide what is changed in a cloud that isn't on this machine: it serves
    previews there, no more."""
    where, time = _from_settings_or("asOf", "YANDEX_KEYS_AS_OF")
    endpoint = _from_settings_or("endpoint", "YC_ENDPOINT")[1] or _YANDEX_CLOUD
    # What is no time, or no host:port at all, is the plugin's to refuse, with everything else that is wrong with the
    # settings.
    if pulumi.runtime.is_dry_run() or not _is_time(time) or not _HOST.fullmatch(endpoint) or _is_loopback(endpoint):
        return
    raise pulumi.RunError(
        f"{where}: keys can't be changed as of {time}: {endpoint} isn't on this machine, and its keys live by its own "
        "clock. A preview may be as of another time; to change anything, unset it"
    )


def _is_time(text: str) -> bool:
    try:
        as_of.parse_as_of(text, datetime.now(UTC))
    except ValueError:
        return False
    return True


def _from_settings_or(name: str, variable: str) -> tuple[str, str]:
    """Where the value of a setting comes from, and the value: the stack file's, else the environment's."""
    value = _setting(name)
    return (f"yandex-keys:{name}", value) if value else (variable, os.environ.get(variable, ""))


def _is_loopback(endpoint: str) -> bool:
    match = _HOST.fullmatch(endpoint)
    host = match["host"].strip("[]") if match else ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
