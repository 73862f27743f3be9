"""What the Pulumi engine does with a stack, in small: thousands of runs in the time that the real one takes for one.

Read in the engine's own source (pulumi 3.259, pkg/resource/deploy: step_generator.go, step.go, deployment_executor.go, providers/registry.go):
- one plugin process a run, for all types; Handshake and Configure come first, and say which provider resource of which state is served;
- the provider resource's id is made by the first update and noted before any resource; a preview that comes before gives the text for unknown;
- Check gets the old inputs, but none for what is new, marked for replacement (`--replace`, a taint), or made again after its deletion; after a Diff
  that replaces it is asked once more without any;
- what is marked for replacement is replaced without a Diff, created first and deleted at the end; a command that names for replacement what the
  state doesn't hold is refused before the program runs (deployment_executor.go, checkTargets);
- what a resource was before is looked up in the state as the program begins, by its URN, else by its alias; one that is claimed twice, by its own
  name and by another's alias, is refused (step_generator.go, getOldResource);
- a replacement is created first, unless Diff or the program asks for the other order; then what depends on it and would be replaced too (Diff is
  asked, with the properties that come from it unknown) is deleted before;
- a failed create leaves nothing in the state, a failed update the old state, unless the plugin says what exists (ErrorResourceInitFailed);
- what has initialization errors is updated by the next `up` even where nothing differs; a refresh forgets them;
- a failed step ends the run: nothing new is begun, nothing is deleted; what is still to be deleted stays in the state, and every later run that ends
  well deletes it, whatever the program says by then;
- deletes come last, dependents before what they depend on; a protected resource is not deleted, one with `retainOnDelete` is only forgotten;
- an import reads by the id alone; by the option, Check (with what was read as the old inputs), Diff and, where it differs, Update follow in the same
  run;
- a refresh reads everything, then asks Diff the other way round, for what it shows;
- where one is found by an alias, all that the state still holds under its old URN has the new one after the run, what is to be deleted included
  (snapshot.go, NormalizeURNReferences);
- a resource that isn't targeted is neither checked nor diffed, and one that isn't there yet is skipped; an import by the option is made all the
  same (step_generator.go, continueStepsFromRefresh), and left as it was read.
Steps run one after the other here, in the program's order; a plugin that is killed, or an engine that is, leaves the state as the last finished
step has left it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2

from provider.yandex_keys.properties import UNKNOWN
from tests.reliability.engine_state import Held, Json, State, as_json, as_struct
from tests.reliability.near_cloud import Killed
from tests.reliability.plugin_run import UNKNOWN_ID, Identity, PluginRun, VerbFailed, struct, values

__all__ = ["Declaration", "Held", "Outcome", "Outputs", "SmallStack"]

Outputs = Mapping[str, Mapping[str, Any]]
"""What the declarations before have become: by name, their outputs and their `id`."""
Start = Callable[[Identity], PluginRun]
Listener = Callable[["Verb"], None]


@dataclass(frozen=True)
class Declaration:
    """A resource as a program declares it, with its options.

    `inputs` follow from those declared before; `was` is its name before (an alias), `imports` an id to adopt.
    """

    name: str
    token: str
    inputs: Callable[[Outputs], Mapping[str, Any]]
    was: str = ""
    imports: str = ""
    protect: bool = False
    retain: bool = False
    delete_before_replace: bool | None = None


@dataclass(frozen=True)
class Verb:
    """A verb that changes things, as a listener is told of it: `over` False as it begins, True when it has ended, `well` or not.

    held: what the state holds of it before (None at a create); inputs: those that it is given (at a delete, those that it had); result: what the
    state holds afterwards (None: nothing, or as before).
    """

    name: str
    urn: str
    held: Held | None
    inputs: Json
    over: bool = False
    result: Held | None = None
    well: bool = False


@dataclass
class Outcome:
    """How a run ended: its errors, what it did (`create account`, …), what it logged, and whether it was killed.

    in_any_order: whether it broke off among deletions that the real engine makes in no fixed order (a Go set gives them, deploy/step_generator.go):
    which of them are done is chance there.
    """

    errors: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    killed: bool = False
    in_any_order: bool = False

    @property
    def failed(self) -> bool:
        """Whether the command's exit code wouldn't be 0."""
        return bool(self.errors)


@dataclass(frozen=True)
class Options:
    """What a command line says: names of resources. `targets` None: all of them."""

    targets: frozenset[str] | None = None
    replaces: frozenset[str] = frozenset()
    excludes: frozenset[str] = frozenset()

    def includes(self, name: str) -> bool:
        """Whether the run concerns that resource."""
        return name not in self.excludes if self.targets is None else name in self.targets


class SmallStack:
    """A stack, whose state is kept from run to run; each command is a run of the plugin of its own, which `start` starts."""

    def __init__(self, start: Start, name: str = "reliability") -> None:
        self._start = start
        self.state = State(name)
        self.listeners: list[Listener] = []
        self.left_to_chance = False
        """Whether one of its runs broke off `in_any_order`."""

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.state.stack

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
        """`pulumi up`, with its options by their names; `preview`: the preview that comes first unless `--skip-preview` is given."""
        targets = None if target is None and not target_replace else frozenset([*(target or ()), *target_replace])
        options = Options(targets, frozenset([*replace, *target_replace]), frozenset(exclude))
        if options.replaces and not self.state.provider_id:
            # There is nothing to refresh first, and the engine makes no provider resource either.
            return Outcome([_not_found(options.replaces)])
        if preview:
            before = self._preview(program, options)
            if before.failed:
                return before
        return self._run(lambda run: run.up(program, options, refresh))

    def preview(self, program: Sequence[Declaration], **options: Any) -> Outcome:
        """`pulumi preview`; what it says is done is what it shows. Takes the options of `up`."""
        targets = options.get("target")
        chosen = Options(
            None if targets is None else frozenset(targets),
            frozenset(options.get("replace", ())),
            frozenset(options.get("exclude", ())),
        )
        return self._preview(program, chosen)

    def refresh(self, target: Collection[str] | None = None) -> Outcome:
        """`pulumi refresh`."""
        options = Options(None if target is None else frozenset(target))
        return self._run(lambda run: run.refresh(options), makes=False)

    def destroy(self, target: Collection[str] | None = None) -> Outcome:
        """`pulumi destroy`."""
        options = Options(None if target is None else frozenset(target))
        return self._run(lambda run: run.destroy(options), makes=False)

    def bring_in(self, declared: Declaration, protect: bool = True) -> Outcome:
        """`pulumi import` of what `declared.imports` names, with `--protect=false` where that is asked for."""
        return self._run(lambda run: run.bring_in(declared, protect))

    def taint(self, name: str) -> None:
        """`pulumi state taint`."""
        self._edit(name, taint=True)

    def protect(self, name: str, on: bool = True) -> None:
        """`pulumi state protect`, or `unprotect`."""
        self._edit(name, protect=on)

    def forget(self, name: str) -> None:
        """`pulumi state delete`. Raises ValueError where that is refused: it is protected, or others depend on it."""
        held = self.resources[name]
        if held.protect:
            raise ValueError(f"{name} is protected")
        others = [item for item in self.state.resources if held.urn in item.needs and item.urn != held.urn]
        if others:
            raise ValueError(f"{others[0].name} depends on {name}")
        self.state.remove(held)

    def rename(self, name: str, to: str) -> None:
        """`pulumi state rename`. Raises ValueError where that is refused: another resource has the old URN as well, or the new one, be it one that is
        still to be deleted (cmd/pulumi/state/state_rename.go).
        """
        held = self.resources[name]
        urn = held.urn.removesuffix(name) + to
        others = [item.urn for item in self.state.resources if item is not held and item.urn in (held.urn, urn)]
        if others:
            raise ValueError(f"more than one resource is {others[0]}")

        def renamed(item: Held) -> Held:
            needs = tuple(urn if need == held.urn else need for need in item.needs)
            return replace(item, urn=urn if item is held else item.urn, needs=needs)

        self.state.resources = [renamed(item) for item in self.state.resources]

    def rename_stack(self, name: str) -> None:
        """`pulumi stack rename`."""
        self.state.rename_stack(name)

    def export(self) -> str:
        """`pulumi stack export`."""
        return self.state.text()

    def import_state(self, text: str) -> None:
        """`pulumi stack import`, of this stack's own export or of another's; the names in it become this stack's, as the command makes them."""
        name = self.name
        self.state = State.of(text)
        self.state.rename_stack(name)

    def _edit(self, name: str, **changes: Any) -> None:
        held = self.resources[name]
        self.state.put(replace(held, **changes), held)

    def _preview(self, program: Sequence[Declaration], options: Options) -> Outcome:
        kept = State.of(self.state.text())
        return self._run(lambda run: run.up(program, options, False), kept, dry=True)

    def _run(
        self, work: Callable[[_Run], None], state: State | None = None, dry: bool = False, makes: bool = True
    ) -> Outcome:
        """`makes`: whether the command makes the provider resource where there is none; the others have nothing to do then."""
        outcome = Outcome()
        state = self.state if state is None else state
        if not state.provider_id and not dry:
            if not makes:
                return outcome
            state.provider_id = str(uuid.uuid4())
        plugin = self._start(state.identity() if state.provider_id else state.identity(UNKNOWN_ID))
        run = _Run(plugin, state, outcome, dry, self._tell)
        try:
            with plugin:
                work(run)
        except VerbFailed as error:
            outcome.errors.append(str(error))
        except Killed as error:
            outcome.killed = True
            outcome.errors.append(f"killed {error}")
        finally:
            run.settle()
        outcome.logged = plugin.logged
        self.left_to_chance |= outcome.in_any_order
        return outcome

    def _tell(self, verb: Verb) -> None:
        for listener in self.listeners:
            listener(verb)


