"""What the catalogue knows of one service."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal


class Authentication(enum.Enum):
    """How a key's secret travels to the service."""

    API_KEY_HEADER = "api-key-header"
    """HTTP or gRPC header `Authorization: Api-Key <secret>`."""
    SMTP = "smtp"
    """SMTP login: the user is the key's id, the password its secret; so consumers need both entries."""
    POSTGRESQL = "postgresql"
    """PostgreSQL password."""
    KAFKA = "kafka"
    """Kafka SASL_SSL/PLAIN on port 9093: the user is `@<database>`, the password the secret."""
    HTTP_BASIC = "http-basic"
    """HTTP basic: the user is `api-key`, the password the secret."""


@dataclass(frozen=True)
class Probe:
    """A harmless call, free of charge, that succeeds only with a working key; how `verify: true` is carried out.

    `{folderId}` in `url` stands for the account's folder. `docs` is where the call is described, a path below https://yandex.cloud/en/docs/.
    """

    url: str
    method: Literal["GET", "HEAD", "POST"]
    expect_status: int
    docs: str


@dataclass(frozen=True)
class Service:
    """One way to use a key, as the user names it under `uses`.

    `roles` are the least that the account needs, granted on the folder. `docs` is a path below https://yandex.cloud/en/docs/.
    """

    name: str
    title: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    authentication: Authentication
    hosts: tuple[str, ...]
    docs: str
    probe: Probe | None = None
