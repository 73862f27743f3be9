"""IAM tokens of the local cloud: its deployer's, and those that the deployer asks for other accounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yandexcloud
from yandex.cloud.iam.v1.iam_token_service_pb2 import CreateIamTokenForServiceAccountRequest
from yandex.cloud.iam.v1.iam_token_service_pb2_grpc import IamTokenServiceStub
from yandexcloud.auth import get_auth_token_requester

from tools.local_stack.local_cloud import LocalCloud

_SECONDS = 20


def deployer_token(cloud: LocalCloud) -> str:
    """An IAM token of the deployer. Raises grpc.RpcError."""
    key = json.loads(Path(cloud.service_account_key).read_text())
    login = get_auth_token_requester(service_account_key=key, endpoint=cloud.endpoint)
    return str(_tokens(cloud).Create(login.get_token_request(), timeout=_SECONDS).iam_token)


def token_for(cloud: LocalCloud, account_id: str) -> str:
    """A service account's IAM token, as the metadata service gives it to a machine that the account is linked to. Raises grpc.RpcError.

    Here the deployer asks for it: that leaves nothing behind in the cloud, as an authorized key for the account would.
    """
    # The SDK sends no token to the service that issues them, but this call needs one.
    metadata = (("authorization", f"Bearer {deployer_token(cloud)}"),)
    request = CreateIamTokenForServiceAccountRequest(service_account_id=account_id)
    return str(_tokens(cloud).CreateForServiceAccount(request, timeout=_SECONDS, metadata=metadata).iam_token)


def _tokens(cloud: LocalCloud) -> Any:
    sdk = yandexcloud.SDK(endpoint=cloud.endpoint, root_certificates=Path(cloud.ca).read_bytes())
    return sdk.client(IamTokenServiceStub)
