"""What the pack takes of the project's rules, all of it: how a duration is written, and which scopes a service implies."""

from __future__ import annotations

from components.catalogue import SERVICES, nearest, scopes_for
from provider.yandex_keys.durations import format_duration, parse_duration

__all__ = ["SERVICES", "format_duration", "nearest", "parse_duration", "scopes_for"]
