"""Every operation of the engine on a stack that lives, with consumers that never stop: what each delivery gives is looked at after every call.

An operation is what a user does, in a few commands; each is done at several moments of a key's life, with every delivery, undisturbed and with the
run killed at every one of its calls. Afterwards plain runs settle it, time passes, and nothing is left behind.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from tests.reliability import programs
from tests.reliability.near_cloud import Kill, near_cloud
from tests.reliability.programs import SCOPE, key
from tests.reliability.real_engine import RealStack, directories
from tests.reliability.small_engine import Declaration, Outcome, SmallStack
from tests.reliability.workers import processors
from tests.reliability.world import World
from tools.table import Table

DELIVERIES: Final = ("Lockbox", "output", "shared secret")
MOMENTS: Final = ("just issued", "in an overlap", "due")
_OUTPUT: Final[dict[str, Any]] = {"lockbox": None, "exposeSecret": True}
_PART: Final = 40
_NEVER: Final = 1_000_000

Told = Callable[[str], None]


class _Stopped(Exception):
    """The run was killed: the user's commands end here."""


@dataclass
class LiveStack:
    """A stack `prod` with its key `key`, and whatever the operation brings in; `declared` is what each stack's program says by now."""

    world: World
    delivery: str
    declared: dict[int, list[Declaration]] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    by_hand: str = ""
    """The Lockbox secret in which a colleague keeps an entry of their own, if there is one."""
    hopeless: SmallStack | None = None
    """A stack whose program can't come up, as somebody else has what it wants to make."""

    def __post_init__(self) -> None:
        self.stack = self.world.stack("prod")
        self.declare(self.stack, self.program())

    def program(self, name: str = "key", more: Sequence[Declaration] = (), **options: Any) -> list[Declaration]:
        """The account with its role, the secret with its reader, `more`, and the key as `name`."""
        return [*self.ground(), *more, self.key(name, **options), *self.others()]

    def ground(self) -> list[Declaration]:
        """What keys stand on."""
        return [
            programs.account("life"),
            programs.role(self.world.cloud.folder_id),
            programs.secret("life"),
            programs.reader(),
        ]

    def others(self) -> list[Declaration]:
        """The other key of a shared secret."""
        return [key("other", entry="green")] if self.delivery == "shared secret" else []

    def key(self, name: str = "key", **options: Any) -> Declaration:
        """The key, delivered as this life's are, with what `change` has said."""
        delivery = {"entry": "red"} if self.delivery == "shared secret" else {}
        return key(name, **{**delivery, **(_OUTPUT if self.delivery == "output" else {}), **self.inputs, **options})

    def declare(self, stack: SmallStack, program: Sequence[Declaration]) -> None:
        """What the program says from now on."""
        self.declared[id(stack)] = list(program)

    def change(self, **inputs: Any) -> None:
        """Changes inputs of the key."""
        self.inputs.update(inputs)
        self.declare(self.stack, self.program())

    def up(self, stack: SmallStack | None = None, **options: Any) -> Outcome:
        """`pulumi up` that has to go well."""
        stack = stack or self.stack
        return self.must(self.world.up(stack, self.declared[id(stack)], **options))

    def fails(self, words: str, outcome: Outcome) -> None:
        """A command that has to be refused, with these words."""
        self._stop_if_killed(outcome)
        if not outcome.failed or words not in " ".join(outcome.errors):
            self.world.broken.append(f"not refused with {words!r}: {outcome.errors}")

    def must(self, outcome: Outcome) -> Outcome:
        """A command that has to go well."""
        self._stop_if_killed(outcome)
        if outcome.failed:
            self.world.broken.append(f"failed: {'; '.join(outcome.errors)[:300]}")
        return outcome

    def refresh(self) -> None:
        """`pulumi refresh`."""
        self.must(self.world.refresh(self.stack))

    def line(self, name: str = "key") -> str:
        """The line of a key that the state holds."""
        return self.stack.resources[name].id

    def key_id(self, name: str = "key") -> str:
        """The current key of a declaration."""
        return str(self.stack.resources[name].values["keyId"])

    def retire(self, stack: SmallStack) -> None:
        """Nobody works with that stack any more; what it alone holds is nobody's."""
        lines = [held.id for held in stack.state.resources]
        self.world.stacks.remove(stack)
        for line in lines:
            self.world.release(line)

    def pass_days(self, days: float) -> None:
        """Time goes by."""
        self.world.advance(timedelta(days=days))

    @staticmethod
    def _stop_if_killed(outcome: Outcome) -> None:
        if outcome.killed:
            raise _Stopped


