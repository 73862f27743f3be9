"""The provider's settings: what the stack's config and the environment say, checked before anything starts."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from .durations import parse_duration
from .errors import ConfigurationError, InvalidInput

DEFAULT_ENDPOINT: Final = "api.cloud.yandex.net:443"
DEFAULT_RUN_EVERY: Final = timedelta(days=1)
SECRET_SETTINGS: Final = frozenset({"token", "serviceAccountKey", "federatedToken"})
SETTINGS: Final = SECRET_SETTINGS | {
    "endpoint",
    "rootCertificates",
    "folderId",
    "cloudId",
    "asOf",
    "runEvery",
    "federatedServiceAccountId",
    "tokenExchangeUrl",
    "serviceAccountKeyFile",
}
_ENDPOINT: Final = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?)(:[0-9]{1,5})?")
_ID: Final = re.compile(r"[-a-zA-Z0-9_]{1,50}")


@dataclass(frozen=True)
class Settings:
    """Where and as of when. `root_certificates` is PEM, or None for gRPC's own roots; `as_of` is None for the clock.

    run_every: how often the stack is run, as its user declares it: which overlaps are watched follows from that.
    """

    endpoint: str
    root_certificates: bytes | None
    folder_id: str
    cloud_id: str
    as_of: datetime | None
    run_every: timedelta = DEFAULT_RUN_EVERY
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_rehearsal_only(self) -> bool:
        """Whether nothing may be changed: `asOf` was given, and the endpoint is not on this machine."""
        return self.as_of is not None and not is_loopback(self.endpoint)

    def clock(self, now: Callable[[], datetime]) -> Callable[[], datetime]:
        """The time by which keys are judged: `as_of` where it is set, else `now`."""
        as_of = self.as_of
        return now if as_of is None else lambda: as_of


def settings(given: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """The settings that `given` (the stack's config) and `environment` make, the first named winning. Makes no call.

    Raises InvalidInput with every problem at once.
    """
    problems: list[tuple[str, str]] = []
    for name, value in given.items():
        if name in SETTINGS and not isinstance(value, str):
            problems.append((name, f"must be a string, not {type(value).__name__}"))
    texts = {name: value for name, value in given.items() if name in SETTINGS and isinstance(value, str)}

    def of(name: str, variable: str) -> tuple[str, str]:
        return (name, texts[name]) if texts.get(name) else (variable, environment.get(variable, ""))

    where, endpoint = of("endpoint", "YC_ENDPOINT")
    if endpoint and not _ENDPOINT.fullmatch(endpoint):
        problems.append(
            (where, "must be host:port without a scheme, such as api.cloud.yandex.net:443; TLS is always on")
        )
    ids = {}
    for name, variable in (("folderId", "YC_FOLDER_ID"), ("cloudId", "YC_CLOUD_ID")):
        where, value = of(name, variable)
        ids[name] = value
        if value and not _ID.fullmatch(value):
            problems.append((where, "must be an id such as b1gxxxxxxxxxxxxxxxxx: letters and digits, at most 50"))
    where, text = of("asOf", "YANDEX_KEYS_AS_OF")
    as_of = None
    if text:
        try:
            as_of = parse_time(text)
        except ValueError as error:
            problems.append((where, str(error)))
    where, text = of("runEvery", "YANDEX_KEYS_RUN_EVERY")
    run_every = DEFAULT_RUN_EVERY
    if text:
        try:
            run_every = parse_duration(text)
        except ValueError as error:
            problems.append((where, str(error)))
    where, text = of("rootCertificates", "YANDEX_KEYS_ROOT_CERTIFICATES")
    certificates = None
    if text:
        try:
            certificates = _certificates(text)
        except ConfigurationError as error:
            problems.append((where, str(error)))
    if problems:
        raise InvalidInput(problems)
    # Bare hosts get the port of gRPC over TLS, as the other Yandex tools take them.
    endpoint = endpoint or DEFAULT_ENDPOINT
    if not re.search(r":[0-9]+$", endpoint) or endpoint.endswith("]"):
        endpoint += ":443"
    return Settings(endpoint, certificates, ids["folderId"], ids["cloudId"], as_of, run_every, texts)


def is_loopback(endpoint: str) -> bool:
    """Whether `endpoint`, host and port, is on this machine."""
    host = endpoint.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_time(text: str) -> datetime:
    """An RFC 3339 time, e.g. `2026-12-24T03:00:00Z`, in UTC. Raises ValueError with the remedy."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None or "T" not in text.upper():
        raise ValueError(f"{text[:60]!r} is not an RFC 3339 time: write one such as 2026-12-24T03:00:00Z") from None
    return time.astimezone(UTC)


def format_time(time: datetime) -> str:
    """`time` as RFC 3339 in UTC, in whole seconds: what the state and the API's requests hold."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _certificates(text: str) -> bytes:
    pem = text.encode() if "-----BEGIN" in text else b""
    if not pem:
        try:
            pem = Path(text).expanduser().read_bytes()
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"{text[:200]} is neither PEM nor a readable file ({getattr(error, 'strerror', error)})"
            ) from None
    if b"-----BEGIN CERTIFICATE-----" not in pem:
        raise ConfigurationError("holds no certificate: give PEM, or the path of a PEM file")
    return pem
