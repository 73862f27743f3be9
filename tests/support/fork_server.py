"""A Python that has loaded packages, and forks a process of itself for each command that a `fork_client` brings.

Run by path as `python -u fork_server.py KIND SOCKET ROOT FOLDER…`: the number of the descriptor that it listens on, the repository, and what goes
with it. Once its standard input closes, whoever started it is gone, and it ends with all that it has forked. It starts no thread and no channel:
neither survives a fork.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import marshal
import os
import runpy
import select
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import BuiltinImporter, SourceFileLoader
from types import ModuleType, TracebackType
from typing import Final, NoReturn

_ACCEPTED: Final = b"a"
_DECLINED: Final = b"d"
_LENGTH_BYTES: Final = 4
_STATUS_BYTES: Final = 4
_OWNER: Final = 0
# What Python looks at when it starts: a command that wants another than ours gets a Python of its own. But for what can be had later: a pipeline's
# jobs give the engine none of the variables that whoever runs the tests may have.
_OF_THE_START: Final = (b"PYTHON", b"LC_ALL", b"LC_CTYPE", b"LANG")
_HAD_LATER: Final = (b"PYTHONDONTWRITEBYTECODE", b"PYTHONUNBUFFERED")
_FAILED: Final = 70

# Of a program and a plugin what is installed, and never code of ours: that is the stack's own, whatever the stack is. The language host is always
# this clone's. A package that isn't named here costs time, and nothing else.
LOADED: Final[Mapping[str, Sequence[str]]] = {
    "program": (
        "difflib",
        "grpc.experimental",
        "importlib.metadata",
        "parver",
        "pulumi.provider.experimental",
        "pydantic.fields",
        "pydantic.functional_validators",
        "pydantic.main",
        "pydantic.types",
        "secrets",
        "unicodedata",
        "yaml",
        "zoneinfo",
    ),
    "plugin": (
        "cryptography.hazmat.primitives.serialization",
        "difflib",
        "fractions",
        "google.protobuf.json_format",
        "html",
        "pulumi.provider.experimental.property_value",
        "pulumi.provider.experimental.server",
        "requests",
        "secrets",
        "shlex",
        "yandex.cloud.iam.v1.api_key_service_pb2_grpc",
        "yandex.cloud.iam.v1.user_account_service_pb2_grpc",
        "yandex.cloud.kms.v1.symmetric_key_service_pb2_grpc",
        "yandex.cloud.lockbox.v1.payload_service_pb2_grpc",
        "yandex.cloud.lockbox.v1.secret_service_pb2_grpc",
        "yandex.cloud.organizationmanager.v1.group_service_pb2_grpc",
        "yandex.cloud.quotamanager.v1.quota_limit_service_pb2_grpc",
        "yandex.cloud.resourcemanager.v1.folder_service_pb2_grpc",
        "yandexcloud._auth_fabric",
        "zoneinfo",
    ),
    "host": ("setup.language_host.server",),
}


@dataclass(frozen=True)
class _Request:
    arguments: list[str]
    directory: str
    environment: dict[bytes, bytes]
    descriptors: list[int]


class _Server:
    """Watches its owner, its clients and its children, in one loop."""

    def __init__(self, listener: socket.socket, kept: Mapping[bytes, bytes]) -> None:
        self._listener, self._kept = listener, kept
        self._of_the_start = _of_the_start(os.environb)
        # The client of each child, by the child's number, and the other way round by the client's descriptor.
        self._clients: dict[int, socket.socket] = {}
        self._children: dict[int, int] = {}
        # Clients that have been told how their command ended, until they hang up: a signal may still be on its way.
        self._answered: dict[int, socket.socket] = {}
        self._woken, self._waking = os.pipe()
        for end in (self._woken, self._waking):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._waking)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._poll = select.poll()
        for descriptor in (_OWNER, self._woken, listener.fileno()):
            self._poll.register(descriptor, select.POLLIN)

    def serve(self) -> None:
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == _OWNER:
                    for child in self._clients:
                        os.kill(child, signal.SIGKILL)
                    return
                if descriptor == self._listener.fileno():
                    self._take()
                elif descriptor == self._woken:
                    with suppress(BlockingIOError):
                        os.read(self._woken, 4096)
                    self._reap()
                elif descriptor in self._children:
                    self._pass_on(descriptor)
                elif descriptor in self._answered:
                    self._let_go(descriptor)

    def _take(self) -> None:
        client, _ = self._listener.accept()
        request = _received(client)
        if request is None:
            client.close()
            return
        if _of_the_start(request.environment) != self._of_the_start:
            with suppress(OSError):
                client.sendall(_DECLINED)
            client.close()
        else:
            child = os.fork()
            if child == 0:
                self._leave(client)
                _become(request, self._kept)
            self._clients[child], self._children[client.fileno()] = client, child
            self._poll.register(client, select.POLLIN)
            # Where the client has gone, its end of the line tells.
            with suppress(OSError):
                client.sendall(_ACCEPTED)
        for descriptor in request.descriptors:
            os.close(descriptor)

    def _pass_on(self, descriptor: int) -> None:
        """Signals that the client got; where the client has gone, whatever the way, its command must be gone too."""
        child = self._children[descriptor]
        try:
            numbers = self._clients[child].recv(64, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return  # It was another's, who had the same descriptor a moment ago.
        except OSError:
            numbers = b""
        if not numbers:
            self._poll.unregister(descriptor)
        # It can't be another's number: it isn't reaped yet.
        for number in numbers or (signal.SIGKILL,):
            os.kill(child, number)

    def _reap(self) -> None:
        while self._clients:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            client = self._clients.pop(child)
            descriptor = client.fileno()
            del self._children[descriptor]
            self._answered[descriptor] = client
            # Also one that hung up before: that is what it finds.
            self._poll.register(client, select.POLLIN)
            with suppress(OSError):
                client.sendall(status.to_bytes(_STATUS_BYTES, "big"))

    def _let_go(self, descriptor: int) -> None:
        try:
            if self._answered[descriptor].recv(64, socket.MSG_DONTWAIT):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._poll.unregister(descriptor)
        self._answered.pop(descriptor).close()

    def _leave(self, client: socket.socket) -> None:
        """For a child: what only its parent must hold, or other commands' ends would not be noticed."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._woken)
        os.close(self._waking)
        for held in (self._listener, client, *self._clients.values(), *self._answered.values()):
            held.close()