@dataclass(frozen=True)
class Operation:
    """What a user does. only: the deliveries that it makes sense for."""

    name: str
    act: Callable[[LiveStack], None]
    only: tuple[str, ...] = DELIVERIES


def _target(life: LiveStack) -> None:
    life.change(reissue="1")
    life.up(target=["key"])


def _target_replace(life: LiveStack) -> None:
    life.up(target_replace=["key"])


def _replace(life: LiveStack) -> None:
    life.up(replace=["key"])


def _taint(life: LiveStack) -> None:
    life.stack.taint("key")
    life.up(preview=True)


def _exclude(life: LiveStack) -> None:
    life.change(reissue="1")
    life.up(exclude=["key"])


def _refresh(life: LiveStack) -> None:
    life.refresh()
    life.up()


def _up_refresh(life: LiveStack) -> None:
    life.up(refresh=True)


def _preview(life: LiveStack) -> None:
    life.change(reissue="1")
    life.must(life.stack.preview(life.declared[id(life.stack)]))
    life.up(preview=True)


def _made_by_hand(life: LiveStack) -> str:
    """A key that a colleague made and delivered by hand, to the entry `legacy`; its id."""
    made = life.world.by_hand(
        "ApiKeyService/Create",
        {"service_account_id": life.stack.resources["account"].id, "description": "legacy", "scopes": [SCOPE]},
    )
    entries = [
        {"key": "legacy", "text_value": made["secret"]},
        {"key": "legacy_id", "text_value": made["api_key"]["id"]},
    ]
    life.world.by_hand(
        "SecretService/AddVersion", {"secret_id": life.stack.resources["secret"].id, "payload_entries": entries}
    )
    return str(made["api_key"]["id"])


def _import_by_option(life: LiveStack) -> None:
    adopted = key("legacy", entry="legacy", imports=_made_by_hand(life))
    life.declare(life.stack, [*life.program(), adopted])
    life.up()
    life.declare(life.stack, [*life.program(), key("legacy", entry="legacy")])
    life.up()


def _import_by_command(life: LiveStack) -> None:
    declared = key("legacy", entry="legacy", imports=_made_by_hand(life))
    life.must(life.stack.bring_in(declared, protect=False))
    life.declare(life.stack, [*life.program(), key("legacy", entry="legacy")])
    life.up()


def _state_delete(life: LiveStack) -> None:
    line = life.line()
    life.stack.forget("key")
    life.world.release(line)
    life.up()


def _state_delete_and_import(life: LiveStack) -> None:
    key_id = life.key_id()
    line = life.line()
    life.stack.forget("key")
    life.world.release(line)
    life.must(life.stack.bring_in(life.key(imports=key_id), protect=False))
    life.up()


def _rename_by_alias(life: LiveStack) -> None:
    life.declare(life.stack, life.program("renamed", was="key"))
    life.up()


def _rename_without_alias(life: LiveStack) -> None:
    life.declare(life.stack, life.program("renamed"))
    life.up()


def _rename_after_a_failed_rotation(life: LiveStack) -> None:
    _fail_a_rotation(life)
    _rename_by_alias(life)


def _stack_rename_after_a_failed_rotation(life: LiveStack) -> None:
    _fail_a_rotation(life)
    _stack_rename(life)


def _fail_a_rotation(life: LiveStack) -> None:
    """A rotation is killed as soon as its key is there."""
    life.change(reissue="failed")
    with life.world.killed(Kill(0, "after", "ApiKeyService/Create")):
        life.world.up(life.stack, life.declared[id(life.stack)])


