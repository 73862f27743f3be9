"""Errors as the cloud answers them: a gRPC code, a message for people, and details for programs."""

from __future__ import annotations

from collections.abc import Iterable

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2


class CloudError(Exception):
    """A refusal of the emulated cloud."""

    def __init__(self, code: grpc.StatusCode, message: str, details: Iterable[Message] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = list(details)

    def status(self, request_id: str = "") -> status_pb2.Status:
        """The `google.rpc.Status` of this error, with the request's id where it is known."""
        details = list(self.details)
        if request_id:
            details.append(error_details_pb2.RequestInfo(request_id=request_id))
        return status_pb2.Status(
            code=self.code.value[0], message=self.message, details=[_packed(item) for item in details]
        )


class AdminError(Exception):
    """A wrong request to the admin API; its words name the field and what would be right."""


def bad_request(violations: Iterable[tuple[str, str]]) -> CloudError:
    """INVALID_ARGUMENT naming each field that is wrong and what would be right."""
    found = list(violations)
    details = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field=field, description=reason) for field, reason in found
        ]
    )
    words = "; ".join(f"{field}: {reason}" for field, reason in found)
    return CloudError(grpc.StatusCode.INVALID_ARGUMENT, f"Request validation error: {words}", [details])


def not_found(kind: str, resource_id: str) -> CloudError:
    """NOT_FOUND for a resource, in the cloud's words."""
    details = error_details_pb2.ResourceInfo(resource_type=kind, resource_name=resource_id)
    return CloudError(grpc.StatusCode.NOT_FOUND, f"{kind} {resource_id} not found", [details])


def already_exists(kind: str, name: str) -> CloudError:
    """ALREADY_EXISTS for a name that is taken."""
    return CloudError(grpc.StatusCode.ALREADY_EXISTS, f"{kind} with name {name} already exists")


def precondition(message: str) -> CloudError:
    """FAILED_PRECONDITION: the resource's state forbids the call."""
    return CloudError(grpc.StatusCode.FAILED_PRECONDITION, message)


def denied(message: str) -> CloudError:
    """PERMISSION_DENIED."""
    return CloudError(grpc.StatusCode.PERMISSION_DENIED, message)


def unauthenticated(message: str) -> CloudError:
    """UNAUTHENTICATED: no token, or one that can't be used."""
    return CloudError(grpc.StatusCode.UNAUTHENTICATED, message)


def quota_exceeded(name: str, limit: int, subject: str) -> CloudError:
    """RESOURCE_EXHAUSTED with the figure of the quota."""
    failure = error_details_pb2.QuotaFailure(
        violations=[
            error_details_pb2.QuotaFailure.Violation(
                subject=subject, description=f"Limit: {limit}. Required: {limit + 1}. Quota: {name}"
            )
        ]
    )
    message = f"The limit on the number of {name} has exceeded: {limit} allowed in {subject}"
    return CloudError(grpc.StatusCode.RESOURCE_EXHAUSTED, message, [failure])


def code_named(name: object, field: str = "code") -> grpc.StatusCode:
    """The gRPC code of that name (`UNAVAILABLE`). Raises AdminError, naming `field`, when there is none."""
    if isinstance(name, str) and name in grpc.StatusCode.__members__:
        return grpc.StatusCode[name]
    raise AdminError(f"{field}: {name!r} isn't a gRPC code; use one of {', '.join(grpc.StatusCode.__members__)}")


def _packed(message: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
