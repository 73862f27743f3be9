"""An emulator in the test's own process, and the calls that tests make: as raw gRPC, and as HTTP."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import grpc
import jwt
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from google.rpc import error_details_pb2, status_pb2
from yandex.cloud.access.access_pb2 import (
    AccessBinding,
    AccessBindingAction,
    AccessBindingDelta,
    Subject,
    UpdateAccessBindingsRequest,
)
from yandex.cloud.iam.v1.api_key_service_pb2 import CreateApiKeyRequest, CreateApiKeyResponse
from yandex.cloud.iam.v1.api_key_service_pb2_grpc import ApiKeyServiceStub
from yandex.cloud.iam.v1.iam_token_service_pb2 import CreateIamTokenForServiceAccountRequest, CreateIamTokenRequest
from yandex.cloud.iam.v1.iam_token_service_pb2_grpc import IamTokenServiceStub
from yandex.cloud.iam.v1.key_service_pb2_grpc import KeyServiceStub
from yandex.cloud.iam.v1.role_service_pb2_grpc import RoleServiceStub
from yandex.cloud.iam.v1.service_account_service_pb2 import CreateServiceAccountMetadata, CreateServiceAccountRequest
from yandex.cloud.iam.v1.service_account_service_pb2_grpc import ServiceAccountServiceStub
from yandex.cloud.iam.v1.user_account_service_pb2_grpc import UserAccountServiceStub
from yandex.cloud.kms.v1.symmetric_key_service_pb2_grpc import SymmetricKeyServiceStub
from yandex.cloud.lockbox.v1.payload_service_pb2_grpc import PayloadServiceStub
from yandex.cloud.lockbox.v1.secret_service_pb2 import CreateSecretMetadata, CreateSecretRequest, PayloadEntryChange
from yandex.cloud.lockbox.v1.secret_service_pb2_grpc import SecretServiceStub
from yandex.cloud.operation.operation_service_pb2_grpc import OperationServiceStub
from yandex.cloud.organizationmanager.v1.group_service_pb2_grpc import GroupServiceStub
from yandex.cloud.quotamanager.v1.quota_limit_service_pb2_grpc import QuotaLimitServiceStub
from yandex.cloud.resourcemanager.v1.cloud_service_pb2_grpc import CloudServiceStub
from yandex.cloud.resourcemanager.v1.folder_service_pb2_grpc import FolderServiceStub

from emulator.server import start


class RealTime:
    """The real time, as the test says."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


class Caller:
    """Calls the cloud with one account's token."""

    def __init__(self, channel: grpc.Channel, token: str) -> None:
        self._channel = channel
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def __call__(self, stub: Any, method: str, request: Any, *, timeout: float = 20, key: str | None = None) -> Any:
        """The answer of one call, made with the idempotency key `key` where there is one. Raises grpc.RpcError."""
        metadata = self._metadata if key is None else (*self._metadata, ("idempotency-key", key))
        return getattr(stub(self._channel), method)(request, metadata=metadata, timeout=timeout)


