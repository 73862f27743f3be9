"""The generated code of the services that we call. Importing this also makes their messages' limits known to
`limits`."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from yandex.cloud.iam.v1 import (
    api_key_service_pb2,
    api_key_service_pb2_grpc,
    iam_token_service_pb2,
    iam_token_service_pb2_grpc,
    service_account_service_pb2,
    service_account_service_pb2_grpc,
    user_account_service_pb2,
    user_account_service_pb2_grpc,
)
from yandex.cloud.kms.v1 import symmetric_key_service_pb2, symmetric_key_service_pb2_grpc
from yandex.cloud.lockbox.v1 import secret_service_pb2, secret_service_pb2_grpc
from yandex.cloud.operation import operation_service_pb2, operation_service_pb2_grpc
from yandex.cloud.organizationmanager.v1 import group_service_pb2, group_service_pb2_grpc
from yandex.cloud.quotamanager.v1 import quota_limit_service_pb2, quota_limit_service_pb2_grpc
from yandex.cloud.resourcemanager.v1 import folder_service_pb2, folder_service_pb2_grpc

SERVICES: Final[dict[str, tuple[ModuleType, ModuleType]]] = {
    "ApiKeyService": (api_key_service_pb2, api_key_service_pb2_grpc),
    "FolderService": (folder_service_pb2, folder_service_pb2_grpc),
    "GroupService": (group_service_pb2, group_service_pb2_grpc),
    "IamTokenService": (iam_token_service_pb2, iam_token_service_pb2_grpc),
    "OperationService": (operation_service_pb2, operation_service_pb2_grpc),
    "QuotaLimitService": (quota_limit_service_pb2, quota_limit_service_pb2_grpc),
    "SecretService": (secret_service_pb2, secret_service_pb2_grpc),
    "ServiceAccountService": (service_account_service_pb2, service_account_service_pb2_grpc),
    "SymmetricKeyService": (symmetric_key_service_pb2, symmetric_key_service_pb2_grpc),
    "UserAccountService": (user_account_service_pb2, user_account_service_pb2_grpc),
}
"""Service -> its messages and its stub."""
