"""The provider's settings: what the stack's config and the environment say, checked before anything starts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from .as_of import parse_as_of
from .durations import parse_duration
from .endpoints import DEFAULT_ENDPOINT, YANDEX, host_of, is_yandex, may_be_requested, with_port
from .errors import InvalidInput, Problem
from .http import is_loopback
from .key_rules import RUN_EVERY
from .shown import is_credential, may_hold_secret, shown_path

Value = TypeVar("Value")
SECRET_SETTINGS: Final = frozenset({"token", "serviceAccountKey", "federatedToken"})
SETTINGS: Final = SECRET_SETTINGS | {
    "endpoint",
    "folderId",
    "cloudId",
    "asOf",
    "runEvery",
    "federatedServiceAccountId",
}
ENVIRONMENT_ONLY: Final = {
    "rootCertificates": "YANDEX_KEYS_ROOT_CERTIFICATES",
    "tokenExchangeUrl": "YANDEX_KEYS_TOKEN_EXCHANGE_URL",
}
"""What were settings once, each with its variable: whom we trust with the deployer's credentials is no request's to
say."""
_ID: Final = re.compile(r"[-a-zA-Z0-9_]{1,50}")


@dataclass(frozen=True)
class Settings:
    """Where and as of when. `root_certificates` is PEM, or None for gRPC's own roots; `as_of` is None for the clock.

    run_every: how often the stack is run, as its user declares it: which overlaps are watched follows from that.
    endpoint_from: the setting or variable that chose the endpoint; empty where it is the default.
    endpoint_is_requested: whether a request chose it, a stack file or a program.
    """

    endpoint: str
    root_certificates: bytes | None
    folder_id: str
    cloud_id: str
    as_of: datetime | None
    run_every: timedelta = RUN_EVERY
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    endpoint_from: str = ""
    endpoint_is_requested: bool = False

    @property
    def foreign_endpoint(self) -> str:
        """The endpoint and where it was chosen, in words, where it is not Yandex Cloud's; else empty."""
        if is_yandex(host_of(self.endpoint)):
            return ""
        return f"{self.endpoint} ({'yandex-keys:' if self.endpoint_is_requested else ''}{self.endpoint_from})"

    @property
    def is_rehearsal_only(self) -> bool:
        """Whether nothing may be changed: `asOf` was given, and the endpoint is not on this machine."""
        return self.as_of is not None and not is_loopback(host_of(self.endpoint))

    def clock(self, now: Callable[[], datetime]) -> Callable[[], datetime]:
        """The time by which keys are judged: `as_of` where it is set, else `now`."""
        as_of = self.as_of
        return now if as_of is None else lambda: as_of


def settings(
    given: Mapping[str, Any], environment: Mapping[str, str], now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Settings:
    """The settings that `given` (the stack's config, or a program's) and `environment` make, the first named winning.
    Makes no call.

    `now` is the clock, from which an `asOf` such as `+30d` counts.

    What is given may come from a request that nobody has read yet, the environment from whoever runs it: where
    credentials go, and whom we trust with them, is taken from the latter, but for an endpoint that is Yandex Cloud's
    own or this machine's.

    Raises InvalidInput with every problem at once.
    """
    problems: list[Problem] = [
        (
            name,
            f"is taken from the environment only: take it out of the stack, set {variable} where `pulumi` runs, then "
            "run `pulumi up`",
        )
        for name, variable in ENVIRONMENT_ONLY.items()
        if given.get(name) is not None
    ]
    problems += [
        (name, f"must be a string, not {type(value).__name__}")
        for name, value in given.items()
        if name in SETTINGS and not isinstance(value, str)
    ]
    texts = {name: value for name, value in given.items() if name in SETTINGS and isinstance(value, str)}
    endpoint_from = "endpoint" if texts.get("endpoint") else "YC_ENDPOINT"
    requested = endpoint_from == "endpoint"

    def read(name: str, variable: str, parse: Callable[[str], Value], default: Value) -> Value:
        where, text = (name, texts[name]) if texts.get(name) else (variable, environment.get(variable, ""))
        try:
            return parse(text) if text else default
        except ValueError as error:
            problems.append((where, str(error)))
            return default

    endpoint = read("endpoint", "YC_ENDPOINT", lambda text: _endpoint(text, requested), "")
    found = Settings(
        endpoint=with_port(endpoint or DEFAULT_ENDPOINT),
        root_certificates=read("", "YANDEX_KEYS_ROOT_CERTIFICATES", _certificates, None),
        folder_id=read("folderId", "YC_FOLDER_ID", _id, ""),
        cloud_id=read("cloudId", "YC_CLOUD_ID", _id, ""),
        as_of=read("asOf", "YANDEX_KEYS_AS_OF", lambda text: parse_as_of(text, now()), None),
        run_every=read("runEvery", "YANDEX_KEYS_RUN_EVERY", _run_every, RUN_EVERY),
        credentials=texts,
        endpoint_from=endpoint_from if endpoint else "",
        endpoint_is_requested=bool(endpoint) and requested,
    )
    if problems:
        raise InvalidInput(problems)
    return found


def _endpoint(text: str, is_requested: bool) -> str:
    """Raises ValueError where it is none, or not one that a request may choose."""
    if not host_of(text) or is_credential(text):
        raise ValueError("must be host:port without a scheme, such as api.cloud.yandex.net:443; TLS is always on")
    if is_requested and not may_be_requested(text):
        own = " or ".join(YANDEX)
        raise ValueError(
            f"must be Yandex Cloud's own, {own}, or this machine's loopback: it is sent the deployer's token. For "
            "another one, take this out of the stack, set YC_ENDPOINT where `pulumi` runs, then run `pulumi up`"
        )
    return text


def _id(text: str) -> str:
    if not _ID.fullmatch(text) or is_credential(text):
        raise ValueError("must be an id such as b1gxxxxxxxxxxxxxxxxx: letters and digits, at most 50")
    return text


def _run_every(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError("must be a duration, such as 1d or 6h" if may_hold_secret(text) else str(error)) from None


def _certificates(text: str) -> bytes:
    pem = text.encode() if "-----BEGIN" in text else b""
    if not pem:
        try:
            pem = Path(text).expanduser().read_bytes()
        except (OSError, ValueError, RuntimeError) as error:
            raise ValueError(
                f"{shown_path(text)} is neither PEM nor a readable file "
                f"({getattr(error, 'strerror', None) or 'it is no path'})"
            ) from None
    if b"-----BEGIN CERTIFICATE-----" not in pem:
        raise ValueError("holds no certificate: give PEM, or the path of a PEM file")
    return pem
