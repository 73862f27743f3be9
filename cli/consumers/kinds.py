"""The kinds of consumers, by the names that `--for` takes."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cli.consumers.environment import environment
from cli.consumers.external_secrets import external_secrets
from cli.consumers.kubernetes import kubernetes
from cli.consumers.machines import docker, virtual_machine
from cli.consumers.piece import KeyToRead, Piece
from cli.consumers.programs import go, node, python
from cli.consumers.serverless import containers, functions


class Kind(StrEnum):
    """A consumer that there is a ready piece for."""

    FUNCTIONS = "functions"
    CONTAINERS = "containers"
    EXTERNAL_SECRETS = "external-secrets"
    KUBERNETES = "kubernetes"
    VM = "vm"
    DOCKER = "docker"
    ENV = "env"
    PYTHON = "python"
    GO = "go"
    NODE = "node"


PIECES: Final = MappingProxyType[Kind, Callable[[KeyToRead], Piece]](
    {
        Kind.FUNCTIONS: functions,
        Kind.CONTAINERS: containers,
        Kind.EXTERNAL_SECRETS: external_secrets,
        Kind.KUBERNETES: kubernetes,
        Kind.VM: virtual_machine,
        Kind.DOCKER: docker,
        Kind.ENV: environment,
        Kind.PYTHON: python,
        Kind.GO: go,
        Kind.NODE: node,
    }
)
FROM_OUTPUTS: Final = frozenset({Kind.ENV, Kind.KUBERNETES})
"""Those that can take the secret from the stack's outputs, where it isn't in Lockbox."""
FROM_OUTPUTS_ALONE: Final = frozenset({Kind.KUBERNETES})