def _swap_names(life: LiveStack) -> None:
    swapped = [key("key", entry="green", was="other"), key("other", entry="red", was="key")]
    life.declare(life.stack, [*life.ground(), *swapped])
    outcome = life.world.up(life.stack, life.declared[id(life.stack)])
    life.must(outcome)


def _swap_entries(life: LiveStack) -> None:
    life.declare(life.stack, [*life.ground(), key("key", entry="green"), key("other", entry="red")])
    life.up()


def _take_over_an_entry(life: LiveStack) -> None:
    life.declare(life.stack, [*life.ground(), key("other", entry="red")])
    life.up()


def _delete_both_and_declare_one(life: LiveStack) -> None:
    life.declare(life.stack, life.ground())
    life.up()
    life.declare(life.stack, [*life.ground(), key("other", entry="green")])
    life.up()


def _state_rename(life: LiveStack) -> None:
    life.stack.rename("key", "renamed")
    life.declare(life.stack, life.program("renamed"))
    life.up()


def _stack_rename(life: LiveStack) -> None:
    life.stack.rename_stack("production")
    life.up()


def _restored(life: LiveStack) -> None:
    """A state from before a rotation is put back."""
    _rotate_and_restore(life)
    life.up()


def _restored_and_refreshed(life: LiveStack) -> None:
    _rotate_and_restore(life)
    life.up(refresh=True)


def _rotate_and_restore(life: LiveStack) -> None:
    kept = life.stack.export()
    life.change(reissue="before the restore")
    life.up()
    life.pass_days(1)
    life.world.copy(life.stack, kept)


def _second_backend(life: LiveStack) -> None:
    """A colleague's clone without the state: its `up` is refused, and what it made it can destroy."""
    other = life.world.stack("prod")
    life.declare(other, life.program())
    life.hopeless = other
    life.fails("life", life.world.up(other, life.declared[id(other)]))
    life.must(life.world.destroy(other))
    life.retire(other)
    life.up()


def _second_backend_on_the_account(life: LiveStack) -> None:
    """The same URN in another state: its own key on the same account, in the same Lockbox secret."""
    other = life.world.stack("prod")
    life.declare(other, [_on(life, life.key(**({} if life.delivery == "output" else {"entry": "second"})))])
    life.up(other)
    life.up()
    life.pass_days(31)
    life.up(other)
    life.up()
    life.must(life.world.destroy(other))
    life.retire(other)
    life.up()


def _moved_to_another_backend(life: LiveStack) -> None:
    other = life.world.stack("prod")
    other.import_state(life.stack.export())
    life.retire(life.stack)
    life.stack = other
    life.declare(other, life.program())
    life.up()
    life.pass_days(31)
    life.up()


def _copied_and_both_used(life: LiveStack) -> None:
    """The state is copied and both copies are used for a while, then the copy is given up."""
    other = life.world.stack("prod")
    life.world.copy(other, life.stack.export())
    life.declare(other, life.program(reissue="in the copy"))
    life.up(other)
    life.pass_days(2)
    life.up()
    life.pass_days(2)
    life.retire(other)
    life.up(refresh=True)


def _two_stacks(life: LiveStack) -> None:
    """Another stack has a key of its own on the same account, in the same secret."""
    other = life.world.stack("green")
    options: dict[str, Any] = _OUTPUT if life.delivery == "output" else {"entry": "theirs"}
    life.declare(other, [_on(life, key("theirs", **options))])
    life.up(other)
    life.pass_days(31)
    life.up()
    life.up(other)
    life.must(life.world.destroy(other))
    life.retire(other)
    life.up()


def _on(life: LiveStack, declared: Declaration) -> Declaration:
    """A key on the account and the secret of `prod`."""
    made = {name: {"id": life.stack.resources[name].id} for name in ("account", "secret")}
    return Declaration(declared.name, declared.token, lambda _: declared.inputs(made))


def _protect(life: LiveStack) -> None:
    life.stack.protect("key")
    life.fails("protected", life.world.destroy(life.stack))
    life.stack.protect("key", on=False)
    life.up()


