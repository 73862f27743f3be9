"""All that the command line takes from the other rooms, so that what is renamed there is renamed here alone.

What needs the cloud's SDK stands in `cli/cloud_login.py`: it takes half a second to load, and most commands never call the cloud.
"""

from __future__ import annotations

from components.catalogue import SERVICES, services_for_scope
from components.encrypted_values import encrypted_paths
from components.spec import AccountSpec, Spec, SpecError, parse
from components.stack_schema import stack_schema
from provider.yandex_keys.api_key.rotation import (
    Action,
    Inputs,
    Lockbox,
    State,
    Status,
    Verb,
    decide,
    next_rotation,
    short_overlap,
)
from provider.yandex_keys.api_key.schedule import later
from provider.yandex_keys.api_key.state import cloud_time, inputs_of, rotated_state, settled_state, state_of
from provider.yandex_keys.durations import format_duration, parse_duration
from provider.yandex_keys.errors import InvalidInput, NotFound, YandexKeysError
from provider.yandex_keys.marks import Mark, owner_of, words_and_mark
from provider.yandex_keys.settings import ENVIRONMENT_ONLY, SECRET_SETTINGS, SETTINGS, Settings, format_time, settings
from provider.yandex_keys.shown import is_credential
from provider.yandex_keys.version import VERSION

PROVIDER_SETTINGS = SETTINGS | ENVIRONMENT_ONLY.keys()
"""The names that the provider knows, those among them that it takes from the environment alone."""

__all__ = [
    "ENVIRONMENT_ONLY",
    "PROVIDER_SETTINGS",
    "SECRET_SETTINGS",
    "SERVICES",
    "VERSION",
    "AccountSpec",
    "Action",
    "Inputs",
    "InvalidInput",
    "Lockbox",
    "Mark",
    "NotFound",
    "Settings",
    "Spec",
    "SpecError",
    "State",
    "Status",
    "Verb",
    "YandexKeysError",
    "cloud_time",
    "decide",
    "encrypted_paths",
    "format_duration",
    "format_time",
    "inputs_of",
    "is_credential",
    "later",
    "next_rotation",
    "owner_of",
    "parse",
    "parse_duration",
    "rotated_state",
    "services_for_scope",
    "settings",
    "settled_state",
    "short_overlap",
    "stack_schema",
    "state_of",
    "words_and_mark",
]
