"""Plays the engine for a program under test: keeps what was declared and answers as the provider would."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks as pulumi_mocks

KEY_OUTPUTS: dict[str, Any] = {
    "keyId": "ajekey",
    "maskedSecret": "****abcdef",
    "issuedAt": "2026-01-01T00:00:00Z",
    "expiresAt": "2026-04-01T00:00:00Z",
    "nextRotationAt": "2026-01-31T00:00:00Z",
    "generation": 1,
    "status": "current",
    "instance": "instance",
    "attempts": ["attempt"],
    "lockboxVersionId": "e6qversion",
    "previous": [
        {
            "keyId": "ajeold",
            "issuedAt": "2025-12-02T00:00:00Z",
            "expiresAt": "2026-01-08T00:00:00Z",
            "rotatedAt": "2026-01-01T00:00:00Z",
            "lifetimeEndsAt": "2026-03-02T00:00:00Z",
        }
    ],
}
SECRET = "AQVNsecretofthekey"
_SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"


@dataclass
class Declared:
    """What a program declared: each request to the engine by type (its last part) and name, its inputs, its URN, and by the
    component's (or the stack's) name what was registered as its outputs, as it went over the wire."""

    requests: dict[tuple[str, str], Any] = field(default_factory=dict)
    inputs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    urns: dict[tuple[str, str], str] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def names(self, kind: str) -> set[str]:
        """The names of the resources of one type."""
        return {name for declared_kind, name in self.requests if declared_kind == kind}

    def aliases(self, kind: str, name: str) -> set[str]:
        """The names and URNs that a resource goes by as well."""
        return {alias.spec.name or alias.urn for alias in self.requests[kind, name].aliases}

    def depends_on(self, kind: str, name: str) -> set[str]:
        """The names of what a resource waits for."""
        return {urn.rpartition("::")[2] for urn in self.requests[kind, name].dependencies}


class _Provider(pulumi_mocks.Mocks):
    def call(self, args: pulumi_mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        return {}, None

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        outputs = dict(args.inputs)
        match args.typ.rpartition(":")[2]:
            case "ApiKey":
                outputs |= KEY_OUTPUTS | ({"secret": SECRET} if args.inputs.get("exposeSecret") else {})
            case "ServiceAccountKeys":  # as the plugin makes it
                outputs |= {"receipts": {key["name"]: {} for key in args.inputs.get("keys", ())}}
            case "IamServiceAccount":
                outputs.setdefault("folderId", "b1gdefault")
        return f"{args.name}-id", outputs


class _Engine(pulumi_mocks.MockMonitor):
    def __init__(self, declared: Declared) -> None:
        super().__init__(_Provider())
        self._declared = declared

    def RegisterResource(self, request: Any) -> Any:
        with _worker_loop():
            answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
            inputs = dict(pulumi.runtime.rpc.deserialize_properties(request.object))
        if request.type == "pulumi:pulumi:Stack":
            return answer
        which = (request.type.rpartition(":")[2], request.name)
        self._declared.requests[which] = request
        self._declared.inputs[which] = inputs
        self._declared.urns[which] = answer.urn
        return answer

    def ReadResource(self, request: Any) -> Any:
        with _worker_loop():
            return super().ReadResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:
        name = request.urn.rpartition("::")[2]
        self._declared.outputs[name] = json_format.MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


@contextmanager
def _worker_loop() -> Iterator[None]:
    """Pulumi makes an event loop in each worker thread, and leaves it open."""
    if threading.current_thread() is threading.main_thread():
        yield
        return
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        loop.close()
        asyncio.set_event_loop(None)


@contextmanager
def _event_loop() -> Iterator[None]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        asyncio.set_event_loop(None)


def secret_value(value: Any) -> Any:
    """The value in `value`, which has to be marked as a Pulumi secret."""
    assert value["4dabf18193072939515e22adb298388d"] == _SECRET_MARK
    return value["value"]


def run(
    program: Callable[[], Any],
    config: Mapping[str, str] | None = None,
    *,
    secret: Sequence[str] = (),
    preview: bool = False,
) -> Declared:
    """Runs `program` as the stack `test` of the project `api-keys`, and gives what it declared.

    `secret` are the names in `config` that are encrypted in the stack file.
    """
    declared = Declared()
    with _event_loop():
        pulumi_mocks.set_mocks(
            _Provider(), project="api-keys", stack="test", preview=preview, monitor=_Engine(declared)
        )
        pulumi.runtime.set_all_config(dict(config or {}), list(secret))
        pulumi_mocks.test(program)()  # type: ignore[no-untyped-call]
    return declared