def _protect_by_option(life: LiveStack) -> None:
    life.declare(life.stack, [*life.ground(), _with(life.key(), protect=True), *life.others()])
    life.up()
    outcome = life.world.up(life.stack, life.declared[id(life.stack)], target_replace=["key"])
    life.fails("protection", outcome)
    life.declare(life.stack, [*life.ground(), *life.others()])
    life.fails("protected", life.world.up(life.stack, life.declared[id(life.stack)]))
    life.declare(life.stack, life.program())
    life.up()


def _retain(life: LiveStack) -> None:
    """A key with `retainOnDelete` is removed, lives on, and is declared again."""
    life.declare(life.stack, [*life.ground(), _with(life.key(), retain=True), *life.others()])
    life.up()
    line = life.line()
    life.declare(life.stack, [*life.ground(), *life.others()])
    life.up()
    life.world.release(line)
    life.declare(life.stack, life.program())
    life.up()


def _delete_before_replace(life: LiveStack) -> None:
    replaced = _with(life.key(), delete_before_replace=True)
    life.declare(life.stack, [*life.ground(), replaced, *life.others()])
    life.up(replace=["key"])


def _another_account(life: LiveStack) -> None:
    extra = [programs.account("life", "second"), _second_role(life)]
    life.declare(life.stack, life.program(more=extra, owner="second"))
    life.up()


def _second_role(life: LiveStack) -> Declaration:
    declared = programs.role(life.world.cloud.folder_id)
    return Declaration("role 2", declared.token, lambda made: declared.inputs({**made, "account": made["second"]}))


def _replace_the_account(life: LiveStack) -> None:
    """Its name is its own: no other can be made beside it, so it stays, as another instance's."""
    life.up(target_replace=["account"])
    life.up()


def _replace_the_role(life: LiveStack) -> None:
    life.up(target_replace=["role"])


def _replace_the_reader(life: LiveStack) -> None:
    life.up(target_replace=["reader"])


def _removed(life: LiveStack) -> None:
    life.declare(life.stack, [*life.ground(), *life.others()])
    life.up()


def _removed_and_declared_again(life: LiveStack) -> None:
    _removed(life)
    life.declare(life.stack, life.program())
    life.up()


def _destroyed_and_made_again(life: LiveStack) -> None:
    life.must(life.world.destroy(life.stack))
    life.up()


def _rotation(life: LiveStack) -> None:
    life.change(reissue="1")
    life.up()


def _moved_to_another_entry(life: LiveStack) -> None:
    life.change(entry="moved")
    life.up()


def _delivered_otherwise(life: LiveStack) -> None:
    changed: dict[str, Any] = _OUTPUT if life.delivery != "output" else {"lockbox": "secret", "exposeSecret": False}
    life.change(**changed)
    life.up()


def _compromised(life: LiveStack) -> None:
    life.change(compromised=[life.key_id()])
    life.up()


def _with(declared: Declaration, **options: Any) -> Declaration:
    return Declaration(declared.name, declared.token, declared.inputs, declared.was, declared.imports, **options)


_SHARED: Final = ("shared secret",)
_IN_LOCKBOX: Final = ("Lockbox", "shared secret")

