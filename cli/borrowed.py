"""All that the command line takes from the other rooms, so that what is renamed there is renamed here alone.

What needs the cloud's SDK stands in `cli/cloud_login.py`: it takes half a second to load, and most commands never call the cloud.
"""

from __future__ import annotations

from components.catalogue import SERVICES, Authentication, services_for_scope
from components.spec import AccountSpec, KeySpec, Spec, SpecError, parse
from components.spec.encrypted import encrypted_places
from components.spec.problems import did_you_mean, place
from components.spec.values import ReaderKind, subject_of
from components.stack_schema import stack_schema
from provider.yandex_keys.answers import ApiKeyAnswer, BindingAnswer
from provider.yandex_keys.api_key.key import Inputs, Lockbox, PreviousKey, State, Status
from provider.yandex_keys.api_key.rotation import (
    Action,
    Verb,
    as_allowed,
    decide,
    next_rotation,
    planned_rotation,
    short_overlap,
)
from provider.yandex_keys.api_key.schedule import time_after
from provider.yandex_keys.api_key.state import finished_state, inputs_of, rotated_state, state_of
from provider.yandex_keys.durations import format_duration, parse_duration
from provider.yandex_keys.errors import CloudError, InvalidInput, NotFound, YandexKeysError
from provider.yandex_keys.key_rules import RUN_EVERY, is_key_id
from provider.yandex_keys.marks import Mark, owner_of, words_and_mark
from provider.yandex_keys.rotation_calendar import ALWAYS, DAYS, Calendar, Freeze, Window
from provider.yandex_keys.settings import ENVIRONMENT_ONLY, SECRET_SETTINGS, SETTINGS, Settings, settings
from provider.yandex_keys.shown import is_credential
from provider.yandex_keys.time_zones import zone
from provider.yandex_keys.times import cloud_time, format_time
from provider.yandex_keys.version import VERSION

PROVIDER_SETTINGS = SETTINGS | ENVIRONMENT_ONLY.keys()
"""The names that the provider knows, those among them that it takes from the environment alone."""

__all__ = [
    "ALWAYS",
    "DAYS",
    "ENVIRONMENT_ONLY",
    "PROVIDER_SETTINGS",
    "RUN_EVERY",
    "SECRET_SETTINGS",
    "SERVICES",
    "VERSION",
    "AccountSpec",
    "Action",
    "ApiKeyAnswer",
    "Authentication",
    "BindingAnswer",
    "Calendar",
    "CloudError",
    "Freeze",
    "Inputs",
    "InvalidInput",
    "KeySpec",
    "Lockbox",
    "Mark",
    "NotFound",
    "PreviousKey",
    "ReaderKind",
    "Settings",
    "Spec",
    "SpecError",
    "State",
    "Status",
    "Verb",
    "Window",
    "YandexKeysError",
    "as_allowed",
    "cloud_time",
    "decide",
    "did_you_mean",
    "encrypted_places",
    "finished_state",
    "format_duration",
    "format_time",
    "inputs_of",
    "is_credential",
    "is_key_id",
    "next_rotation",
    "owner_of",
    "parse",
    "parse_duration",
    "place",
    "planned_rotation",
    "rotated_state",
    "services_for_scope",
    "settings",
    "short_overlap",
    "stack_schema",
    "state_of",
    "subject_of",
    "time_after",
    "words_and_mark",
    "zone",
]
