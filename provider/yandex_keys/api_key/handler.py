"""`yandex-keys:index:ApiKey`: a key that is issued, delivered, rotated and retired; the verbs around
`rotation.decide`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from .. import fields
from ..durations import format_duration, parse_duration
from ..errors import Cancelled, CloudError, InvalidInput, PartialFailure, YandexKeysError
from ..fields import Change
from ..properties import UNKNOWN, Properties, is_unknown
from ..resource import Diff, Read, ResourceType
from ..run import Runtime
from ..times import format_time, parse_time, to_minute
from .consequences import of_a_replaced_resource
from .deletion import delete_keys
from .inputs import FIELDS, INPUTS, checked
from .key import Inputs, Listing, State
from .refresh import imported, refreshed
from .rotation import Action, Decision, Verb, decide, newly_compromised, next_rotation, short_overlap
from .state import ROTATED, finished_state, inputs_of, listing_of, properties_of, schedule_outputs, state_of
from .steps import Steps

# An output that will be another one. As "update", `preview --diff` would show it as taken away: the engine looks for
# its new value among the inputs. As "add" it shows that the new value isn't known yet (pulumi 3.259,
# engine/detailedDiff.go).
_NOT_KNOWN_YET: Final = Change("add", is_input=False)
_SCHEDULE: Final[tuple[str, ...]] = ("lifetime", "rotateEvery", "overlap", "spread", "windows", "freezes")
# How far the time by which keys are judged may be behind what the state has seen: a run itself takes less, and so do
# two clocks.
_STALE: Final = timedelta(hours=1)
# What each decision shows as changed beside the inputs, so that a preview without a changed input has its lines too.
_OUTPUTS: Final = {
    Verb.ROTATE: ROTATED,
    Verb.REVOKE: ("previous",),
    Verb.RETIRE: ("previous",),
    Verb.ENFORCE: ("previous",),
    Verb.EXTEND: ("previous",),
}


class ApiKey(ResourceType):
    """See the package's schema for inputs and outputs."""

    token = "yandex-keys:index:ApiKey"

    def check(self, urn: str, old: Properties, new: Properties, runtime: Runtime | None) -> Properties:
        if runtime is not None:
            runtime.record.declared.add(urn)
        return checked(new, runtime.run_every if runtime else None)

    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        if urn in runtime.record.imported:
            # The engine compares what it has just imported with the program, and takes any difference for a mistake;
            # the next `up` rotates it.
            return Diff()
        runtime.say_as_of()
        self._note_keys(runtime, state)
        changes = fields.changes(FIELDS, state, inputs)
        if any(change.replace for change in changes.values()):
            # Said although the program hasn't declared it yet: where the account is replaced, the engine asks before.
            wanted = inputs.get("serviceAccountId")
            account = None if is_unknown(wanted) else wanted
            runtime.log("info", "\n".join(of_a_replaced_resource(state_of(state), account)), urn)
            runtime.record.ends_told.add(urn)
            return Diff(changes)
        decision, _ = decided(urn, state, inputs, runtime)
        if decision.action(Verb.ROTATE):
            # Who rotates it looks at the account's keys first.
            runtime.reads.expect_keys(state["serviceAccountId"])
        for action in decision.actions:
            changes.update({name: _NOT_KNOWN_YET for name in _outputs(action.verb, inputs) if name not in changes})
        moved, said = _moved_rotation(urn, state, inputs)["nextRotationAt"], [*decision.headlines]
        if moved != state["nextRotationAt"] and "nextRotationAt" not in changes:
            changes["nextRotationAt"] = _NOT_KNOWN_YET
            said += [] if decision.waits else [_says_moved(moved, state["nextRotationAt"])]
        if urn not in runtime.record.declared:
            # A refresh compares what it has read with the state, and carries nothing out: it checks no inputs before.
            said = []
        if decision.waits:
            # No change: a key that waits is as it should be.
            said.append(decision.waits)
        if said:
            # In one message: of several, the engine shows the last one beside the resource; of one, the first line.
            runtime.log("info", "\n".join(said), urn)
        for warning in (*decision.warnings, *_warnings_of_overlap_and_clock(state, inputs, runtime)):
            runtime.log("warning", warning, urn)
        change = decision.action(Verb.CHANGE)
        if change is not None and change.until is not None:
            changes["expiresAt"] = _NOT_KNOWN_YET
        return Diff(changes)

    def preview(self, urn: str, state: Properties | None, inputs: Properties, runtime: Runtime) -> Properties:
        if state is None:
            runtime.say_as_of()
            for warning in _warnings_of_overlap_and_clock({}, inputs, runtime):
                runtime.log("warning", warning, urn)
            return {**inputs, "lockboxVersionId": "", "instance": UNKNOWN, **_unknown(Verb.ROTATE, inputs)}
        decision, _ = decided(urn, state, inputs, runtime)
        kept = {name: value for name, value in state.items() if name not in INPUTS}
        if not inputs.get("exposeSecret"):
            kept.pop("secret", None)
        kept.update(_moved_rotation(urn, state, inputs))
        for action in decision.actions:
            kept.update(_unknown(action.verb, inputs))
            if action.verb == Verb.CHANGE and action.until is not None:
                kept["expiresAt"] = format_time(action.until)
        return {**inputs, **kept}

    def create(self, urn: str, inputs: Properties, runtime: Runtime) -> tuple[str, Properties]:
        wanted, now = inputs_of(inputs), runtime.now()
        steps = Steps(runtime, urn, wanted, None)
        failures = steps.issue_first(now)
        state, applied = steps.state, dict(inputs)
        if failures:
            applied["lifetime"] = format_duration(state.expires_at - state.issued_at)
        else:
            runtime.log("info", f"issued key {state.key_id}, which ends {format_time(state.expires_at)}", urn)
        unended = _revoked(steps, wanted, urn, runtime)
        if unended:
            applied["compromised"] = []  # the next run looks for them again
        failures += unended
        properties = properties_of(applied, steps.state, steps.secret)
        self._note_keys(runtime, properties)
        if failures:
            raise PartialFailure(state.key_id, properties, failures)
        return state.key_id, properties

    def read(self, urn: str, resource_id: str, inputs: Properties, state: Properties, runtime: Runtime) -> Read | None:
        if "keyId" not in state:
            runtime.record.imported.add(urn)
            return imported(resource_id, inputs, runtime)
        self._note_keys(runtime, state)
        return refreshed(urn, resource_id, inputs, state, runtime)

    def update(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Properties:
        self._note_keys(runtime, state)
        before, wanted, now = state_of(state), inputs_of(inputs), runtime.now()
        # Whose they are only a listing tells.
        unknown = sorted(newly_compromised(wanted, before))
        try:
            decision, listed = decided(urn, state, inputs, runtime, to_carry_out=True)
        except CloudError as error:
            leaked = [*sorted(wanted.compromised & before.key_ids), *unknown]
            if not leaked:
                raise
            raise YandexKeysError(" ".join([str(error), *map(_still_works, leaked)])) from None
        steps = Steps(runtime, urn, wanted, before, state.get("secret"), listed)
        failures: list[str] = []
        done = set()
        if listed is None:
            failures += [f"whose {key_id} is could not be looked up. {_still_works(key_id)}" for key_id in unknown]
        for action in decision.actions:
            try:
                failures += steps.carry_out(action, now)
                done.add(action.verb)
            except Cancelled as error:
                failures.append(str(error))
                break
            except YandexKeysError as error:
                failures.append(str(error) + _still_working(action, wanted, before))
        if not failures:
            return properties_of(inputs, finished_state(steps.inputs, steps.state, urn), steps.secret)
        if steps.state == before:
            raise YandexKeysError("; ".join(failures))
        applied = (
            # What is compromised isn't dealt with yet: the next run looks again.
            {**inputs, "compromised": state.get("compromised", [])}
            if done & {Verb.ROTATE}
            else {**_inputs_in(state), **({} if Verb.CHANGE not in done else _changed_in_place(inputs))}
        )
        raise PartialFailure(resource_id, properties_of(applied, steps.state, steps.secret), failures)

    def delete(self, urn: str, resource_id: str, state: Properties, runtime: Runtime) -> None:
        self._note_keys(runtime, state)
        delete_keys(runtime, urn, state_of(state))

    @staticmethod
    def _note_keys(runtime: Runtime, state: Properties) -> None:
        """Notes which keys the state accounts for, so that no other resource of this run calls them nobody's."""
        runtime.record.in_states.update(
            [state.get("keyId", ""), *(item["keyId"] for item in state.get("previous", ()))]
        )


def decided(
    urn: str, state: Properties, inputs: Properties, runtime: Runtime, *, to_carry_out: bool = False
) -> tuple[Decision, Listing | None]:
    """`decide` on property bags, and the account's keys where they were listed: where the decision asks, and before a
    rotation is carried out.

    Inputs that are not known yet count as unchanged, but for where the secret goes. Raises InvalidInput where `asOf` is
    before what the state has seen, and CloudError where a rotation can't be begun without a listing.
    """
    known: Properties = {name: inputs[name] for name in INPUTS if name in inputs and not is_unknown(inputs[name])}
    for name in INPUTS:
        if name in inputs and is_unknown(inputs[name]) and name in state:
            known[name] = state[name]
    if is_unknown(inputs.get("lockbox")):
        known["lockbox"] = {"secretId": "not known yet"}
    was, wanted, owner = state_of(state), inputs_of(known), runtime.owner(urn)
    left = was.applied.lockbox
    if wanted.lockbox and left and left.secret_id in runtime.record.replaced:
        wanted = replace(wanted, lockbox=replace(wanted.lockbox, takes_place=True))
    _must_not_be_stale(was, runtime)
    decision = decide(wanted, was, runtime.now(), urn, None, owner)
    if not decision.wants_listing and not (to_carry_out and decision.action(Verb.ROTATE)):
        return decision, None
    try:
        listed = _listed(was, wanted, runtime)
    except CloudError as error:
        if to_carry_out and decision.action(Verb.ROTATE):
            raise
        runtime.log("warning", f"the account's keys could not be looked up, their last use among it: {error}", urn)
        return decision, None
    return decide(wanted, was, runtime.now(), urn, listed, owner), listed


def _listed(state: State, wanted: Inputs, runtime: Runtime) -> Listing:
    """The account's keys; what the listing lacks of the state's keys and of the compromised ones is asked for by id."""
    ids = state.key_ids | newly_compromised(wanted, state)
    return listing_of(runtime.reads.keys_with(state.applied.service_account_id, ids).values())


def _must_not_be_stale(state: State, runtime: Runtime) -> None:
    if runtime.as_of is not None and runtime.as_of < state.seen_until - _STALE:
        seen = format_time(state.seen_until)
        wrong = (
            f"{format_time(runtime.as_of)} is before what the state has seen ({seen}): by such a time nothing can be "
            "judged. Leave asOf and YANDEX_KEYS_AS_OF out, or set them to a later time"
        )
        raise InvalidInput([("asOf", wrong)])


def _warnings_of_overlap_and_clock(state: Properties, inputs: Properties, runtime: Runtime) -> list[str]:
    """What a human must know of the overlap and the clocks, whatever is to be done."""
    warnings = []
    if not is_unknown(inputs.get("overlap")) and not is_unknown(inputs.get("compromised")):
        words = short_overlap(parse_duration(inputs["overlap"]), runtime.run_every)
        warnings += [words] if words else []
    if state and runtime.as_of is None:
        seen = state_of(state).seen_until
        if runtime.now() < seen - _STALE:
            warnings.append(
                f"this machine's clock says {format_time(runtime.now())}, but the state has seen {format_time(seen)}: "
                "nothing is due by a clock that is behind; set it right"
            )
    return warnings


def _revoked(steps: Steps, wanted: Inputs, urn: str, runtime: Runtime) -> list[str]:
    """After a first issue: deletes the keys of earlier instances that are listed as compromised. What failed, in
    words."""
    if not wanted.compromised:
        return []
    failures = []
    before = replace(steps.state, applied=replace(wanted, compromised=frozenset()))
    try:
        listed = _listed(before, wanted, runtime)
    except CloudError as error:
        return [f"whether compromised keys are there could not be looked up: {error}"]
    decision = decide(wanted, before, before.issued_at, urn, listed, runtime.owner(urn))
    for warning in decision.warnings:
        runtime.log("warning", warning, urn)
    for action in decision.actions:
        if action.verb == Verb.REVOKE:
            runtime.log("info", action.reason, urn)
            try:
                failures += steps.carry_out(action, before.issued_at)
            except YandexKeysError as error:
                failures.append(f"{error} {_still_works(action.key_id)}")
    return failures


def _still_working(action: Action, wanted: Inputs, before: State) -> str:
    """What must be said of a leaked key whose replacement or deletion failed: it lets whoever has it in."""
    leaked = before.key_id if action.verb == Verb.ROTATE else action.key_id
    if leaked not in wanted.compromised or action.verb not in (Verb.ROTATE, Verb.REVOKE):
        return ""
    return f" {_still_works(leaked)}"


def _still_works(key_id: str) -> str:
    return (
        f"THE COMPROMISED KEY {key_id} STILL WORKS: the next `pulumi up` tries again; to end it at once, at the price "
        f"that its consumers fail until then, run `yc iam api-key delete {key_id}`."
    )


def _moved_rotation(urn: str, state: Properties, inputs: Properties) -> dict[str, str]:
    """When the current key is due and rotates now, where a changed schedule put it on another grid or its calendar lets
    it at another time; as before where that isn't known."""
    was = state_of(state)
    schedule = {name: inputs[name] for name in _SCHEDULE if name in inputs and not is_unknown(inputs[name])}
    wanted = inputs_of({**state, **schedule})
    return schedule_outputs(wanted, was.issued_at, next_rotation(wanted, was, urn))


def _says_moved(moved: str, before: str) -> str:
    """When the current key rotates now, and when it would have, for people."""
    return f"next rotation {to_minute(parse_time(moved))}, not {to_minute(parse_time(before))}"


def _outputs(verb: Verb, inputs: Properties) -> tuple[str, ...]:
    names: tuple[str, ...] = _OUTPUTS.get(verb, ())
    if verb == Verb.ROTATE:
        names += ("lockboxVersionId",) if inputs.get("lockbox") else ()
        names += ("secret",) if inputs.get("exposeSecret") else ()
    return names


def _unknown(verb: Verb, inputs: Properties) -> Properties:
    return dict.fromkeys(_outputs(verb, inputs), UNKNOWN)


def _inputs_in(state: Properties) -> Properties:
    return {name: state[name] for name in INPUTS if name in state}


def _changed_in_place(inputs: Properties) -> Properties:
    return {name: inputs[name] for name in ("scopes", "description", "lifetime") if name in inputs}
