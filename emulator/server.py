"""Starts and stops an emulator: in a test with `start`, or for the command line, which does the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from emulator.certificates import server_certificate
from emulator.clock import RealTime
from emulator.data_directory import DataDirectory
from emulator.state.cloud_state import CloudState
from emulator.transport.call_handler import CallHandler
from emulator.transport.call_log import CallLog
from emulator.transport.faults import Faults
from emulator.transport.grpc_server import GrpcServer
from emulator.transport.held_calls import HeldCalls
from emulator.transport.services import services
from emulator.web.http_server import HttpServer
from emulator.web.site import Site

_WRITE_USE_EVERY = 1.0
"""Seconds between two writings of what keys were used."""


@dataclass
class Emulator:
    """A running emulator."""

    ready: dict[str, str]
    """The ready line: endpoint, ca, http, serviceAccountKey, cloudId, folderId."""
    state: CloudState
    _ends: ExitStack

    def stop(self) -> None:
        """Ends it; what it holds stays on disk. May be called twice."""
        self._ends.close()


def start(data_dir: Path | str, port: int = 0, http_port: int = 0, *, real_time: RealTime = time.time) -> Emulator:
    """Runs an emulator on `data_dir`, on the given ports of the loopback (0: those used last, or any that are free).

    Raises `DirectoryError` when the folder can't be used or another emulator uses it, and OSError when a port is taken.
    """
    directory = DataDirectory(Path(data_dir))
    with ExitStack() as ends:
        ends.callback(directory.release)
        certificate = server_certificate(directory.path)
        state = CloudState(directory.database, real_time)
        ends.callback(state.close)
        initial = state.initial_resources()
        if not directory.deployer.exists():
            state.create_login(initial.deployer_id, directory.save_deployer)
        log, faults, held_calls = CallLog(), Faults(), HeldCalls()
        kept = directory.ports()
        grpc_server = GrpcServer(CallHandler(services(state), state, log, faults, held_calls), certificate)
        grpc_port = _bound(grpc_server.bind, port, kept.get("grpc", 0))
        ends.callback(grpc_server.stop)
        http_server = HttpServer(Site(state, log, faults, held_calls).answer)
        web_port = _bound(http_server.bind, http_port, kept.get("http", 0))
        ends.callback(http_server.stop)
        ends.callback(held_calls.close)
        directory.save_ports(grpc_port, web_port)
        state.endpoints.address = f"127.0.0.1:{grpc_port}"
        state.tokens.accept_audiences(grpc_port)
        state.federation.issuer = f"http://127.0.0.1:{web_port}/oidc"
        grpc_server.start()
        http_server.start()
        ends.callback(_written_regularly(state))
        ready = {
            "endpoint": state.endpoints.address,
            "ca": str(directory.authority),
            "http": f"http://127.0.0.1:{web_port}",
            "serviceAccountKey": str(directory.deployer),
            "cloudId": initial.cloud_id,
            "folderId": initial.folder_id,
        }
        return Emulator(ready, state, ends.pop_all())


def _bound(bind: Callable[[int], int], asked: int, last: int) -> int:
    """The port that was asked for, or else the one used last, or else any that is free."""
    if asked or not last:
        return bind(asked)
    try:
        return bind(last)
    except OSError:
        return bind(0)


def _written_regularly(state: CloudState) -> Callable[[], None]:
    """Writes down the last uses of keys every now and then, until what it answers is called."""
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(_WRITE_USE_EVERY):
            state.key_use.flush()

    thread = threading.Thread(target=write, name="key-use", daemon=True)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join()

    return end
