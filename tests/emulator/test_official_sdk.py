"""The official Python SDK, as it comes, works against the emulator."""

from __future__ import annotations

import pytest
import yandexcloud
from yandex.cloud.iam.v1.api_key_pb2 import ApiKey
from yandex.cloud.iam.v1.api_key_service_pb2 import CreateApiKeyRequest, DeleteApiKeyRequest, UpdateApiKeyRequest
from yandex.cloud.iam.v1.api_key_service_pb2_grpc import ApiKeyServiceStub
from yandex.cloud.iam.v1.service_account_pb2 import ServiceAccount
from yandex.cloud.iam.v1.service_account_service_pb2 import CreateServiceAccountMetadata, CreateServiceAccountRequest
from yandex.cloud.iam.v1.service_account_service_pb2_grpc import ServiceAccountServiceStub
from yandex.cloud.lockbox.v1.payload_service_pb2 import GetPayloadRequest
from yandex.cloud.lockbox.v1.payload_service_pb2_grpc import PayloadServiceStub
from yandex.cloud.lockbox.v1.secret_pb2 import Secret
from yandex.cloud.lockbox.v1.secret_service_pb2 import (
    CreateSecretMetadata,
    CreateSecretRequest,
    GetSecretRequest,
    PayloadEntryChange,
)
from yandex.cloud.lockbox.v1.secret_service_pb2_grpc import SecretServiceStub

from tests.emulator.local import Local

# The SDK's own waiter still uses a class of its own that it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated class RetryInterceptor")


@pytest.fixture
def sdk(local: Local) -> yandexcloud.SDK:
    """The SDK with what the ready line says."""
    endpoint = local.emulator.ready["endpoint"]
    return yandexcloud.SDK(endpoint=endpoint, root_certificates=local.ca, service_account_key=local.login)


def test_the_sdk_issues_a_key_into_lockbox_and_reads_it_back(local: Local, sdk: yandexcloud.SDK) -> None:
    account = sdk.create_operation_and_get_result(
        CreateServiceAccountRequest(folder_id=local.folder_id, name="translator"),
        ServiceAccountServiceStub,
        "Create",
        ServiceAccount,
        CreateServiceAccountMetadata,
    )
    assert account.meta.service_account_id == account.response.id
    request = CreateApiKeyRequest(service_account_id=account.response.id, scopes=["yc.ai.translate.execute"])
    created = sdk.client(ApiKeyServiceStub).Create(request)
    secret = sdk.create_operation_and_get_result(
        CreateSecretRequest(
            folder_id=local.folder_id,
            version_payload_entries=[PayloadEntryChange(key="api_key", text_value=created.secret)],
        ),
        SecretServiceStub,
        "Create",
        Secret,
        CreateSecretMetadata,
    )
    payload = sdk.client(PayloadServiceStub).Get(GetPayloadRequest(secret_id=secret.response.id))
    assert [(entry.key, entry.text_value) for entry in payload.entries] == [("api_key", created.secret)]


def test_the_sdk_updates_and_deletes_a_key(local: Local, sdk: yandexcloud.SDK) -> None:
    key = local.key(local.account("worker"), "yc.ai.translate.execute").api_key
    update = UpdateApiKeyRequest(api_key_id=key.id, description="new")
    update.update_mask.paths.append("description")
    updated = sdk.create_operation_and_get_result(update, ApiKeyServiceStub, "Update", ApiKey)
    assert (updated.response.description, list(updated.response.scopes)) == ("new", ["yc.ai.translate.execute"])
    sdk.create_operation_and_get_result(DeleteApiKeyRequest(api_key_id=key.id), ApiKeyServiceStub, "Delete")
    assert local.admin("GET", "state")["apiKeys"] == []


def test_the_sdk_logs_in_by_the_metadata_service(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    account_id = local.account("machine", "viewer")
    local.admin("POST", "metadata", {"serviceAccountId": account_id})
    monkeypatch.setenv("YC_METADATA_ADDR", local.http.removeprefix("http://"))
    sdk = yandexcloud.SDK(endpoint=local.emulator.ready["endpoint"], root_certificates=local.ca)
    secret_id = local.secret(entry="value")
    secret = sdk.client(SecretServiceStub).Get(GetSecretRequest(secret_id=secret_id))
    assert secret.id == secret_id