def _received(client: socket.socket) -> _Request | None:
    """None where the client went before it had asked."""
    try:
        first, descriptors, _, _ = socket.recv_fds(client, _LENGTH_BYTES, 3)
        length = int.from_bytes(first, "big")
        parts, missing = [], length
        while missing > 0 and (part := client.recv(missing)):
            parts.append(part)
            missing -= len(part)
    except OSError:
        return None
    if len(descriptors) != 3 or missing:
        for descriptor in descriptors:
            os.close(descriptor)
        return None
    arguments, directory, environment = marshal.loads(b"".join(parts))
    return _Request(arguments, directory, environment, descriptors)


def _of_the_start(environment: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    read = {name: value for name, value in environment.items() if name.startswith(_OF_THE_START)}
    return {name: value for name, value in read.items() if name not in _HAD_LATER}


def _become(request: _Request, kept: Mapping[bytes, bytes]) -> NoReturn:
    """Runs the command in this very process, to its end."""
    try:
        for number, descriptor in enumerate(request.descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        _open_streams()
        os.environb.clear()
        os.environb.update({**request.environment, **kept})
        time.tzset()
        sys.dont_write_bytecode = bool(os.environb.get(b"PYTHONDONTWRITEBYTECODE"))
        os.chdir(request.directory)
        code = _ended(request.arguments)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = _FAILED
    os._exit(code)


def _open_streams() -> None:
    """As `python -u` has them, on what the descriptors are now."""
    given, out, error = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), given.encoding, given.errors)
    sys.stdout = _unbuffered(1, out.encoding, out.errors)
    sys.stderr = _unbuffered(2, error.encoding, error.errors)
    vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout, __stderr__=sys.stderr)


