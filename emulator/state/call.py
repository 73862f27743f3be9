"""One call of the API, as the state sees it: who calls, and what a test has planned for its operation."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message

from emulator.storage import Record


@dataclass(frozen=True)
class OperationPlan:
    """How the operation of one call is to go, where a test asked for something special."""

    seconds: float | None = None
    """Reports done=false for so long (real time); None: as the settings say."""
    code: int = 0
    """The gRPC code that it fails with; 0: it succeeds."""
    message: str = ""
    done: bool = True
    """Whether the error comes with done=true; if not, done=false carries it (until `seconds` are over, if given)."""
    takes_effect: bool = False
    """Whether a failing operation has changed the cloud all the same."""


@dataclass(frozen=True)
class OperationTypes:
    """What the API declares of a method's operations."""

    metadata: type[Message]
    response: type[Message]


@dataclass
class Call:
    """A call on its way."""

    method: str
    """`ApiKeyService/Create`."""
    request_id: str
    principal: str = ""
    """The id of the service account that calls; empty for calls that need no token."""
    operation_types: OperationTypes | None = None
    """None where the method answers no operation of its own making."""
    idempotency_key: str = ""
    """The UUID (in lower case) under which the call's operation is remembered; empty for a call without one."""
    plan: OperationPlan | None = None
    operation: Record | None = None
    """The record of the operation that the call has made, if it has."""
    repeated: bool = False
    """Whether the call was answered with an earlier call's operation, and did nothing itself."""
