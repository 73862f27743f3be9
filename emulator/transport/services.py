"""Which part of the cloud's state answers which service of the API.

A call is answered by the method that is named as it is: `ListScopes` by `list_scopes`, and `List` by `page`, as `list`
is Python's own word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from google.protobuf import descriptor_pool, empty_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from yandex.cloud.api import operation_pb2
from yandex.cloud.iam.v1 import user_account_service_pb2
from yandex.cloud.organizationmanager.v1 import group_service_pb2

from emulator.state.call import Call, OperationTypes
from emulator.state.cloud_state import CloudState

_LOADED = (empty_pb2, group_service_pb2, user_account_service_pb2)
"""What nothing else here imports, and whose descriptors have to be there: what operations answer besides messages of
the API's own, and services of which the state knows the messages alone."""
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
    operation_types: OperationTypes | None
    """What the API declares of its operations; None where it answers none of its own making."""


def services(state: CloudState) -> dict[str, object]:
    """Every service, with what answers it."""
    return {
        "yandex.cloud.endpoint.ApiEndpointService": state.endpoints,
        "yandex.cloud.iam.v1.ApiKeyService": state.api_keys,
        "yandex.cloud.iam.v1.IamTokenService": state.tokens,
        "yandex.cloud.iam.v1.KeyService": state.authorized_keys,
        "yandex.cloud.iam.v1.RoleService": state.roles,
        "yandex.cloud.iam.v1.ServiceAccountService": state.accounts,
        "yandex.cloud.iam.v1.UserAccountService": state.users,
        "yandex.cloud.kms.v1.SymmetricKeyService": state.symmetric_keys,
        "yandex.cloud.lockbox.v1.PayloadService": state.payloads,
        "yandex.cloud.lockbox.v1.SecretService": state.secrets,
        "yandex.cloud.operation.OperationService": state.operation_reader,
        "yandex.cloud.organizationmanager.v1.GroupService": state.groups,
        "yandex.cloud.quotamanager.v1.QuotaLimitService": state.quotas,
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
            operation_types=_operation_types(declared),
        )


def _attribute(method: MethodDescriptor) -> str:
    return "page" if method.name == "List" else re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower()


def _operation_types(method: MethodDescriptor) -> OperationTypes | None:
    """None also for OperationService, whose operations are other methods' own."""
    declared = method.GetOptions().Extensions[operation_pb2.operation]
    if not declared.metadata:
        return None
    scope = method.containing_service.full_name
    return OperationTypes(_message(scope, declared.metadata), _message(scope, declared.response))


def _message(scope: str, name: str) -> type[Message]:
    """The message that a name means within a scope, as in a proto file: in the innermost package that has it."""
    while scope:
        scope = scope.rpartition(".")[0]
        with suppress(KeyError):
            return GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(f"{scope}.{name}".lstrip(".")))
    raise KeyError(name)