def _unbuffered(descriptor: int, encoding: str, errors: str | None) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(
        # As Python itself has it where it is told not to buffer.
        raw,
        encoding=encoding,
        errors=errors,
        newline="\n",
        line_buffering=raw.isatty(),
        write_through=True,
    )


def _ended(arguments: Sequence[str]) -> int:
    """Runs the command and what it has left for its end; its exit code."""
    try:
        _run(arguments)
        code = 0
    except SystemExit as exit:
        code = _code_of(exit)
    except BaseException as error:
        shown = error.with_traceback(_of_the_command(error.__traceback__))
        sys.excepthook(type(shown), shown, shown.__traceback__)
        code = 1
        if isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
    # What Python does at its end, but for tearing down modules, which frees what the exit frees anyway.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    return code


def _run(arguments: Sequence[str]) -> None:
    """`[-P] -u SCRIPT …`, `[-P] -u FOLDER …` or `[-P] -u -c CODE …`."""
    options = 0
    while arguments[options] in ("-P", "-u"):
        options += 1
    safe = "-P" in arguments[:options]
    first, *rest = arguments[options:]
    main = ModuleType("__main__")
    vars(main)["__annotations__"] = {}
    # Also under the name that multiprocessing has for it.
    sys.modules["__main__"] = main
    if "__mp_main__" in sys.modules:
        sys.modules["__mp_main__"] = main
    if first == "-c":
        sys.argv = ["-c", *rest[1:]]
        if not safe:
            sys.path.insert(0, "")
        vars(main)["__loader__"] = BuiltinImporter
        exec(compile(rest[0], "<string>", "exec"), vars(main))
        return
    sys.argv = [first, *rest]
    if os.path.isdir(first):
        sys.path.insert(0, first)
        runpy._run_module_as_main("__main__", alter_argv=False)  # type: ignore[attr-defined]  # as Python does
        return
    if not safe:
        sys.path.insert(0, os.path.dirname(os.path.realpath(first)))
    loader = SourceFileLoader("__main__", first)
    vars(main).update(__file__=first, __loader__=loader, __builtins__=sys.modules["builtins"])
    exec(compile(loader.get_data(first), first, "exec"), vars(main))


def _code_of(exit: SystemExit) -> int:
    if exit.code is None:
        return 0
    if isinstance(exit.code, int):
        return exit.code & 0xFF
    print(exit.code, file=sys.stderr)
    return 1


def _of_the_command(traceback: TracebackType | None) -> TracebackType | None:
    """Without the frames of this file, which come first."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    return traceback


def _load(kind: str, root: str) -> dict[bytes, bytes]:
    """Loads what commands of this kind load; the variables that were set by it."""
    before = dict(os.environb)
    if kind == "host":
        sys.path.insert(0, root)
    if kind == "plugin":
        # As provider/yandex_keys/sdk_internals.py does before the first import of pulumi, and for its reason.
        sys.modules["pulumi.runtime.proto.status_pb2"] = importlib.import_module("google.rpc.status_pb2")
    if kind != "host":
        gc.disable()
    for name in LOADED[kind]:
        importlib.import_module(name)
    if kind == "program":
        # At the first model, pydantic looks for plugins of its own among all that is installed: once, and that takes a while.
        importlib.import_module("pydantic").create_model("First")
    if kind != "host":
        gc.enable()
    _be_alone()
    return {name: value for name, value in os.environb.items() if before.get(name) != value}


def _be_alone() -> None:
    """Raises AssertionError where there is a second thread, also one that Python doesn't know of: a fork would leave its locks as they are."""
    assert threading.active_count() == 1
    if os.path.isdir("/proc/self/task"):
        assert len(os.listdir("/proc/self/task")) == 1


def main() -> None:
    """Serves until its owner has gone."""
    kind, descriptor, root, *folders = sys.argv[1:]
    # This file's own folder: no command has it.
    sys.path.pop(0)
    path = list(sys.path)
    kept = _load(kind, root)
    sys.path[:] = path
    listener = socket.socket(fileno=int(descriptor))
    os.set_inheritable(listener.fileno(), False)
    _Server(listener, kept).serve()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