class _Made(Mapping[str, Mapping[str, Any]]):
    """The outputs that a declaration may use; notes which it did use."""

    def __init__(self, made: Mapping[str, tuple[str, Mapping[str, Any]]]) -> None:
        self._made = made
        self.used: list[str] = []

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        urn, outputs = self._made[name]
        if urn not in self.used:
            self.used.append(urn)
        return outputs

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


class _Run:
    """One command at work on a state."""

    def __init__(self, plugin: PluginRun, state: State, outcome: Outcome, dry: bool, tell: Listener) -> None:
        self._plugin, self._state, self._outcome, self._dry, self._tell = plugin, state, outcome, dry, tell
        self._options = Options()
        self._made: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._olds: set[str] = set()
        """URNs that the state held as the program began."""
        self._seen: set[str] = set()
        """URNs that were registered, and the old ones of those that were found by an alias."""
        self._aliased: dict[str, str] = {}
        """By the URN that a resource had before, the one that it has now."""
        self._skipped: set[str] = set()
        self._deleted_early: dict[str, Held] = {}
        """Deleted before what they depend on, and not made again yet."""

    def up(self, program: Sequence[Declaration], options: Options, refresh: bool) -> None:
        """Registers what the program declares, in its order, then deletes what it doesn't."""
        self._options = options
        if refresh:
            self.refresh(options)
        unknown = options.replaces - {held.name for held in self._state.resources}
        if unknown:
            raise VerbFailed(_not_found(unknown))
        self._olds = {held.urn for held in self._state.live()}
        for declared in program:
            held = self._register(declared)
            if held is not None:
                found = UNKNOWN if self._dry and not held.id else held.id
                self._made[declared.name] = (held.urn, {**held.values, "id": found})
        self._delete([held for held in self._state.resources if held.delete or held.urn not in self._seen])

    def settle(self) -> None:
        """What the state says once it is written: no URN that a resource had before it was renamed in this run."""
        now = {was: urn for was, urn in self._aliased.items() if self._state.find(urn) is not None}
        if not now:
            return
        self._state.resources = [
            replace(held, urn=now.get(held.urn, held.urn), needs=tuple(now.get(need, need) for need in held.needs))
            for held in self._state.resources
        ]

    def destroy(self, options: Options) -> None:
        """Deletes everything."""
        self._options = options
        self._delete(list(self._state.resources))
        if not self._state.resources:
            self._state.provider_id = ""

    def refresh(self, options: Options) -> None:
        """Reads everything. One that fails doesn't keep the others from it."""
        failed = None
        for held in list(self._state.resources):
            if not options.includes(held.name) or held.pending_replacement:
                continue
            try:
                self._read_again(held)
            except VerbFailed as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def bring_in(self, declared: Declaration, protect: bool) -> None:
        """What `pulumi import` does: it reads and checks, and notes what was read."""
        urn = self._state.urn(declared.token, declared.name)
        if self._state.find(urn) is not None:
            raise VerbFailed(f"resource '{urn}' already exists")
        held = replace(self._import(urn, declared), import_id="", protect=protect)
        request = provider_pb2.CheckRequest(
            urn=urn, olds=as_struct(held.inputs), news=as_struct(held.inputs), name=held.name, type=held.token
        )
        self._plugin.call("Check", request)
        self._state.put(held)
        self._outcome.done.append(f"import {declared.name}")

    def _register(self, declared: Declaration) -> Held | None:
        """The resource as it is afterwards; None where it is not there, as it wasn't targeted."""
        urn = self._state.urn(declared.token, declared.name)
        old = self._before(declared)
        early = self._deleted_early.pop(urn, None)
        self._seen.update({urn, *([old.urn] if old else [])})
        used = _Made(self._made)
        imported = bool(declared.imports) and (old is None or (old.import_id or old.id) != declared.imports)
        if not self._options.includes(declared.name):
            if imported:
                with suppress(KeyError):
                    declared.inputs(used)
                return self._imported(declared, urn, old, used)
            if old is None:
                self._skipped.add(declared.name)
            return old
        try:
            news = struct(declared.inputs(used))
        except KeyError as error:
            raise VerbFailed(f"{declared.name} depends on {error}, which was not specified in --target") from None
        goal = _Goal(declared, urn, news, tuple(used.used))
        if imported:
            old = self._imported(declared, urn, old, used)
        marked = old is not None and (declared.name in self._options.replaces or old.taint)
        fresh = old is None or early is not None or marked
        inputs = self._check(goal, None if fresh else old)
        if early is not None or old is None:
            return self._create(goal, inputs, early)
        return self._compared(goal, inputs, old, marked, imported)

    def _before(self, declared: Declaration) -> Held | None:
        """What it was as the program began. Raises VerbFailed where another resource of the program is that."""
        urn = self._state.urn(declared.token, declared.name)
        if urn in self._seen:
            raise VerbFailed(f"duplicate resource URN {urn!r}: it is the alias of another resource")
        if urn in self._olds:
            return self._state.find(urn)
        alias = self._state.urn(declared.token, declared.was) if declared.was else ""
        if alias not in self._olds:
            return None
        if alias in self._seen:
            raise VerbFailed(f"duplicate resource alias {alias!r} of {urn!r}: another resource has that URN")
        self._aliased[alias] = urn
        return self._state.find(alias)

    def _imported(self, declared: Declaration, urn: str, replaced: Held | None, used: _Made) -> Held:
        """As it was read; what it replaces is deleted at the end."""
        read = replace(self._import(urn, declared), needs=tuple(used.used))
        self._state.put(read)
        if replaced is not None:
            self._state.put(replace(replaced, delete=True), replaced)
        self._outcome.done.append(f"import {declared.name}")
        return read

    def _compared(self, goal: _Goal, inputs: Struct, old: Held, marked: bool, imported: bool) -> Held:
        changes, replaces, first = True, marked, False
        if not marked:
            diff = self._diff(goal.urn, old, inputs)
            changes, replaces = diff.changes == proto.DiffResponse.DIFF_SOME, bool(diff.replaces)
            first = diff.deleteBeforeReplace
        if goal.declared.delete_before_replace is not None:
            first = goal.declared.delete_before_replace
        if (changes and replaces) or old.pending_replacement:
            return self._replaced(goal, inputs, old, marked, first)
        if changes or old.init_errors:
            return self._update(goal, inputs, old)
        if imported:
            # What was imported stays as it was read where the program agrees with it.
            return old
        same = goal.held(old.id, as_json(inputs), old.outputs)
        if not self._dry:
            self._state.put(same, old)
        return same

    def _replaced(self, goal: _Goal, inputs: Struct, old: Held, marked: bool, first: bool) -> Held:
        if goal.declared.protect and old.protect:
            raise VerbFailed(f"unable to replace resource {goal.urn!r} as it is currently marked for protection")
        if goal.declared.imports:
            raise VerbFailed("previously-imported resources that still specify an ID may not be replaced")
        if not marked:
            inputs = self._check(goal, None)
        if not first:
            return self._create(goal, inputs, old, pending=True)
        for dependent in reversed(self._replaced_along(old)):
            if dependent.protect:
                raise VerbFailed(f"unable to replace resource {dependent.urn!r} as part of replacing {goal.urn!r}")
            self._deleted_early[dependent.urn] = self._delete_one(dependent, replacing=True)
        if not old.pending_replacement:
            old = self._delete_one(old, replacing=True)
        return self._create(goal, inputs, old)

    def _replaced_along(self, root: Held) -> list[Held]:
        """What depends on `root` and would be replaced by a change of it, in the order of the state."""
        found: list[Held] = []
        roots = [root]
        for held in self._state.live():
            above = [item for item in roots if item.urn in held.needs]
            if held is root or held.urn in self._seen or held.pending_replacement or not above:
                continue
            inputs = values(as_struct(held.inputs))
            unknown = {
                name: UNKNOWN if any(item.id in str(value) for item in above) else value
                for name, value in inputs.items()
            }
            if self._diff(held.urn, held, struct(unknown)).replaces:
                found.append(held)
                roots.append(held)
        return found

    def _check(self, goal: _Goal, old: Held | None) -> Struct:
        request = provider_pb2.CheckRequest(
            urn=goal.urn,
            olds=as_struct(old.inputs) if old else None,
            news=goal.news,
            name=goal.declared.name,
            type=goal.declared.token,
        )
        checked = self._plugin.call("Check", request)
        if checked.failures:
            raise VerbFailed("; ".join(f"{failure.property}: {failure.reason}" for failure in checked.failures))
        return checked.inputs  # type: ignore[no-any-return]

    def _diff(self, urn: str, old: Held, inputs: Struct) -> Any:
        request = provider_pb2.DiffRequest(
            id=old.id,
            urn=urn,
            olds=as_struct(old.outputs),
            news=inputs,
            old_inputs=as_struct(old.inputs),
            name=urn.split("::", 3)[-1],
            type=old.token,
        )
        return self._plugin.call("Diff", request)

    def _create(self, goal: _Goal, inputs: Struct, old: Held | None, pending: bool = False) -> Held:
        """`old` is what it replaces; `pending`: that is deleted at the end."""
        urn, declared = goal.urn, goal.declared
        request = provider_pb2.CreateRequest(
            urn=urn, properties=inputs, preview=self._dry, name=declared.name, type=declared.token
        )
        self._outcome.done.append(f"create {declared.name}")
        if self._dry:
            answer = self._plugin.call("Create", request)
            return goal.held(answer.id, as_json(inputs), as_json(answer.properties))
        new, failed = self._changed("Create", goal, request, inputs, None)
        if new is not None:
            if old is not None and pending:
                self._state.put(replace(old, delete=True), old)
                self._state.resources.insert(self._state.resources.index(replace(old, delete=True)), new)
            else:
                self._state.put(new, old)
        if failed is not None:
            self._outcome.done.pop()
            raise failed
        assert new is not None
        return new

    def _update(self, goal: _Goal, inputs: Struct, old: Held) -> Held:
        urn, declared = goal.urn, goal.declared
        request = provider_pb2.UpdateRequest(
            id=old.id,
            urn=urn,
            olds=as_struct(old.outputs),
            news=inputs,
            old_inputs=as_struct(old.inputs),
            preview=self._dry,
            name=declared.name,
            type=declared.token,
        )
        self._outcome.done.append(f"update {declared.name}")
        if self._dry:
            answer = self._plugin.call("Update", request)
            return goal.held(old.id, as_json(inputs), as_json(answer.properties))
        new, failed = self._changed("Update", goal, request, inputs, old)
        if new is not None:
            self._state.put(new, old)
        if failed is not None:
            self._outcome.done.pop()
            raise failed
        assert new is not None
        return new

    def _changed(
        self, verb: str, goal: _Goal, request: Any, inputs: Struct, old: Held | None
    ) -> tuple[Held | None, VerbFailed | None]:
        """What there is after that verb, and how it failed: a failure may leave something as well. Its listeners are told of both ends."""
        new, failed = None, None
        self._tell(Verb(verb, goal.urn, old, as_json(inputs)))
        try:
            answer = self._plugin.call(verb, request)
            new = goal.held(old.id if old else answer.id, as_json(inputs), as_json(answer.properties))
        except VerbFailed as error:
            failed = error
            if error.partial is not None:
                new = _partly(goal, inputs, error.partial)
        finally:
            well = new is not None and failed is None
            self._tell(Verb(verb, goal.urn, old, as_json(inputs), over=True, result=new, well=well))
        return new, failed

    def _delete(self, condemned: list[Held]) -> None:
        """Deletes in rounds: in each, what nothing depends on that is still to go."""
        left = [held for held in condemned if self._options.includes(held.name)]
        while left:
            needed = {urn for held in left for urn in held.needs if urn != held.urn}
            round_ = [held for held in left if held.urn not in needed] or left
            self._outcome.in_any_order = len(round_) > 1
            for held in reversed(round_):
                if held.pending_replacement:
                    self._state.remove(held)
                elif self._dry:
                    self._outcome.done.append(f"delete {held.name}")
                else:
                    if held.protect and not held.delete:
                        raise VerbFailed(f"resource {held.urn!r} cannot be deleted because it is protected")
                    self._delete_one(held)
            self._outcome.in_any_order = False
            left = [held for held in left if held not in round_]

    def _delete_one(self, held: Held, replacing: bool = False) -> Held:
        """`replacing`: it stays in the state, as one whose replacement is still to be made; that is answered."""
        request = provider_pb2.DeleteRequest(
            id=held.id,
            urn=held.urn,
            properties=as_struct(held.outputs),
            old_inputs=as_struct(held.inputs),
            name=held.name,
            type=held.token,
        )
        if self._dry:
            return held
        if not held.retain:
            self._tell(Verb("Delete", held.urn, held, held.inputs))
            well = False
            try:
                self._plugin.call("Delete", request)
                well = True
            finally:
                self._tell(Verb("Delete", held.urn, held, held.inputs, over=True, well=well))
        self._outcome.done.append(f"delete {held.name}")
        if replacing:
            waiting = replace(held, pending_replacement=True)
            self._state.put(waiting, held)
            return waiting
        self._state.remove(held)
        return held

    def _read_again(self, held: Held) -> None:
        request = provider_pb2.ReadRequest(
            id=held.id,
            urn=held.urn,
            properties=as_struct(held.outputs),
            inputs=as_struct(held.inputs),
            name=held.name,
            type=held.token,
        )
        answer = self._plugin.call("Read", request)
        if not answer.id:
            self._state.remove(held)
            self._outcome.done.append(f"gone {held.name}")
            return
        inputs = as_json(answer.inputs) if answer.HasField("inputs") else held.inputs
        found = replace(held, id=answer.id, inputs=inputs, outputs=as_json(answer.properties), init_errors=())
        self._diff(held.urn, found, as_struct(held.inputs))
        if found.outputs != held.outputs:
            self._outcome.done.append(f"refresh {held.name}")
        self._state.put(found, held)

    def _import(self, urn: str, declared: Declaration) -> Held:
        """As it was read. Raises VerbFailed where there is nothing of that id."""
        request = provider_pb2.ReadRequest(id=declared.imports, urn=urn, name=declared.name, type=declared.token)
        answer = self._plugin.call("Read", request)
        if not answer.id:
            raise VerbFailed(f"resource '{declared.imports}' does not exist")
        return Held(
            urn,
            answer.id,
            as_json(answer.inputs),
            as_json(answer.properties),
            import_id=declared.imports,
            protect=declared.protect,
            retain=declared.retain,
        )


@dataclass(frozen=True)
class _Goal:
    """What a declaration asks for: its URN, its inputs as the program gives them, and the URNs that they came from."""

    declared: Declaration
    urn: str
    news: Struct
    needs: tuple[str, ...]

    def held(self, resource_id: str, inputs: Json, outputs: Json, errors: tuple[str, ...] = ()) -> Held:
        """What the state then holds."""
        declared = self.declared
        return Held(
            self.urn,
            resource_id,
            inputs,
            outputs,
            errors,
            self.needs,
            import_id=declared.imports,
            protect=declared.protect,
            retain=declared.retain,
        )


def _not_found(names: Collection[str]) -> str:
    return f"targets could not be found in the stack: {', '.join(sorted(names))}"


def _partly(goal: _Goal, inputs: Struct, partial: Any) -> Held:
    given = partial.inputs if partial.inputs.fields else inputs
    return goal.held(partial.id, as_json(given), as_json(partial.properties), tuple(partial.reasons))
