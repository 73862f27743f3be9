"""The kinds of consumers, by the names that `--for` takes."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cli.consumers.environment import environment
from cli.consumers.external_secrets import external_secrets
from cli.consumers.piece import KeyToRead, Piece
from cli.consumers.programs import python
from cli.consumers.serverless import containers, functions


class Kind(StrEnum):
    """A consumer that there is a ready piece for."""

    FUNCTIONS = "functions"
    CONTAINERS = "containers"
    EXTERNAL_SECRETS = "external-secrets"
    ENV = "env"
    PYTHON = "python"


PIECES: Final = MappingProxyType[Kind, Callable[[KeyToRead], Piece]](
    {
        Kind.FUNCTIONS: functions,
        Kind.CONTAINERS: containers,
        Kind.EXTERNAL_SECRETS: external_secrets,
        Kind.ENV: environment,
        Kind.PYTHON: python,
    }
)
FROM_OUTPUTS: Final = frozenset({Kind.ENV})
"""Those that can take the secret from the stack's outputs, where it isn't in Lockbox."""
