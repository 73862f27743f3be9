"""The service catalogue: from the services that a key is for to its scopes and the roles of its account."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from components.services import ALL, Authentication, Probe, Service

__all__ = [
    "SERVICES",
    "Authentication",
    "Probe",
    "Service",
    "nearest",
    "probe_for",
    "roles_for",
    "scopes_for",
    "services_for_scope",
]

SERVICES: Final[Mapping[str, Service]] = MappingProxyType({service.name: service for service in ALL})
"""Every service by the name that users write under `uses`."""

_GENERAL_WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "monitoring": ("monitoring-read", "monitoring-manage"),
        "speechkit": ("speechkit-stt", "speechkit-tts"),
        "data-streams": ("data-streams-read", "data-streams-write"),
        "kafka": ("data-streams-read", "data-streams-write"),
        "schema-registry": ("schema-registry-read", "schema-registry-write"),
        "cloud-registry": ("cloud-registry-pull", "cloud-registry-push", "cloud-registry-manage"),
        "monium": ("monium-logs", "monium-metrics", "monium-traces", "monium-telemetry"),
        "ocr": ("vision",),
        "search": ("search-api",),
        "llm": ("text-generation",),
        "yandexgpt": ("text-generation",),
    }
)
"""Names that users try: too wide to grant by (least privilege), so they are answered with what to choose from."""


def scopes_for(uses: Iterable[str]) -> tuple[str, ...]:
    """The scopes of a key for the services `uses`: sorted, each once. Raises KeyError for an unknown service."""
    return tuple(sorted({scope for name in uses for scope in SERVICES[name].scopes}))


def roles_for(uses: Iterable[str]) -> tuple[str, ...]:
    """The least roles of an account with keys for `uses`: sorted, each once. Raises KeyError as `scopes_for` does."""
    return tuple(sorted({role for name in uses for role in SERVICES[name].roles}))


def probe_for(uses: Iterable[str]) -> Probe | None:
    """The harmless call that verifies a key for `uses`: that of the first service that has one, or None."""
    return next((probe for name in uses if (probe := SERVICES[name].probe) is not None), None)


def services_for_scope(scope: str) -> tuple[str, ...]:
    """The names of the services that ask for `scope`; none for a scope that the catalogue doesn't know."""
    return tuple(service.name for service in ALL if scope in service.scopes)


def nearest(name: str) -> tuple[str, ...]:
    """The services that somebody who wrote `name` may have meant, the likeliest first; none where nothing is near."""
    word = name[:80].lower()  # comparing is quadratic in the length
    return _GENERAL_WORDS.get(word) or tuple(difflib.get_close_matches(word, SERVICES, n=2, cutoff=0.6))
