"""Traits of the emulated cloud that a test can choose: quotas, delays, and what the documentation leaves open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from typing import Any

from emulator.durations import read_duration, write_duration
from emulator.errors import AdminError
from emulator.storage import Kind, Record, Storage


@dataclass(frozen=True)
class Settings:
    """The traits, with the cloud's documented or likeliest ones as defaults.

    Delays run in real time, where they don't say otherwise.
    """

    api_key_quota: int = 1_000
    """API keys in the cloud."""
    service_account_quota: int = 100
    """Service accounts in the cloud."""
    secret_quota: int = 10_000
    """Lockbox secrets in the cloud."""
    version_quota: int = 1_000
    """Versions of one Lockbox secret that aren't destroyed."""
    operation_seconds: float = 0
    """How long an operation reports done=false; its effect is there at once."""
    access_delay: timedelta = timedelta()
    """How long a change of access bindings takes to count; it is listed at once."""
    key_delay: timedelta = timedelta()
    """How long the services don't know a new API key."""
    token_lifetime: timedelta = timedelta(hours=12)
    """Of an IAM token."""
    idempotency_key_lifetime: timedelta = timedelta(hours=24)
    """How long an operation is known by its idempotency key, in emulated time. The documentation names no time."""
    listing_delay: timedelta = timedelta()
    """How long an API key or a Lockbox version that is created now is missing from listings, in emulated time."""
    listing_delay_calls: int = 0
    """From how many listings of its account or secret one that is created now is missing."""
    unlisted: tuple[str, ...] = ()
    """The ids of API keys, Lockbox versions, and what else a folder holds, that listings leave out."""
    schedule_current_version: str = "allow"
    """Whether the current version of a secret may be scheduled for destruction: `refuse` or `allow`.

    The documentation is silent; Terraform's provider does it whenever it deletes a version, and its acceptance tests
    expect it to work.
    """
    empty_versions: str = "accept"
    """What becomes of a change that takes the last entries out of a Lockbox secret.

    `accept` makes a version without any; `refuse` answers FAILED_PRECONDITION, `invalid` INVALID_ARGUMENT. The
    documentation is silent.
    """
    scheduled_base: str = "ignore"
    """What a new version begins from where the current one is scheduled for destruction.

    `ignore` it and begin with nothing, `merge` its entries, or `refuse` with FAILED_PRECONDITION. The documentation is
    silent; the acceptance tests of Terraform's provider replace a version by destroying it first, and expect none of
    its entries in the next.
    """
    secret_names: str = "free"
    """Whether two Lockbox secrets of a folder may have one name: `free` or `unique`."""
    scope_order: str = "sorted"
    """How the scopes of a key are answered: `sorted`, or as `given`."""


_CHOICES = {
    "schedule_current_version": ("refuse", "allow"),
    "empty_versions": ("accept", "refuse", "invalid"),
    "scheduled_base": ("ignore", "merge", "refuse"),
    "secret_names": ("free", "unique"),
    "scope_order": ("sorted", "given"),
}
_WHOLE = ("api_key_quota", "service_account_quota", "secret_quota", "version_quota", "listing_delay_calls")


class SettingsStore:
    """The settings in force, kept with the cloud."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        kept = storage.get(Kind.SETTING, "settings")
        self.current = _changed(Settings(), json.loads(kept.body)) if kept else Settings()

    def change(self, changes: object) -> dict[str, object]:
        """Sets the given settings, by their names in JSON; answers all. Raises AdminError; then nothing has changed."""
        if not isinstance(changes, dict):
            raise AdminError('settings: send an object such as {"accessDelay": "5s"}')
        self.current = _changed(self.current, changes)
        return self._keep()

    def reset(self) -> dict[str, object]:
        """Back to the defaults; answers all."""
        self.current = Settings()
        return self._keep()

    def as_json(self) -> dict[str, object]:
        """The settings by their names in JSON."""
        values = asdict(self.current)
        return {
            _json_name(name): write_duration(value) if isinstance(value, timedelta) else value
            for name, value in values.items()
        }

    def _keep(self) -> dict[str, object]:
        content = self.as_json()
        with self._storage.transaction():
            self._storage.put(Record(Kind.SETTING, "settings", json.dumps(content).encode()))
        return content


def _changed(settings: Settings, changes: Mapping[str, object]) -> Settings:
    names = {_json_name(item.name): item.name for item in fields(Settings)}
    read: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in names:
            raise AdminError(f"{name}: there is no such setting; there are {', '.join(names)}")
        read[names[name]] = _read(names[name], name, value)
    return replace(settings, **read)


def _read(attribute: str, name: str, value: object) -> object:
    default = getattr(Settings(), attribute)
    if isinstance(default, timedelta):
        return read_duration(value, name)
    if attribute in _CHOICES:
        if value not in _CHOICES[attribute]:
            raise AdminError(f"{name}: {value!r} isn't one of {', '.join(_CHOICES[attribute])}")
        return value
    if isinstance(default, tuple):
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) and item for item in value):
            raise AdminError(f"{name}: {value!r} isn't a list of ids")
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise AdminError(f"{name}: {value!r} isn't a number of 0 or more")
    if attribute in _WHOLE and not isinstance(value, int):
        raise AdminError(f"{name}: {value!r} isn't a whole number")
    return value


def _json_name(attribute: str) -> str:
    first, *rest = attribute.split("_")
    return first + "".join(part.capitalize() for part in rest)