OPERATIONS: Final = (
    Operation("up", _rotation),
    Operation("up with a preview", _preview),
    Operation("up --target", _target),
    Operation("up --exclude", _exclude),
    Operation("up --target-replace", _target_replace),
    Operation("up --replace", _replace),
    Operation("state taint", _taint),
    Operation("up --replace with deleteBeforeReplace", _delete_before_replace),
    Operation("up --target-replace of the account", _replace_the_account),
    Operation("up --target-replace of the role", _replace_the_role),
    Operation("up --target-replace of the reader", _replace_the_reader),
    Operation("refresh", _refresh),
    Operation("up --refresh", _up_refresh),
    Operation("import, the option", _import_by_option, _IN_LOCKBOX),
    Operation("import, the command", _import_by_command, _IN_LOCKBOX),
    Operation("state delete, up", _state_delete),
    Operation("state delete, import", _state_delete_and_import),
    Operation("rename by alias", _rename_by_alias),
    Operation("rename without an alias", _rename_without_alias),
    Operation("state rename", _state_rename),
    Operation("stack rename", _stack_rename),
    Operation("rename by alias after a failed rotation", _rename_after_a_failed_rotation),
    Operation("stack rename after a failed rotation", _stack_rename_after_a_failed_rotation),
    Operation("two keys swap names by alias", _swap_names, _SHARED),
    Operation("two keys swap entries", _swap_entries, _SHARED),
    Operation("a key takes over another's entry", _take_over_an_entry, _SHARED),
    Operation("both keys deleted, one declared again", _delete_both_and_declare_one, _SHARED),
    Operation("moved to another entry", _moved_to_another_entry, _IN_LOCKBOX),
    Operation("delivered otherwise", _delivered_otherwise),
    Operation("compromised", _compromised),
    Operation("moved to another account", _another_account),
    Operation("a restored state", _restored),
    Operation("a restored state, refreshed", _restored_and_refreshed),
    Operation("a second backend from nothing", _second_backend),
    Operation("a second backend on the same account", _second_backend_on_the_account),
    Operation("export and import into another backend", _moved_to_another_backend),
    Operation("a copy of the state, both used", _copied_and_both_used),
    Operation("two stacks on one account", _two_stacks),
    Operation("protect, the command", _protect),
    Operation("protect, the option", _protect_by_option),
    Operation("retainOnDelete, declared again", _retain),
    Operation("removed", _removed),
    Operation("removed, declared again", _removed_and_declared_again),
    Operation("destroy, up", _destroyed_and_made_again),
)
BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}


@dataclass(frozen=True)
class Case:
    """An operation, with what delivery, at what moment; killed at its call number `at`, if it is, `before` or `after` that took effect."""

    operation: str
    delivery: str
    moment: str = MOMENTS[0]
    at: int | None = None
    when: str = ""

    def __str__(self) -> str:
        killed = "" if self.at is None else f", killed {self.when} call {self.at + 1}"
        return f"{self.operation}, {self.delivery}, {self.moment}{killed}"


@dataclass
class Result:
    """What broke, and how many calls the operation made."""

    case: Case
    broken: list[str]
    calls: int


def live(case: Case) -> Result:
    """Brings the moment about, does the operation, settles."""
    with near_cloud() as cloud:
        life = LiveStack(World(cloud), case.delivery)
        world = life.world
        _bring_about(life, case.moment)
        # One that never strikes only counts.
        cloud.kill = kill = Kill(_NEVER if case.at is None else case.at, case.when)
        with suppress(_Stopped):
            BY_NAME[case.operation].act(life)
        cloud.kill = None
        if kill.struck:
            _cancelled(life)
        _settle(life)
        return Result(case, list(world.broken), kill.seen)


def live_through_the_engine(case: Case, parent: Path) -> list[str]:
    """The operation by the real `pulumi`, whose backends lie in `parent`, and one more `up`, which has nothing to do; what broke."""
    places = directories(parent)
    with near_cloud() as cloud:
        world = World(cloud)
        world.make = lambda _, name: RealStack(next(places), cloud, cloud.now, name)
        life = LiveStack(world, case.delivery)
        _bring_about(life, case.moment)
        BY_NAME[case.operation].act(life)
        for stack in world.stacks:
            _settled(life, stack)
        return world.broken


def cases(kills: bool = False) -> Iterator[Case]:
    """Every operation with every delivery at every moment; `kills`: those that are killed instead, for which the undisturbed have to be run first."""
    for operation in OPERATIONS:
        for delivery in operation.only:
            for moment in MOMENTS if not kills else MOMENTS[:1]:
                yield Case(operation.name, delivery, moment)


def killed(results: Sequence[Result]) -> list[Case]:
    """Each of these cases, killed at each of its calls, before and after."""
    return [
        Case(found.case.operation, found.case.delivery, found.case.moment, at, when)
        for found in results
        for at in range(found.calls)
        for when in ("before", "after")
    ]


