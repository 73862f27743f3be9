"""The plugin: one table from type to handler, and every verb of Pulumi's resource provider protocol on it.

It is a plain threaded gRPC server: each request has a thread, so a handler may block and `Cancel` is answered all the
same.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from google.rpc import status_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import errors_pb2, provider_pb2, provider_pb2_grpc

from .access_binding import FolderIamMember, KmsSymmetricKeyIamBinding, LockboxSecretIamMember
from .api_key.handler import ApiKey
from .construct import Constructions
from .engine_watch import end_with
from .errors import InvalidInput, PartialFailure, Problem, YandexKeysError
from .fields import Change, name_meant
from .kms_symmetric_key import KmsSymmetricKey
from .lockbox_secret import LockboxSecret
from .properties import Properties, is_unknown, read, secrets_in, write
from .resource import ResourceType
from .run import Session
from .sdk_internals import CHANNEL_OPTIONS
from .service_account import ServiceAccount
from .settings import ENVIRONMENT_ONLY, SECRET_SETTINGS, SETTINGS
from .version import VERSION

TYPES: Final[dict[str, ResourceType]] = {
    handler.token: handler
    for handler in (
        ApiKey(),
        LockboxSecret(),
        LockboxSecretIamMember(),
        ServiceAccount(),
        FolderIamMember(),
        KmsSymmetricKey(),
        KmsSymmetricKeyIamBinding(),
    )
}
"""Every type that this plugin answers for, of the packages `yandex-keys` and `yandex`."""

SECRET_OUTPUTS: Final = frozenset({"secret"})
_SCHEMA: Final = Path(__file__).with_name("schema.json")
# A verb must not wait for a thread, nor `Cancel` at all, and each component under way holds one while its children's
# verbs come in. A thread is made only where none is free.
_THREADS: Final = 10_000
_GRACE: Final = 30.0
_OWN_PACKAGE: Final = "yandex-keys"
# What the engine itself puts among a provider's settings.
_ENGINE_SETTINGS: Final = frozenset({"version", "pluginDownloadURL", "pluginChecksums", "parameterization"})
_KINDS: Final = {
    ("add", False): proto.PropertyDiff.ADD,
    ("add", True): proto.PropertyDiff.ADD_REPLACE,
    ("delete", False): proto.PropertyDiff.DELETE,
    ("delete", True): proto.PropertyDiff.DELETE_REPLACE,
    ("update", False): proto.PropertyDiff.UPDATE,
    ("update", True): proto.PropertyDiff.UPDATE_REPLACE,
}
Answer = TypeVar("Answer")


class ProviderServicer(provider_pb2_grpc.ResourceProviderServicer):
    """The protocol's verbs, each a few lines over the handler of the resource's type."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._constructions = Constructions()

    def Handshake(
        self, request: proto.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> proto.ProviderHandshakeResponse:
        self._attach(request.engine_address)
        return proto.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=False, accept_outputs=False, supports_autonaming_configuration=False
        )

    def Attach(self, request: proto.PluginAttach, context: grpc.ServicerContext) -> Empty:
        self._attach(request.address)
        return Empty()

    def _attach(self, engine_address: str) -> None:
        self._session.attach(engine_address)
        self._constructions.engine_address = engine_address

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> proto.PluginInfo:
        return proto.PluginInfo(version=VERSION)

    def GetSchema(self, request: proto.GetSchemaRequest, context: grpc.ServicerContext) -> proto.GetSchemaResponse:
        return proto.GetSchemaResponse(schema=_SCHEMA.read_text(encoding="utf-8"))

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        self._session.cancel()
        self._constructions.cancel()
        return Empty()

    def CheckConfig(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:
        given = read(request.news)
        package = request.urn.rpartition("::")[0].rpartition(":")[2]
        failures = [] if package != _OWN_PACKAGE else [*_unknown_settings(given)]
        try:
            self._session.check({name: value for name, value in given.items() if not is_unknown(value)})
        except InvalidInput as error:
            failures += error.problems
        return proto.CheckResponse(inputs=write(given, SECRET_SETTINGS), failures=_failures(failures))

    def DiffConfig(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:
        # Settings say where the cloud is and who asks; a resource is replaced only by its own inputs (its folder among
        # them). Without a difference here the engine would go on with the old settings.
        same = read(request.old_inputs) == read(request.news)
        return proto.DiffResponse(changes=proto.DiffResponse.DIFF_NONE if same else proto.DiffResponse.DIFF_SOME)

    def Configure(self, request: proto.ConfigureRequest, context: grpc.ServicerContext) -> proto.ConfigureResponse:
        given = {name: value for name, value in read(request.args).items() if not is_unknown(value)}
        _guarded(context, self._session, lambda: self._session.configure(given, request.id, request.urn))
        return proto.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def Check(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:
        handler = _handler(request.urn, context)

        def run() -> proto.CheckResponse:
            try:
                inputs = handler.check(
                    request.urn, read(request.olds), read(request.news), self._session.runtime_or_none()
                )
            except InvalidInput as error:
                return proto.CheckResponse(inputs=request.news, failures=_failures(error.problems))
            return proto.CheckResponse(inputs=write(inputs, _secrets(request.news)))

        return _guarded(context, self._session, run)

    def Diff(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:
        handler, state, inputs = _handler(request.urn, context), read(request.olds), read(request.news)
        for path in request.ignoreChanges:
            name = path.partition(".")[0].partition("[")[0]
            inputs[name] = state.get(name)
        diff = _guarded(
            context,
            self._session,
            lambda: handler.diff(request.urn, request.id, state, inputs, self._session.runtime()),
        )
        return _diff_response(diff.changes, diff.delete_before_replace)

    def Create(self, request: proto.CreateRequest, context: grpc.ServicerContext) -> proto.CreateResponse:
        handler, inputs = _handler(request.urn, context), read(request.properties)
        if request.preview:
            state = _guarded(
                context, self._session, lambda: handler.preview(request.urn, None, inputs, self._session.runtime())
            )
            return proto.CreateResponse(id="", properties=write(state, _secrets(request.properties)))
        resource_id, state = _guarded(
            context,
            self._session,
            lambda: handler.create(request.urn, inputs, self._session.runtime_for_changes()),
            request.properties,
        )
        return proto.CreateResponse(id=resource_id, properties=write(state, _secrets(request.properties)))

    def Read(self, request: proto.ReadRequest, context: grpc.ServicerContext) -> proto.ReadResponse:
        handler, inputs, state = _handler(request.urn, context), read(request.inputs), read(request.properties)
        found = _guarded(
            context,
            self._session,
            lambda: handler.read(request.urn, request.id, inputs, state, self._session.runtime()),
        )
        if found is None:
            return proto.ReadResponse()
        secrets = _secrets(request.inputs, request.properties)
        return proto.ReadResponse(
            id=found.resource_id, properties=write(found.state, secrets), inputs=write(found.inputs, secrets)
        )

    def Update(self, request: proto.UpdateRequest, context: grpc.ServicerContext) -> proto.UpdateResponse:
        handler, state, inputs = _handler(request.urn, context), read(request.olds), read(request.news)
        verb = handler.preview if request.preview else None

        def run() -> Properties:
            if verb is not None:
                return verb(request.urn, state, inputs, self._session.runtime())
            return handler.update(request.urn, request.id, state, inputs, self._session.runtime_for_changes())

        return proto.UpdateResponse(
            properties=write(_guarded(context, self._session, run, request.news), _secrets(request.news))
        )

    def Delete(self, request: proto.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        handler, state = _handler(request.urn, context), read(request.properties)
        _guarded(
            context,
            self._session,
            lambda: handler.delete(request.urn, request.id, state, self._session.runtime_for_changes()),
        )
        return Empty()

    def Construct(self, request: proto.ConstructRequest, context: grpc.ServicerContext) -> proto.ConstructResponse:
        problems: list[Problem] = []

        def run() -> proto.ConstructResponse:
            runtime = self._session.runtime()
            try:
                answer: proto.ConstructResponse = self._constructions.construct(
                    request, runtime.provider_urn, runtime.provider_id
                )
            except InvalidInput as error:
                problems.extend(error.problems)
                return proto.ConstructResponse()
            return answer

        answer = _guarded(context, self._session, run)
        if problems:
            _abort_for_inputs(context, problems)
        return answer


def main(arguments: list[str]) -> None:
    """Serves until the engine ends us; the first line on stdout is the port. `arguments` are those that the engine
    gives."""
    parser = argparse.ArgumentParser(
        prog="pulumi-resource-yandex-keys", description="The yandex-keys provider plugin; the Pulumi engine starts it."
    )
    parser.add_argument("engine", nargs="?", default="", help="the engine's address")
    known, _ = parser.parse_known_args(arguments)
    session = Session()
    session.attach(known.engine)
    server = grpc.server(ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="verb"), options=CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderServicer(session), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    end_with(known.engine)
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        # The terminal's Ctrl-C reaches us as well as the engine. What is under way ends by itself, so that the engine
        # is still told of it.
        session.cancel()
        server.stop(grace=_GRACE).wait()


def _handler(urn: str, context: grpc.ServicerContext) -> ResourceType:
    token = urn.split("::")[2].rpartition("$")[2]
    handler = TYPES.get(token)
    if handler is None:
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED, f"{token} is not a type of this provider; it has {', '.join(sorted(TYPES))}"
        )
        raise AssertionError("abort raises")
    return handler


def _guarded(
    context: grpc.ServicerContext, session: Session, run: Callable[[], Answer], inputs: Struct | None = None
) -> Answer:
    """What `run` answers; its errors become the engine's, in words for the user and with no secret in them."""
    try:
        return run()
    except PartialFailure as error:
        detail = provider_pb2.ErrorResourceInitFailed(
            id=error.resource_id,
            properties=write(error.state, _secrets(inputs) if inputs is not None else SECRET_OUTPUTS),
            inputs=inputs,
            reasons=error.reasons,
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        message = str(error)
    except YandexKeysError as error:
        message = session.words_of(error)
    except Exception as error:  # a fault of ours: where it happened, never its text, which may hold anything
        frame = traceback.extract_tb(error.__traceback__)[-1]
        message = (
            f"a fault in the provider: {type(error).__name__} at {Path(frame.filename).name}:{frame.lineno} in "
            f"{frame.name}; please report it"
        )
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort raises")


def _abort_for_inputs(context: grpc.ServicerContext, problems: list[Problem]) -> None:
    """Ends `Construct`: each problem is named under the input that it is about."""
    message = "the account can't be used"
    detail = errors_pb2.InputPropertiesError(
        errors=[
            # In quotes the engine (3.259) doesn't find the value, which it would print, be it a secret: the reason
            # shows what may be shown.
            errors_pb2.InputPropertiesError.PropertyError(property_path=f"`{path}`", reason=reason)
            for path, reason in problems
        ]
    )
    status = status_pb2.Status(code=grpc.StatusCode.INVALID_ARGUMENT.value[0], message=message)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)


def _diff_response(changes: Mapping[str, Change], delete_before_replace: bool) -> proto.DiffResponse:
    detailed = {
        path: proto.PropertyDiff(kind=_KINDS[(change.kind, change.replace)], inputDiff=change.is_input)
        for path, change in changes.items()
    }
    return proto.DiffResponse(
        changes=proto.DiffResponse.DIFF_SOME if changes else proto.DiffResponse.DIFF_NONE,
        replaces=[path for path, change in changes.items() if change.replace],
        diffs=sorted({path.partition(".")[0].partition("[")[0] for path in changes}),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=delete_before_replace,
    )


def _unknown_settings(given: Properties) -> list[Problem]:
    unknown = sorted(set(given) - SETTINGS - ENVIRONMENT_ONLY.keys() - _ENGINE_SETTINGS)
    said = "is not a setting of yandex-keys"
    return [(name, said + name_meant(name, sorted(SETTINGS))) for name in unknown if not name.startswith("__")]


def _secrets(*given: Struct) -> frozenset[str]:
    """The names of the properties that hold a secret: our own, and those of inputs that the user marked."""
    return SECRET_OUTPUTS.union(*(secrets_in(struct) for struct in given))


def _failures(problems: list[Problem]) -> list[proto.CheckFailure]:
    return [proto.CheckFailure(property=path, reason=reason) for path, reason in problems]
