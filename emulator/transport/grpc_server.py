"""The gRPC server: all services on one TLS port of the loopback, with reflection."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from grpc_reflection.v1alpha import reflection
from yandex.cloud.endpoint.api_endpoint_service_pb2_grpc import add_ApiEndpointServiceServicer_to_server
from yandex.cloud.iam.v1.api_key_service_pb2_grpc import add_ApiKeyServiceServicer_to_server
from yandex.cloud.iam.v1.iam_token_service_pb2_grpc import add_IamTokenServiceServicer_to_server
from yandex.cloud.iam.v1.key_service_pb2_grpc import add_KeyServiceServicer_to_server
from yandex.cloud.iam.v1.role_service_pb2_grpc import add_RoleServiceServicer_to_server
from yandex.cloud.iam.v1.service_account_service_pb2_grpc import add_ServiceAccountServiceServicer_to_server
from yandex.cloud.kms.v1.symmetric_key_service_pb2_grpc import add_SymmetricKeyServiceServicer_to_server
from yandex.cloud.lockbox.v1.payload_service_pb2_grpc import add_PayloadServiceServicer_to_server
from yandex.cloud.lockbox.v1.secret_service_pb2_grpc import add_SecretServiceServicer_to_server
from yandex.cloud.operation.operation_service_pb2_grpc import add_OperationServiceServicer_to_server
from yandex.cloud.resourcemanager.v1.cloud_service_pb2_grpc import add_CloudServiceServicer_to_server
from yandex.cloud.resourcemanager.v1.folder_service_pb2_grpc import add_FolderServiceServicer_to_server

from emulator.certificates import ServerCertificate
from emulator.state.cloud_state import CloudState
from emulator.transport.endpoint import Endpoints
from emulator.transport.iam import ApiKeyService, IamTokenService, KeyService, RoleService, ServiceAccountService
from emulator.transport.kms import SymmetricKeyService
from emulator.transport.lockbox import PayloadService, SecretService
from emulator.transport.operation import OperationService
from emulator.transport.passage import Gate
from emulator.transport.resource_manager import CloudService, FolderService

_SERVICES = (
    "endpoint.ApiEndpointService",
    *(f"iam.v1.{name}" for name in ("ApiKeyService", "IamTokenService", "KeyService", "RoleService")),
    "iam.v1.ServiceAccountService",
    "kms.v1.SymmetricKeyService",
    *("lockbox.v1.PayloadService", "lockbox.v1.SecretService"),
    "operation.OperationService",
    *("resourcemanager.v1.CloudService", "resourcemanager.v1.FolderService"),
)
_THREADS = 160
"""More than clients call at once, as calls that a test delays or holds keep theirs."""


class GrpcServer:
    """Serves the cloud's APIs."""

    def __init__(self, state: CloudState, gate: Gate, certificate: ServerCertificate) -> None:
        self._endpoints = Endpoints()
        self._credentials = grpc.ssl_server_credentials([(certificate.key, certificate.chain)])
        # Without SO_REUSEPORT, so that a taken port is an error and not a share of somebody else's calls.
        options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 16 * 1024 * 1024)]
        pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="grpc")
        self._pool = pool
        self._server = grpc.server(pool, options=options, interceptors=[gate])
        self._add_services(state)

    def bind(self, port: int) -> int:
        """Takes the port (0: any that is free) of the loopback; answers which. Raises OSError when it is taken."""
        if port:
            _refuse_taken(port)
        try:
            bound = self._server.add_secure_port(f"127.0.0.1:{port}", self._credentials)
        except RuntimeError as error:
            raise OSError(f"port {port} of 127.0.0.1 is taken") from error
        if bound == 0:
            raise OSError(f"port {port} of 127.0.0.1 is taken")
        self._endpoints.move_to(f"127.0.0.1:{bound}")
        return int(bound)

    def start(self) -> None:
        """Begins to serve."""
        self._server.start()

    def stop(self) -> None:
        """Lets calls under way end for a moment, then ends."""
        self._server.stop(grace=0.5).wait()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _add_services(self, state: CloudState) -> None:
        # To the type stubs, the methods that these two leave out are abstract; at run time they answer UNIMPLEMENTED.
        cloud_service: Any = CloudService
        folder_service: Any = FolderService
        services: list[tuple[Callable[..., None], Any]] = [
            (add_ApiEndpointServiceServicer_to_server, self._endpoints),
            (add_IamTokenServiceServicer_to_server, IamTokenService(state.tokens)),
            (add_ServiceAccountServiceServicer_to_server, ServiceAccountService(state.accounts)),
            (add_ApiKeyServiceServicer_to_server, ApiKeyService(state.api_keys)),
            (add_KeyServiceServicer_to_server, KeyService(state.authorized_keys)),
            (add_RoleServiceServicer_to_server, RoleService(state.roles)),
            (add_CloudServiceServicer_to_server, cloud_service(state.clouds)),
            (add_FolderServiceServicer_to_server, folder_service(state.folders, state.folder_deletions)),
            (add_SecretServiceServicer_to_server, SecretService(state.secrets, state.secret_versions)),
            (add_PayloadServiceServicer_to_server, PayloadService(state.secret_versions)),
            (add_SymmetricKeyServiceServicer_to_server, SymmetricKeyService(state.symmetric_keys)),
            (add_OperationServiceServicer_to_server, OperationService(state.operation_reader)),
        ]
        for add, servicer in services:
            add(servicer, self._server)
        names = [*(f"yandex.cloud.{name}" for name in _SERVICES), reflection.SERVICE_NAME]
        reflection.enable_server_reflection(names, self._server)


def _refuse_taken(port: int) -> None:
    """Raises OSError when somebody has the port: asked first, because gRPC prints lines of its own about it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise OSError(f"port {port} of 127.0.0.1 is taken") from error