class Local:
    """A running emulator, called as its deployer unless a test says otherwise."""

    def __init__(self, directory: Path, real_time: Any = time.time) -> None:
        self.directory = directory
        self.emulator = start(directory, real_time=real_time)
        ready = self.emulator.ready
        self.http: str = ready["http"]
        self.cloud_id: str = ready["cloudId"]
        self.folder_id: str = ready["folderId"]
        self.login: dict[str, str] = json.loads(Path(ready["serviceAccountKey"]).read_text())
        self.ca = Path(ready["ca"]).read_bytes()
        credentials = grpc.ssl_channel_credentials(self.ca)
        self.channel = grpc.secure_channel(ready["endpoint"], credentials)
        self._real_time = real_time
        self.token = self.log_in()
        self.deployer = Caller(self.channel, self.token)

    def stop(self) -> None:
        """Ends it."""
        self.channel.close()
        self.emulator.stop()

    def log_in(self, **claims: Any) -> str:
        """An IAM token for a JWT that the deployer signs, with these claims changed."""
        return str(self.exchange(self.signed(**claims)).iam_token)

    def signed(self, kid: str = "", **claims: Any) -> str:
        """A JWT that the deployer signs."""
        now = int(self._real_time())
        endpoint = self.emulator.ready["endpoint"]
        plain = {"iss": self.login["service_account_id"], "aud": f"https://iam.{endpoint}/iam/v1/tokens", "iat": now}
        body = {**plain, "exp": now + 3600, **claims}
        headers = {"kid": kid or self.login["id"]}
        pem = self.login["private_key"].partition("\n")[2].encode()
        # Not proven to be sound: that takes longer than the rest of most tests.
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, RSAPrivateKey)
        return jwt.encode(body, key, "PS256", headers=headers)

    def exchange(self, token: str) -> Any:
        """What the cloud answers to a JWT."""
        return IamTokenServiceStub(self.channel).Create(CreateIamTokenRequest(jwt=token))

    def as_account(self, account_id: str) -> Caller:
        """A caller with that account's token."""
        request = CreateIamTokenForServiceAccountRequest(service_account_id=account_id)
        answer = self.deployer(IamTokenServiceStub, "CreateForServiceAccount", request)
        return Caller(self.channel, answer.iam_token)

    def account(self, name: str, *roles: str, on: str = "") -> str:
        """The id of a new account with these roles on the folder, or on a resource."""
        request = CreateServiceAccountRequest(folder_id=self.folder_id, name=name)
        metadata = CreateServiceAccountMetadata()
        self.deployer(ServiceAccountServiceStub, "Create", request).metadata.Unpack(metadata)
        for role in roles:
            self.bind(FolderServiceStub, on or self.folder_id, role, metadata.service_account_id)
        return str(metadata.service_account_id)

    def key(self, account_id: str, *scopes: str, **fields: Any) -> CreateApiKeyResponse:
        """A new API key and its secret."""
        request = CreateApiKeyRequest(service_account_id=account_id, scopes=scopes, **fields)
        created: CreateApiKeyResponse = self.deployer(ApiKeyServiceStub, "Create", request)
        return created

    def secret(self, name: str = "secret", **entries: str) -> str:
        """The id of a new Lockbox secret whose first version has these entries."""
        changes = [PayloadEntryChange(key=key, text_value=value) for key, value in entries.items()]
        request = CreateSecretRequest(folder_id=self.folder_id, name=name, version_payload_entries=changes)
        metadata = CreateSecretMetadata()
        self.deployer(SecretServiceStub, "Create", request).metadata.Unpack(metadata)
        return str(metadata.secret_id)

    def bind(self, stub: Any, resource_id: str, role: str, account_id: str, action: str = "ADD") -> Any:
        """Gives the account a role on a resource (or, with REMOVE, takes it away)."""
        return self.deployer(stub, "UpdateAccessBindings", delta(resource_id, role, account_id, action))

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of the admin API, which has to be 200."""
        answer = requests.request(method, f"{self.http}/admin/{path}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def gateway(self, service: str, secret: str, **options: Any) -> requests.Response:
        """A call of a service that takes keys in the header."""
        method = options.pop("method", "GET")
        headers = {"Authorization": f"Api-Key {secret}"}
        return requests.request(method, f"{self.http}/services/{service}/", headers=headers, timeout=20, **options)


STUBS: dict[str, Any] = {
    "accounts": ServiceAccountServiceStub,
    "api_keys": ApiKeyServiceStub,
    "clouds": CloudServiceStub,
    "folders": FolderServiceStub,
    "groups": GroupServiceStub,
    "keys": KeyServiceStub,
    "kms": SymmetricKeyServiceStub,
    "operations": OperationServiceStub,
    "payloads": PayloadServiceStub,
    "quotas": QuotaLimitServiceStub,
    "roles": RoleServiceStub,
    "secrets": SecretServiceStub,
    "tokens": IamTokenServiceStub,
    "users": UserAccountServiceStub,
}


def delta(resource_id: str, role: str, account_id: str, action: str = "ADD") -> UpdateAccessBindingsRequest:
    """A change of one binding of a service account."""
    binding = AccessBinding(role_id=role, subject=Subject(id=account_id, type="serviceAccount"))
    change = AccessBindingDelta(action=AccessBindingAction.Value(action), access_binding=binding)
    return UpdateAccessBindingsRequest(resource_id=resource_id, access_binding_deltas=[change])


def refusal(call: Any) -> tuple[str, str]:
    """The code and the message with which the cloud refuses what `call` does."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name, error.details() or ""
    raise AssertionError("the call was not refused")


def outcome(caller: Caller, stub: Any, method: str, request: Any) -> str:
    """The code with which one call ends."""
    try:
        caller(stub, method, request)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


def details(call: Any) -> dict[str, Any]:
    """The refusal's details by the name of their message."""
    try:
        call()
    except grpc.RpcError as error:
        trailing = {item.key: item.value for item in error.trailing_metadata()}
        status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
        found: dict[str, Any] = {"request_id": trailing["x-request-id"]}
        for packed in status.details:
            name = packed.type_url.rsplit(".", 1)[-1]
            message = getattr(error_details_pb2, name)()
            packed.Unpack(message)
            found[name] = message
        return found
    raise AssertionError("the call was not refused")


def unpacked(operation: Any, message: Any) -> Any:
    """The response of an operation that is done, as `message`."""
    assert operation.done
    assert operation.error.code == 0, operation.error.message
    assert operation.response.Unpack(message), operation.response.type_url
    return message
