"""Which part of the cloud's state answers which service of the API.

A call is answered by the method that is named as it is: `ListScopes` by `list_scopes`, and `List` by `page`, as `list` is Python's own word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from yandex.cloud.operation.operation_pb2 import Operation

from emulator.state.call import Call
from emulator.state.cloud_state import CloudState

Answer = Callable[[Message, Call], Message]


@dataclass(frozen=True)
class Method:
    """One method of a service."""

    path: str
    """As gRPC calls it: `/yandex.cloud.iam.v1.ApiKeyService/Create`."""
    name: str
    """As faults and the log call it: `ApiKeyService/Create`."""
    request: type[Message]
    response: type[Message]
    answer: Answer | None
    """What answers it; None where the emulator doesn't have it."""
    starts_operation: bool
    """Whether it answers an operation of its own making; those of OperationService are other methods' operations."""


def services(state: CloudState) -> dict[str, object]:
    """Every service, with what answers it."""
    return {
        "yandex.cloud.endpoint.ApiEndpointService": state.endpoints,
        "yandex.cloud.iam.v1.ApiKeyService": state.api_keys,
        "yandex.cloud.iam.v1.IamTokenService": state.tokens,
        "yandex.cloud.iam.v1.KeyService": state.authorized_keys,
        "yandex.cloud.iam.v1.RoleService": state.roles,
        "yandex.cloud.iam.v1.ServiceAccountService": state.accounts,
        "yandex.cloud.kms.v1.SymmetricKeyService": state.symmetric_keys,
        "yandex.cloud.lockbox.v1.PayloadService": state.payloads,
        "yandex.cloud.lockbox.v1.SecretService": state.secrets,
        "yandex.cloud.operation.OperationService": state.operation_reader,
        "yandex.cloud.resourcemanager.v1.CloudService": state.clouds,
        "yandex.cloud.resourcemanager.v1.FolderService": state.folders,
    }


def methods(service: str, answering: object) -> Iterator[Method]:
    """The methods that the API declares of the service; `answering` has those that the emulator has."""
    for declared in descriptor_pool.Default().FindServiceByName(service).methods:
        yield Method(
            path=f"/{service}/{declared.name}",
            name=f"{service.rpartition('.')[2]}/{declared.name}",
            request=GetMessageClass(declared.input_type),
            response=GetMessageClass(declared.output_type),
            answer=getattr(answering, _attribute(declared), None),
            starts_operation=declared.output_type is Operation.DESCRIPTOR and not service.endswith(".OperationService"),
        )


def _attribute(method: MethodDescriptor) -> str:
    return "page" if method.name == "List" else re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower()
