"""What the Pulumi engine does with a stack, in small: thousands of runs in the time that the real one takes for one.

Read in the engine's own source (pulumi 3.259, pkg/resource/deploy: step.go, step_generator.go):
- a failed create leaves nothing in the state, a failed update the old state, unless the plugin says what exists (ErrorResourceInitFailed);
- what has initialization errors is updated by the next `up` even where nothing differs; a refresh forgets them;
- a failed step ends the run: nothing new is begun, nothing is deleted;
- a replacement is created first, and what it replaces is deleted at the end, by a later run where this one fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2

from tests.reliability.plugin_run import PluginRun, VerbFailed, struct, values

Outputs = Mapping[str, Mapping[str, Any]]
"""What the declarations before have become: by name, their outputs and their `id`."""


@dataclass(frozen=True)
class Declaration:
    """A resource as a program declares it. `inputs` follow from those declared before; `was` is its name before, `imports` an id to adopt."""

    name: str
    token: str
    inputs: Callable[[Outputs], Mapping[str, Any]]
    was: str = ""
    imports: str = ""


@dataclass(frozen=True)
class Held:
    """A resource as the state holds it."""

    name: str
    token: str
    id: str
    inputs: Struct
    outputs: Struct
    init_errors: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        """Its outputs as plain values."""
        return values(self.outputs)


@dataclass
class Outcome:
    """How a run ended: its errors, what it did (`create account`, …), and what it logged."""

    errors: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether the command's exit code wouldn't be 0."""
        return bool(self.errors)


class SmallStack:
    """A stack's state, kept from run to run; each command is a run of the plugin of its own, which `start` starts."""

    def __init__(self, start: Callable[[], PluginRun], name: str = "reliability") -> None:
        self._start, self._name = start, name
        self.resources: dict[str, Held] = {}
        self.pending_deletes: list[Held] = []

    def up(self, program: Sequence[Declaration], refresh: bool = False) -> Outcome:
        """`pulumi up`, or `pulumi up --refresh`."""
        return self._run(lambda run, outcome: self._up(run, outcome, program, refresh))

    def refresh(self) -> Outcome:
        """`pulumi refresh`."""
        return self._run(self._refresh)

    def destroy(self) -> Outcome:
        """`pulumi destroy`."""
        return self._run(lambda run, outcome: self._up(run, outcome, (), False))

    def _run(self, work: Callable[[PluginRun, Outcome], None]) -> Outcome:
        outcome = Outcome()
        run = self._start()
        try:
            with run:
                work(run, outcome)
        except VerbFailed as error:
            outcome.errors.append(str(error))
        outcome.logged = run.logged
        return outcome

    def _up(self, run: PluginRun, outcome: Outcome, program: Sequence[Declaration], refresh: bool) -> None:
        if refresh:
            self._refresh(run, outcome)
        outputs: dict[str, Mapping[str, Any]] = {}
        for declared in program:
            held = self._register(run, outcome, declared, outputs)
            outputs[declared.name] = {**held.values, "id": held.id}
        names = {declared.name for declared in program}
        gone = [held for name, held in self.resources.items() if name not in names]
        for held in reversed([*gone, *self.pending_deletes]):
            request = provider_pb2.DeleteRequest(id=held.id, urn=self._urn(held), properties=held.outputs)
            run.call("Delete", request)
            outcome.done.append(f"delete {held.name}")
            if self.resources.get(held.name) is held:
                del self.resources[held.name]
            else:
                self.pending_deletes.remove(held)

    def _register(self, run: PluginRun, outcome: Outcome, declared: Declaration, outputs: Outputs) -> Held:
        if declared.was in self.resources and declared.name not in self.resources:
            self.resources[declared.name] = replace(self.resources.pop(declared.was), name=declared.name)
        old = self.resources.get(declared.name)
        if old is None and declared.imports:
            old = self._import(run, outcome, declared)
        urn = self._urn(declared)
        news = struct(declared.inputs(outputs))
        checked = run.call("Check", provider_pb2.CheckRequest(urn=urn, olds=old.inputs if old else None, news=news))
        if checked.failures:
            raise VerbFailed("; ".join(f"{failure.property}: {failure.reason}" for failure in checked.failures))
        if old is None:
            return self._create(run, outcome, declared, checked.inputs)
        request = provider_pb2.DiffRequest(
            id=old.id, urn=urn, olds=old.outputs, news=checked.inputs, old_inputs=old.inputs
        )
        diff = run.call("Diff", request)
        if diff.replaces:
            if diff.deleteBeforeReplace:
                run.call("Delete", provider_pb2.DeleteRequest(id=old.id, urn=urn, properties=old.outputs))
                del self.resources[declared.name]
                return self._create(run, outcome, declared, checked.inputs)
            new = self._create(run, outcome, declared, checked.inputs)
            self.pending_deletes.append(old)
            return new
        if diff.changes == proto.DiffResponse.DIFF_SOME or old.init_errors:
            return self._update(run, outcome, old, checked.inputs)
        self.resources[declared.name] = replace(old, inputs=checked.inputs)
        return self.resources[declared.name]

    def _create(self, run: PluginRun, outcome: Outcome, declared: Declaration, inputs: Struct) -> Held:
        try:
            answer = run.call("Create", provider_pb2.CreateRequest(urn=self._urn(declared), properties=inputs))
        except VerbFailed as error:
            if error.partial is not None:
                self.resources[declared.name] = _partly(declared.name, declared.token, inputs, error.partial)
            raise
        held = Held(declared.name, declared.token, answer.id, inputs, answer.properties)
        self.resources[declared.name] = held
        outcome.done.append(f"create {declared.name}")
        return held

    def _update(self, run: PluginRun, outcome: Outcome, old: Held, inputs: Struct) -> Held:
        request = provider_pb2.UpdateRequest(
            id=old.id, urn=self._urn(old), olds=old.outputs, news=inputs, old_inputs=old.inputs
        )
        try:
            answer = run.call("Update", request)
        except VerbFailed as error:
            if error.partial is not None:
                self.resources[old.name] = _partly(old.name, old.token, inputs, error.partial)
            raise
        held = Held(old.name, old.token, old.id, inputs, answer.properties)
        self.resources[old.name] = held
        outcome.done.append(f"update {old.name}")
        return held

    def _refresh(self, run: PluginRun, outcome: Outcome) -> None:
        for held in list(self.resources.values()):
            request = provider_pb2.ReadRequest(
                id=held.id, urn=self._urn(held), properties=held.outputs, inputs=held.inputs
            )
            answer = run.call("Read", request)
            if not answer.id:
                del self.resources[held.name]
                outcome.done.append(f"gone {held.name}")
            else:
                self.resources[held.name] = Held(held.name, held.token, answer.id, answer.inputs, answer.properties)

    def _import(self, run: PluginRun, outcome: Outcome, declared: Declaration) -> Held:
        answer = run.call("Read", provider_pb2.ReadRequest(id=declared.imports, urn=self._urn(declared)))
        if not answer.id:
            raise VerbFailed(f"resource '{declared.imports}' does not exist")
        held = Held(declared.name, declared.token, answer.id, answer.inputs, answer.properties)
        self.resources[declared.name] = held
        outcome.done.append(f"import {declared.name}")
        return held

    def _urn(self, resource: Declaration | Held) -> str:
        return f"urn:pulumi:{self._name}::api-keys::{resource.token}::{resource.name}"


def _partly(name: str, token: str, inputs: Struct, partial: Any) -> Held:
    return Held(
        name,
        token,
        partial.id,
        partial.inputs if partial.inputs.fields else inputs,
        partial.properties,
        tuple(partial.reasons),
    )
