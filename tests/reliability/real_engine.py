"""The real `pulumi` in the place of the small engine: the same commands on the same declarations, the same plugin, the same cloud in this process.

The engine attaches to the plugin's servicer here (PULUMI_DEBUG_PROVIDERS) and asks this process for the program, so that what walks through the small
engine can walk through the real one, with the same kills and the same watch; and the small one is held to it.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import os
import subprocess
import threading
import warnings
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import pulumi
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc, provider_pb2_grpc

from cli.checkpoint_files import opened
from provider.yandex_keys.run import Session
from provider.yandex_keys.server import TYPES, ProviderServicer
from tests.reliability.engine_state import Held, State, as_json
from tests.reliability.near_cloud import Killed, NearCloud
from tests.reliability.plugin_run import UNKNOWN_ID, hurried, partial_in
from tests.reliability.small_engine import Declaration, Listener, Outcome, Verb
from tests.support.fresh_stack import initialise
from tests.support.pulumi import engine, engine_environment

_PROJECT: Final = "api-keys"
_OURS: Final = "yandex-keys"
_MARK: Final = "\x01"
_MUTATING: Final = frozenset({"Create", "Update", "Delete"})


class RealStack:
    """A stack in a backend of its own, as `SmallStack` is one; `now` is the machine's clock."""

    def __init__(self, directory: Path, cloud: NearCloud, now: Callable[[], Any], name: str) -> None:
        self._directory, self._cloud, self._now = directory, cloud, now
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "Pulumi.yaml").write_text(f"name: {_PROJECT}\nruntime: python\n")
        initialise(directory, name)
        self._environment = {**engine_environment(directory), "PULUMI_SKIP_CHECKPOINTS": ""}
        self._name = name
        self._kept: State | None = None
        self.listeners: list[Listener] = []

    @property
    def name(self) -> str:
        """The stack's name."""
        return self._name

    @property
    def state(self) -> State:
        """What the backend holds now."""
        if self._kept is None:
            self._kept = self._read()
        return self._kept

    @property
    def resources(self) -> dict[str, Held]:
        """What the state holds, by name."""
        return self.state.by_name

    def up(
        self,
        program: Sequence[Declaration],
        refresh: bool = False,
        *,
        preview: bool = False,
        target: Collection[str] | None = None,
        replace: Collection[str] = (),
        target_replace: Collection[str] = (),
        exclude: Collection[str] = (),
    ) -> Outcome:
        """`pulumi up`."""
        urns = {item.name: self.state.urn(item.token, item.name) for item in program}
        urns |= {held.name: held.urn for held in self.state.live()}
        options = [f"--target={urns[name]}" for name in target or ()]
        options += [f"--replace={urns[name]}" for name in replace]
        options += [f"--target-replace={urns[name]}" for name in target_replace]
        options += [f"--exclude={urns[name]}" for name in exclude]
        return self._run("up", program, *(() if preview else ("--skip-preview",)), *(["--refresh"] * refresh), *options)

    def preview(self, program: Sequence[Declaration]) -> Outcome:
        """`pulumi preview`."""
        return self._run("preview", program)

    def refresh(self) -> Outcome:
        """`pulumi refresh`."""
        return self._run("refresh", (), "--skip-preview")

    def destroy(self) -> Outcome:
        """`pulumi destroy`."""
        return self._run("destroy", (), "--skip-preview")

    def bring_in(self, declared: Declaration, protect: bool = True) -> Outcome:
        """`pulumi import`."""
        provider = next((urn for urn in self._urns() if urn.endswith(f"pulumi:providers:{_OURS}::{_OURS}")), "")
        options = [f"--protect={str(protect).lower()}", "--generate-code=false", "--skip-preview"]
        options += [f"--provider={_OURS}={provider}"] if provider else []
        return self._run("import", (), *options, declared.token, declared.name, declared.imports)

    def taint(self, name: str) -> None:
        """`pulumi state taint`."""
        self._edit("taint", self.resources[name].urn)

    def protect(self, name: str, on: bool = True) -> None:
        """`pulumi state protect`, or `unprotect`."""
        self._edit("protect" if on else "unprotect", self.resources[name].urn)

    def forget(self, name: str) -> None:
        """`pulumi state delete`. Raises ValueError where that is refused."""
        held = self.resources[name]
        if [item.urn for item in self.state.resources].count(held.urn) > 1 and not held.protect:
            self._forget_chosen(held)
            return
        code, printed = self._attempt("state", "delete", "--yes", held.urn)
        self._kept = None
        if code:
            raise ValueError(printed)

    def rename(self, name: str, to: str) -> None:
        """`pulumi state rename`. Raises ValueError where that is refused."""
        code, printed = self._attempt("state", "rename", "--yes", self.resources[name].urn, to)
        self._kept = None
        if code:
            raise ValueError(printed)

    def rename_stack(self, name: str) -> None:
        """`pulumi stack rename`."""
        self._pulumi("stack", "rename", name)
        self._name, self._kept = name, None

    def export(self) -> str:
        """`pulumi stack export`."""
        return self._pulumi("stack", "export")

    def import_state(self, text: str) -> None:
        """`pulumi stack import`; the names in it become this stack's."""
        exported = json.loads(text)
        old = next(
            (
                item["urn"]
                for item in exported["deployment"].get("resources", [])
                if "pulumi:pulumi:Stack" in item["urn"]
            ),
            "",
        )
        if old:
            was = old.split(":")[2]
            text = text.replace(f"urn:pulumi:{was}::", f"urn:pulumi:{self._name}::")
            text = text.replace(f"{_PROJECT}-{was}", f"{_PROJECT}-{self._name}")
        path = self._directory / "exported.json"
        path.write_text(text)
        self._pulumi("stack", "import", "--force", f"--file={path}")
        self._kept = None

    def _forget_chosen(self, held: Held) -> None:
        """What the command does at a terminal, where it asks which of several is meant, as one is still to be deleted (cmd/pulumi/state/io.go,
        locateStackResource); without a terminal it refuses.
        """
        exported = json.loads(self.export())
        resources = exported["deployment"]["resources"]
        exported["deployment"]["resources"] = [
            item
            for item in resources
            if (item["urn"], item.get("id"), item.get("delete", False)) != (held.urn, held.id, False)
        ]
        self.import_state(json.dumps(exported))

    def _edit(self, what: str, *arguments: str) -> None:
        self._pulumi("state", what, "--yes", *arguments)
        self._kept = None

    def _run(self, command: str, program: Sequence[Declaration], *options: str) -> Outcome:
        outcome = Outcome()
        plugin = _Plugin(self._cloud, self._now, self._tell, outcome, self._serves)
        with _served(plugin, program) as (provider_port, language_port):
            arguments = [command, "--non-interactive", "--parallel=1", *options]
            arguments += ["--yes"] if command != "preview" else []
            if command in ("up", "preview"):
                arguments += [f"--client=127.0.0.1:{language_port}", "--exec-kind=auto.inline"]
            code, printed = self._attempt(*arguments, more={"PULUMI_DEBUG_PROVIDERS": f"{_OURS}:{provider_port}"})
        if code:
            outcome.errors.append("killed" if outcome.killed else printed)
        if command != "preview":
            self._kept = None
        return outcome

    def _serves(self, provider_id: str) -> None:
        """The engine makes the provider resource before any other, and tells the plugin its id: the backend is read only after the run."""
        if provider_id != UNKNOWN_ID:
            self.state.provider_id = provider_id

    def _tell(self, verb: Verb) -> None:
        for listener in self.listeners:
            listener(verb)

    def _urns(self) -> list[str]:
        return [item["urn"] for item in self._deployment().get("resources", [])]

    def _deployment(self) -> dict[str, Any]:
        path = self._directory / "state" / ".pulumi" / "stacks" / _PROJECT / f"{self._name}.json.zst"
        return dict(json.loads(opened(path.read_bytes()))["checkpoint"]["latest"] or {}) if path.exists() else {}

    def _read(self) -> State:
        state = State(self._name, _PROJECT)
        for item in self._deployment().get("resources", []):
            if item["type"] == f"pulumi:providers:{_OURS}":
                state.provider_id = item["id"]
            if not item.get("custom") or item["type"].startswith("pulumi:"):
                continue
            state.resources.append(
                Held(
                    item["urn"],
                    item.get("id", ""),
                    self._opened(item.get("inputs", {})),
                    self._opened(item.get("outputs", {})),
                    tuple(item.get("initErrors") or ()),
                    tuple(item.get("dependencies") or ()),
                    item.get("importID", ""),
                    item.get("taint", False),
                    item.get("protect", False),
                    item.get("retainOnDelete", False),
                    item.get("delete", False),
                    item.get("pendingReplacement", False),
                )
            )
        return state

    def _opened(self, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties with the secret of the key that they name in the place of its cipher, as the passphrase would give it."""
        return {
            name: self._secret_of(properties) if isinstance(value, Mapping) and "ciphertext" in value else value
            for name, value in properties.items()
        }

    def _secret_of(self, properties: Mapping[str, Any]) -> str:
        return self._cloud.secrets.get(str(properties.get("keyId")), "")

    def _pulumi(self, *arguments: str) -> str:
        code, printed = self._attempt(*arguments)
        assert not code, f"pulumi {' '.join(arguments)}: {printed}"
        return printed

    def _attempt(self, *arguments: str, more: Mapping[str, str] | None = None) -> tuple[int, str]:
        done = subprocess.run(
            [str(engine().executable), *arguments],
            check=False,
            cwd=self._directory,
            env={**self._environment, **(more or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout if not done.returncode else f"{done.stdout}\n{done.stderr}"


class _Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """The plugin's servicer behind real gRPC; a killed one answers nothing more.

    Each of the engine's connections has a process of its own, as it has without PULUMI_DEBUG_PROVIDERS: `up --refresh` loads a second one for the
    program's provider, whose Configure it leaves out, and goes on with the first (deploy/providers/registry.go, Check and Same).
    """

    def __init__(
        self,
        cloud: NearCloud,
        now: Callable[[], Any],
        tell: Listener,
        outcome: Outcome,
        serves: Callable[[str], None],
    ) -> None:
        self._cloud, self._now, self._tell, self._outcome, self._serves = cloud, now, tell, outcome, serves
        self._processes: dict[str, tuple[Session, ProviderServicer]] = {}
        """By the connection that they serve."""
        self._turn = threading.RLock()

    def __getattribute__(self, name: str) -> Any:
        if name[:1].isupper() and hasattr(ProviderServicer, name):
            return lambda request, context: self._verb(name, request, context)
        return super().__getattribute__(name)

    def _verb(self, name: str, request: Any, context: grpc.ServicerContext) -> Any:
        if context.peer() not in self._processes:
            self._processes[context.peer()] = self._begin()
        session, servicer = self._processes[context.peer()]
        if self._outcome.killed:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the plugin was killed")
        changes = name in _MUTATING and not getattr(request, "preview", False)
        with self._turn:
            held, inputs = _before(name, request) if changes else (None, {})
            if changes:
                self._tell(Verb(name, request.urn, held, inputs))
            result, well = None, False
            noting = _Noting(context)
            try:
                answer = getattr(servicer, name)(request, noting)
                result, well = _after(name, request, answer), True
            except Killed:
                self._outcome.killed = True
                context.abort(grpc.StatusCode.UNAVAILABLE, "the plugin was killed")
            finally:
                partial = partial_in(noting.trailing)
                if partial is not None and not well:
                    result = Held(request.urn, partial.id, as_json(partial.inputs), as_json(partial.properties))
                if changes:
                    self._tell(Verb(name, request.urn, held, inputs, over=True, result=result, well=well))
            if name == "Configure":
                self._serves(request.id)
                hurried(session)
                session.runtime().cloud.sdk = self._cloud.sdk
            return answer

    def _begin(self) -> tuple[Session, ProviderServicer]:
        session = Session(self._cloud.environment(), self._now)
        session.log = self._log  # type: ignore[method-assign]
        TYPES.update({token: type(handler)() for token, handler in TYPES.items()})
        return session, ProviderServicer(session)

    def _log(self, severity: Any, message: str, urn: str) -> None:
        self._outcome.logged.append(f"{severity}: {message}")


class _Noting:
    """gRPC's context, and what was sent along with an error."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        self._context = context
        self.trailing: tuple[tuple[str, Any], ...] = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def set_trailing_metadata(self, metadata: Any) -> None:
        """Kept, and sent."""
        self.trailing = tuple(metadata)
        self._context.set_trailing_metadata(metadata)


@dataclass
class _served:
    """The plugin and the program on ports of the loopback, as long as the block runs."""

    plugin: _Plugin
    program: Sequence[Declaration]

    def __enter__(self) -> tuple[int, int]:
        self._loops: list[asyncio.AbstractEventLoop] = []
        self._new_event_loop = asyncio.new_event_loop
        asyncio.new_event_loop = self._noted_loop
        self._pool = ThreadPoolExecutor(8)
        self._server = grpc.server(self._pool)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(self.plugin, self._server)
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(self._declare), self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        return port, port

    def __exit__(self, *error: object) -> None:
        self._server.stop(grace=None).wait()
        self._pool.shutdown()
        asyncio.new_event_loop = self._new_event_loop
        # Pulumi's own runtime leaves the event loops of its threads open.
        for loop in self._loops:
            loop.close()
        with warnings.catch_warnings():
            # What a killed run's program was still waiting for.
            warnings.simplefilter("ignore", RuntimeWarning)
            gc.collect()

    def _noted_loop(self) -> asyncio.AbstractEventLoop:
        loop = self._new_event_loop()
        self._loops.append(loop)
        return loop

    def _declare(self) -> None:
        own = pulumi.ProviderResource(_OURS, _OURS, {})
        yandex = _of_package(own, "yandex")
        made: dict[str, pulumi.CustomResource] = {}
        for declared in self.program:
            ids = {name: {"id": f"{_MARK}{name}{_MARK}"} for name in made}
            earlier = list(made.values())[-1:]
            inputs = {name: _InTurn(earlier, _joined(value, made)) for name, value in declared.inputs(ids).items()}
            made[declared.name] = pulumi.CustomResource(
                declared.token,
                declared.name,
                inputs,
                pulumi.ResourceOptions(
                    provider=yandex if declared.token.startswith("yandex:") else own,
                    aliases=[pulumi.Alias(name=declared.was)] if declared.was else None,
                    import_=declared.imports or None,
                    protect=declared.protect or None,
                    retain_on_delete=declared.retain or None,
                    delete_before_replace=declared.delete_before_replace,
                ),
            )


def _of_package(provider: pulumi.ProviderResource, package: str) -> pulumi.ProviderResource:
    """The same provider, as one of another package to the SDK, which drops it otherwise."""
    alike = pulumi.ProviderResource.__new__(pulumi.ProviderResource)
    alike.__dict__.update({**provider.__dict__, "package": package})
    return alike


@dataclass(frozen=True)
class _InTurn:
    """`value` once those are registered, so that resources follow each other in the program's order; no dependency comes of that.

    Awaitable, and no coroutine: the program of a run that is killed never waits for it, which Python would warn of.
    """

    earlier: Sequence[pulumi.CustomResource]
    value: Any

    def __await__(self) -> Generator[Any, Any, Any]:
        for resource in self.earlier:
            yield from resource.urn.future().__await__()
        return self.value


def _joined(value: Any, made: Mapping[str, pulumi.CustomResource]) -> Any:
    """`value` with the ids of resources where their marks stand."""
    if isinstance(value, str) and _MARK in value:
        parts = [made[part].id if at % 2 else part for at, part in enumerate(value.split(_MARK))]
        kept = [part for part in parts if not isinstance(part, str) or part]
        return kept[0] if len(kept) == 1 else pulumi.Output.concat(*kept)
    if isinstance(value, Mapping):
        return {name: _joined(item, made) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_joined(item, made) for item in value]
    return value


def _before(name: str, request: Any) -> tuple[Held | None, dict[str, Any]]:
    """What the state holds as the verb begins, and what it is given."""
    if name == "Create":
        return None, as_json(request.properties)
    old = request.properties if name == "Delete" else request.olds
    held = Held(request.urn, request.id, as_json(request.old_inputs), as_json(old))
    return held, held.inputs if name == "Delete" else as_json(request.news)


def _after(name: str, request: Any, answer: Any) -> Held | None:
    """What it holds when the verb has gone well."""
    if name == "Create":
        return Held(request.urn, answer.id, as_json(request.properties), as_json(answer.properties))
    if name == "Update":
        return Held(request.urn, request.id, as_json(request.news), as_json(answer.properties))
    return None


def directories(parent: Path) -> Iterator[Path]:
    """New directories, one for each stack."""
    for number in itertools.count(1):
        yield parent / f"backend-{number}-{os.getpid()}"
