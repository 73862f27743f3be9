"""Endpoints that aren't what they should be: one that sends clients elsewhere and notes what they bring along, and one that never answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from yandex.cloud.endpoint.api_endpoint_pb2 import ApiEndpoint
from yandex.cloud.endpoint.api_endpoint_service_pb2 import ListApiEndpointsResponse

from emulator.certificates import server_certificate

_DISCOVERY = "/yandex.cloud.endpoint.ApiEndpointService/List"


@dataclass
class Endpoint:
    """A running server over TLS: where it is, whose certificate to trust, what it was asked, and with which tokens."""

    address: str = ""
    authority: str = ""
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc, type-arg, unused-ignore]
    def __init__(self, endpoint: Endpoint, services: Mapping[str, str]) -> None:
        self._endpoint, self._services = endpoint, services

    def service(self, details: Any) -> Any:
        self._endpoint.asked.append(details.method)
        self._endpoint.tokens += [value for name, value in details.invocation_metadata if name == "authorization"]

        def answer(request: bytes, context: Any) -> bytes:
            if details.method != _DISCOVERY:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, "this endpoint only listens")
            found = [ApiEndpoint(id=name, address=address) for name, address in self._services.items()]
            return bytes(ListApiEndpointsResponse(endpoints=found).SerializeToString())

        return grpc.unary_unary_rpc_method_handler(answer)


@contextmanager
def listening(directory: Path, services: Mapping[str, str] | None = None) -> Iterator[Endpoint]:
    """An endpoint whose discovery says that the services are where `services` says; without it, all of them are the endpoint's own."""
    endpoint = Endpoint(authority=str(directory / "ca.pem"))
    certificate = server_certificate(directory)
    known = dict(services or {})
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool, handlers=[_Handler(endpoint, known)])
        credentials = grpc.ssl_server_credentials([(certificate.key, certificate.chain)])
        endpoint.address = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', credentials)}"
        for name in ("iam", "kms", "lockbox", "operation", "resource-manager"):
            known.setdefault(name, endpoint.address)
        server.start()
        try:
            yield endpoint
        finally:
            server.stop(None).wait()


@contextmanager
def silent() -> Iterator[str]:
    """The address of an endpoint that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        # A thread that waits in `accept` isn't woken by closing.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in taken:
            connection.close()
