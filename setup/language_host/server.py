"""The `LanguageRuntime` service on the SDK's own classes, and its main loop.

The engine starts the host with its own address as argument, reads one line, the port, and calls. Programs and plugins
run in processes of their own. The host ends, and with it all that it started, on SIGINT or SIGTERM, which is how the
engine ends it, and when its standard input closes, which is how it learns that the engine was killed.
"""

from __future__ import annotations

import gc
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent import futures
from pathlib import Path

# The host forks while gRPC's threads run; without this gRPC writes a warning into the program's output.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
# What is loaded stays: looking for garbage among it is a tenth of the start, and two hosts start in each command.
gc.disable()

import grpc  # noqa: E402
from google.protobuf import empty_pb2, json_format  # noqa: E402

from setup.language_host import definitions, dependencies  # noqa: E402
from setup.language_host.children import Children, OutputReader, Stream, end  # noqa: E402
from setup.language_host.interpreters import (  # noqa: E402
    Interpreter,
    InterpreterMissing,
    find_interpreter,
    virtualenv_directory,
)
from setup.language_host.program import REPORTED  # noqa: E402
from setup.language_host.protocol import language_pb2, language_pb2_grpc, plugin_pb2, sdk_version  # noqa: E402

gc.freeze()
gc.enable()

# Each running plugin keeps one thread, for as long as it lives.
_THREADS = 64
# The engine's word for the kind of plugin that a policy pack is.
_POLICY_PACK = "analyzer"
_PROGRAM_RUNNER = Path(__file__).with_name("program.py")
# What the engine allows itself: the state of a large stack doesn't fit gRPC's default of 4 MB.
_MESSAGE_BYTES = 400 * 1024 * 1024


def _options(info: language_pb2.ProgramInfo) -> dict[str, object]:
    options: dict[str, object] = json_format.MessageToDict(info.options)
    return options


def _interpreter(info: language_pb2.ProgramInfo, context: grpc.ServicerContext) -> Interpreter:
    try:
        return find_interpreter(info.root_directory, _options(info))
    except InterpreterMissing as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        raise


class PythonLanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine for programs and plugins whose runtime is `python`."""

    def __init__(self, children: Children, base_environment: Mapping[str, str], engine_address: str) -> None:
        self._engine_address = engine_address
        self._children = children
        self._environment = dict(base_environment)

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=str(sdk_version))

    def GetRequiredPlugins(
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        """None: what `GetRequiredPackages` says, asked by an older engine."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """None, so that the engine downloads nothing ahead: where this host runs, plugins come from the project's own
        folder, and any other is still looked for when the first resource asks for it."""
        return language_pb2.GetRequiredPackagesResponse()

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        interpreter = _interpreter(request.info, context)
        version = subprocess.run(
            [str(interpreter.executable), "-c", "import platform; print(platform.python_version())"],
            check=True,
            capture_output=True,
            text=True,
            env=interpreter.environment(self._environment),
        )
        return language_pb2.AboutResponse(executable=str(interpreter.executable), version=version.stdout.strip())

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        interpreter = _interpreter(request.info, context)
        environment = interpreter.environment(self._environment)
        found = dependencies.installed(interpreter, environment, transitive=request.transitiveDependencies)
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
        )

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        info = request.info
        virtualenv = virtualenv_directory(info.root_directory, _options(info))
        directory = Path(info.program_directory or request.directory)
        for command in dependencies.install_commands(virtualenv, directory):
            process = self._children.start(
                command, directory=str(directory), environment=self._environment, captured=True
            )
            context.add_callback(lambda process=process: end(process))  # type: ignore[misc]
            for stream, chunk in OutputReader(process):
                yield language_pb2.InstallDependenciesResponse(**{stream: chunk})
            code = process.wait()
            self._children.forget(process)
            if code != 0:
                context.abort(grpc.StatusCode.UNKNOWN, f"`{' '.join(command)}` failed with exit code {code}")

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        interpreter = _interpreter(request.info, context)
        process = self._children.start(
            [str(interpreter.executable), "-u", str(_PROGRAM_RUNNER), self._engine_address],
            directory=None,
            environment=interpreter.environment(self._environment),
            captured=False,
            with_input=True,
        )

        # By the signal of Pulumi's own host, so that users of either see the same.
        def interrupt() -> None:
            end(process, by=signal.SIGINT)

        if not context.add_callback(interrupt):
            interrupt()
        assert process.stdin is not None
        try:
            with process.stdin as pipe:
                pipe.write(request.SerializeToString())
        except BrokenPipeError:
            pass  # It ended before it read its request: its exit code says how.
        code = process.wait()
        self._children.forget(process)
        return run_response(code)

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        interpreter = _interpreter(request.info, context)
        environment = interpreter.environment(dict(pair.split("=", 1) for pair in request.env if "=" in pair))
        process = self._children.start(
            [str(interpreter.executable), "-u", *_plugin_arguments(request)],
            # A policy pack has always run in its own folder, by the official host as well.
            directory=request.info.program_directory if request.kind == _POLICY_PACK else request.pwd,
            environment=environment,
            captured=True,
        )
        output = OutputReader(process)

        def stop() -> None:
            end(process)
            output.stop()

        # The engine ends a plugin by cancelling this call; it is also cancelled when the engine dies.
        if not context.add_callback(stop):
            stop()
        for stream, chunk in output:
            yield _plugin_output(stream, chunk)
        code = process.wait()
        self._children.forget(process)
        yield language_pb2.RunPluginResponse(exitcode=code)

    def GenerateProgram(
        self, request: language_pb2.GenerateProgramRequest, context: grpc.ServicerContext
    ) -> language_pb2.GenerateProgramResponse:
        """What `pulumi import` asks for at its end: the code to paste."""
        source = dict(request.source)
        try:
            return language_pb2.GenerateProgramResponse(source=definitions.as_python(source, request.loader_target))
        except definitions.NotGenerated:
            # The resources are imported, and how they look is worth more than why it isn't Python.
            return language_pb2.GenerateProgramResponse(source=definitions.as_comments(source))

    def GeneratePackage(
        self, request: language_pb2.GeneratePackageRequest, context: grpc.ServicerContext
    ) -> language_pb2.GeneratePackageResponse:
        """What `pulumi package gen-sdk` and `package add` ask for: a package's SDK."""
        try:
            definitions.write_package(request.schema, Path(request.directory), dict(request.extra_files))
        except definitions.NotGenerated as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        return language_pb2.GeneratePackageResponse()

    def Link(self, request: language_pb2.LinkRequest, context: grpc.ServicerContext) -> language_pb2.LinkResponse:
        """What `pulumi package add` asks for last: that the program requires the SDK that was put into its folder, and how it imports it."""
        program = Path(request.info.program_directory)
        folders = [package.path for package in request.packages]
        dependencies.require(program / "requirements.txt", folders)
        modules = [name for folder in folders for name in dependencies.modules_of(program / folder)]
        lines = "\n".join(f"  import {name}" for name in modules)
        return language_pb2.LinkResponse(import_instructions=f"In the program:\n\n{lines}\n")

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Nothing to do: plugins are told by the engine itself, and a program ends with its monitor."""
        return empty_pb2.Empty()


def _plugin_arguments(request: language_pb2.RunPluginRequest) -> list[str]:
    """What Python is to run: a provider's folder; a policy pack by the SDK's own module, which takes the engine's arguments first.

    The official host also tells a pack project, stack and settings by its environment; a pack of ours takes the stack from the URNs.
    """
    if request.kind == _POLICY_PACK:
        return ["-m", "pulumi.policy", *request.args, request.info.program_directory]
    return [str(Path(request.info.program_directory, request.info.entry_point or ".")), *request.args]


def _plugin_output(stream: Stream, chunk: bytes) -> language_pb2.RunPluginResponse:
    if stream == "stdout":
        return language_pb2.RunPluginResponse(stdout=chunk)
    return language_pb2.RunPluginResponse(stderr=chunk)


def run_response(code: int) -> language_pb2.RunResponse:
    if code == 0:
        return language_pb2.RunResponse()
    if code == REPORTED:
        return language_pb2.RunResponse(bail=True)
    if code < 0:
        return language_pb2.RunResponse(error=f"Program was ended by signal {-code} ({signal.Signals(-code).name})")
    return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}")


def _watch_standard_input(gone: threading.Event) -> None:
    """Sets `gone` when the engine's end of our standard input closes, as it does however the engine ends."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return

    def wait() -> None:
        while os.read(0, 4096):
            pass
        gone.set()

    threading.Thread(target=wait, daemon=True).start()


def serve(engine_address: str) -> None:
    """Serves on a free loopback port, printed as the first line, until told to stop."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    children = Children()
    limits = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=_THREADS), options=limits)
    host = PythonLanguageHost(children, os.environ, engine_address)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    _watch_standard_input(stop)
    stop.wait()
    children.end_all()
    server.stop(grace=None)


def main() -> None:
    """Runs the host. It leaves by os._exit: nothing may hold it once its children are gone."""
    if len(sys.argv) < 2:
        sys.exit("usage: pulumi-language-python <engine address>")
    # The engine puts its own options for logs and traces before its address.
    serve(sys.argv[-1])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
