"""`yandex-keys:index:ApiKey`: a key that is issued, delivered, rotated and retired; the verbs around `rotation.decide`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from .api_key_check import checked
from .api_key_life import Life
from .api_key_read import imported, refreshed
from .api_key_state import INPUTS, ROTATED, first_state, inputs_of, properties_of, settled_state, state_of
from .errors import Cancelled, CloudError, PartialFailure, YandexKeysError
from .issuing import Issuer
from .properties import UNKNOWN, is_unknown
from .resource import Change, Diff, Properties, Read, ResourceType, Runtime, changed_properties
from .rotation import Decision, Verb, decide, next_rotation
from .settings import format_time
from .tags import expected_tag, first_tag

_REPLACES: Final = frozenset({"serviceAccountId"})
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
        return checked(new)

    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        if urn in runtime.imported:
            # The engine compares what it has just imported with the program, and takes any difference for a mistake; the next `up` rotates it.
            return Diff()
        self._claim(runtime, state)
        changes = _input_changes(state, inputs)
        if any(change.replace for change in changes.values()):
            return Diff(changes)
        decision = decided(urn, state, inputs, runtime)
        for action in decision.actions:
            runtime.log("info", action.reason, urn)
            changes.update(
                {name: Change(is_input=False) for name in _outputs(action.verb, inputs) if name not in changes}
            )
        for warning in decision.warnings:
            runtime.log("warning", warning, urn)
        if _regridded(urn, state, inputs) is not None and "nextRotationAt" not in changes:
            changes["nextRotationAt"] = Change(is_input=False)
        change = decision.action(Verb.CHANGE)
        if change is not None and change.until is not None:
            changes["expiresAt"] = Change(is_input=False)
        if change is not None and not changes:
            changes["tag"] = Change(is_input=False)
        return Diff(changes)

    def preview(self, urn: str, state: Properties | None, inputs: Properties, runtime: Runtime) -> Properties:
        if state is None:
            return {**inputs, "lockboxVersionId": "", **_unknown(Verb.ROTATE, inputs)}
        decision = decided(urn, state, inputs, runtime)
        kept = {name: value for name, value in state.items() if name not in INPUTS}
        if not inputs.get("exposeSecret"):
            kept.pop("secret", None)
        due = _regridded(urn, state, inputs)
        if due is not None:
            kept["nextRotationAt"] = due
        for action in decision.actions:
            kept.update(_unknown(action.verb, inputs))
            if action.verb == Verb.CHANGE and action.until is not None:
                kept["expiresAt"] = format_time(action.until)
        return {**inputs, **kept}

    def create(self, urn: str, inputs: Properties, runtime: Runtime) -> tuple[str, Properties]:
        wanted, now = inputs_of(inputs), runtime.now()
        tag = first_tag(urn, runtime.seen)
        targets = (wanted.lockbox,) if wanted.lockbox else ()
        issued = Issuer(runtime, urn, tag, wanted, frozenset(), targets).issue(now)
        life = Life(runtime, urn, tag, wanted, first_state(wanted, issued.key, tag, urn, now), issued.secret, now)
        life.take_over(issued)
        runtime.log("info", f"issued key {life.state.key_id}, which expires {format_time(life.state.expires_at)}", urn)
        failures = life.settle()
        properties = properties_of(inputs, life.state, life.secret)
        self._claim(runtime, properties)
        if failures:
            raise PartialFailure(life.state.key_id, properties, failures)
        return life.state.key_id, properties

    def read(self, urn: str, resource_id: str, inputs: Properties, state: Properties, runtime: Runtime) -> Read | None:
        if "keyId" not in state:
            runtime.imported.add(urn)
            return imported(resource_id, inputs, runtime)
        self._claim(runtime, state)
        return refreshed(resource_id, inputs, state, runtime)

    def update(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Properties:
        self._claim(runtime, state)
        before = state_of(state)
        tag = expected_tag(urn, before.tag)
        life = Life(runtime, urn, tag, inputs_of(inputs), before, state.get("secret"), runtime.now())
        failures, done = [], set()
        decision = decided(urn, state, inputs, runtime)
        for action in decision.actions:
            try:
                failures += life.carry_out(action)
                done.add(action.verb)
            except Cancelled as error:
                failures.append(str(error))
                break
            except YandexKeysError as error:
                failures.append(str(error))
        if not failures:
            return properties_of(inputs, settled_state(life.inputs, life.state, urn), life.secret)
        if life.state == before:
            raise YandexKeysError("; ".join(failures))
        applied = (
            inputs
            if done & {Verb.ROTATE}
            else {**_inputs_in(state), **({} if Verb.CHANGE not in done else _changed_in_place(inputs))}
        )
        raise PartialFailure(resource_id, properties_of(applied, life.state, life.secret), failures)

    def delete(self, urn: str, resource_id: str, state: Properties, runtime: Runtime) -> None:
        self._claim(runtime, state)
        before = state_of(state)
        life = Life(runtime, urn, before.tag, before.applied, before, None, runtime.now())
        life.end()

    @staticmethod
    def _claim(runtime: Runtime, state: Properties) -> None:
        """Notes which keys the state accounts for, so that none is taken for a left-over."""
        ids = {state.get("keyId", ""), *(item["keyId"] for item in state.get("previous", ()))}
        runtime.seen.setdefault(state.get("tag", ""), set()).update(ids)


def decided(urn: str, state: Properties, inputs: Properties, runtime: Runtime) -> Decision:
    """`decide` on property bags, with the last use of previous keys looked up where it asks.

    Inputs that are not known yet count as unchanged, but for where the secret goes.
    """
    known: Properties = {name: inputs[name] for name in INPUTS if name in inputs and not is_unknown(inputs[name])}
    for name in INPUTS:
        if name in inputs and is_unknown(inputs[name]) and name in state:
            known[name] = state[name]
    if is_unknown(inputs.get("lockbox")):
        known["lockbox"] = {"secretId": "not known yet"}
    was = state_of(state)
    tag = expected_tag(urn, was.tag)
    decision = decide(inputs_of(known), was, runtime.now(), tag, urn)
    if decision.wants_usage:
        try:
            listed = runtime.reads.keys(was.applied.service_account_id)
        except CloudError as error:
            runtime.log("warning", f"the last use of previous keys could not be looked up: {error}", urn)
            return decision
        used = {key["id"]: key.get("last_used_at") for key in listed}
        usage = {key_id: _time(used.get(key_id)) for key_id in decision.wants_usage}
        decision = decide(inputs_of(known), replace(was, usage=usage), runtime.now(), tag, urn)
    return decision


def _regridded(urn: str, state: Properties, inputs: Properties) -> str | None:
    """When the current key is due now, where a changed `rotateEvery` put it on another grid; None where it is due as before, or isn't known."""
    if is_unknown(inputs["rotateEvery"]):
        return None
    was = state_of(state)
    due = format_time(next_rotation(inputs_of({**state, "rotateEvery": inputs["rotateEvery"]}), was, urn))
    return due if due != state["nextRotationAt"] else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _input_changes(state: Properties, inputs: Properties) -> dict[str, Change]:
    wanted = {name: inputs.get(name) for name in INPUTS}
    had = {name: state.get(name) for name in INPUTS}
    for names in ("scopes", "compromised"):
        had[names] = sorted(had[names] or ())
        wanted[names] = wanted[names] if is_unknown(wanted[names]) else sorted(wanted[names] or ())
    return changed_properties(had, wanted, _REPLACES)


def _outputs(verb: Verb, inputs: Mapping[str, Any]) -> tuple[str, ...]:
    names: tuple[str, ...] = _OUTPUTS.get(verb, ())
    if verb == Verb.ROTATE:
        names += ("lockboxVersionId",) if inputs.get("lockbox") else ()
        names += ("secret",) if inputs.get("exposeSecret") else ()
    return names


def _unknown(verb: Verb, inputs: Mapping[str, Any]) -> Properties:
    return dict.fromkeys(_outputs(verb, inputs), UNKNOWN)


def _inputs_in(state: Properties) -> Properties:
    return {name: state[name] for name in INPUTS if name in state}


def _changed_in_place(inputs: Properties) -> Properties:
    return {name: inputs[name] for name in ("scopes", "description", "lifetime") if name in inputs}
