"""The gRPC server: all services on one TLS port of the loopback, with reflection."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_reflection.v1alpha import reflection

from emulator.certificates import ServerCertificate
from emulator.loopback import bound_socket
from emulator.transport.call_handler import CallHandler

_THREADS = 160
"""More than clients call at once, as calls that a test delays or holds keep theirs."""


class GrpcServer:
    """Serves the cloud's APIs."""

    def __init__(self, handler: CallHandler, certificate: ServerCertificate) -> None:
        self._credentials = grpc.ssl_server_credentials([(certificate.key, certificate.chain)])
        # Without SO_REUSEPORT, so that a taken port is an error and not a share of somebody else's calls.
        options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 16 * 1024 * 1024)]
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="grpc")
        self._server = grpc.server(self._pool, options=options)
        # The first handler that knows a path answers it, and the cloud's own knows every path.
        reflection.enable_server_reflection([*handler.service_names, reflection.SERVICE_NAME], self._server)
        self._server.add_generic_rpc_handlers((handler,))

    def bind(self, port: int) -> int:
        """Takes the port (0: any that is free) of the loopback; answers which. Raises OSError when it is taken."""
        if port:
            # Asked first, because gRPC prints lines of its own about it.
            bound_socket(port).close()
        try:
            return int(self._server.add_secure_port(f"127.0.0.1:{port}", self._credentials))
        except RuntimeError as error:
            raise OSError(f"port {port} of 127.0.0.1 is taken") from error

    def start(self) -> None:
        """Begins to serve."""
        self._server.start()

    def stop(self) -> None:
        """Lets calls under way end for a moment, then ends."""
        self._server.stop(grace=0.5).wait()
        self._pool.shutdown(wait=True, cancel_futures=True)