def lives(quick: bool, tell: Told) -> list[Table]:
    """Runs them all: a table of what broke, a row for each operation; and one of those that are killed."""
    with ProcessPoolExecutor(processors(), get_context("spawn"), initializer=_begin) as pool:
        plain = _all(pool, list(cases()), tell)
        once = [found for found in plain if found.case.moment == MOMENTS[0 if quick else 1]]
        ends = killed(once)
        dead = _all(pool, ends[::7] if quick else ends, tell)
    return [_table("Lives", plain), _table("Lives, killed in between", dead)]


def _table(title: str, results: Sequence[Result]) -> Table:
    table = Table(title, ("operation", "cases", *DELIVERIES, "broken"), wrong=("broken",))
    for operation in OPERATIONS:
        mine = [found for found in results if found.case.operation == operation.name]
        if not mine:
            continue
        cells = []
        for delivery in DELIVERIES:
            there = [found for found in mine if found.case.delivery == delivery]
            broken = sum(bool(found.broken) for found in there)
            cells.append("-" if not there else f"{broken} broken" if broken else "held")
        table.add(operation.name, len(mine), *cells, sum(bool(found.broken) for found in mine))
    table.total()
    return table


def _all(pool: ProcessPoolExecutor, chosen: Sequence[Case], tell: Told) -> list[Result]:
    found: list[Result] = []
    for done in pool.map(_lived, [chosen[at : at + _PART] for at in range(0, len(chosen), _PART)]):
        for result in done:
            found.append(result)
            for words in result.broken:
                tell(f"{result.case}: {words}")
        tell(f"{len(found)} of {len(chosen)} cases")
    return found


def _begin() -> None:
    """In a worker, before its first work: what is imported lives as long as the process, so the collector needn't look through it again."""
    gc.collect()
    gc.freeze()


def _lived(part: Sequence[Case]) -> list[Result]:
    results = []
    for case in part:
        try:
            results.append(live(case))
        except Exception as error:
            results.append(Result(case, [f"{type(error).__name__}: {error}"], 0))
    return results


def _bring_about(life: LiveStack, moment: str) -> None:
    life.up()
    if life.delivery == "shared secret":
        entries = [{"key": "by_hand", "text_value": "a colleague's"}]
        life.by_hand = life.stack.resources["secret"].id
        life.world.by_hand("SecretService/AddVersion", {"secret_id": life.by_hand, "payload_entries": entries})
    if moment == "just issued":
        life.pass_days(2)
    else:
        life.pass_days(31)
        if moment == "in an overlap":
            life.up()
            life.pass_days(1)


def _cancelled(life: LiveStack) -> None:
    """What users do after a run that died: one plain `up` of what is declared by then, on every stack; with a refresh where a Delete has died."""
    if life.hopeless in life.world.stacks:
        life.must(life.world.destroy(life.hopeless))
        life.retire(life.hopeless)
    for stack in list(life.world.stacks):
        life.must(life.world.up(stack, life.declared[id(stack)], refresh=life.world.half_deleted))


def _settle(life: LiveStack) -> None:
    """Runs with a refresh, then a plain one that has nothing to do; after one more rotation and its overlap, nothing is left over."""
    world = life.world
    for stack in world.stacks:
        life.up(stack, refresh=True)
    for stack in world.stacks:
        _settled(life, stack)
    secret = life.stack.resources.get("secret")
    kept = secret is not None and secret.id == life.by_hand
    if kept and world.entries(life.by_hand).get("by_hand") != "a colleague's":
        world.broken.append("the colleague's entry is gone")
    for days in (31, 8):
        life.pass_days(days)
        for stack in world.stacks:
            life.up(stack)
    world.broken += world.strays()


def _settled(life: LiveStack, stack: SmallStack) -> None:
    """One more `up` has nothing to do."""
    life.world.cloud.calls.clear()
    outcome = life.up(stack)
    calls = {method for method, count in life.world.cloud.calls.counts().items() if count}
    # Where two copies of a state are in use, what is current in the one is previous in the other, and is used there: that one extends it.
    extended = len(life.world.stacks) > 1 and any("is still used" in line for line in outcome.logged)
    # In an overlap a run looks who still uses the previous key.
    if not extended and (outcome.done or calls - {"ApiKeyService/List"}):
        life.world.broken.append(f"one more `up` isn't a no-op: {outcome.done} {sorted(calls)}")
