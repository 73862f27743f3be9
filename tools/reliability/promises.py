"""What must be true of a case after it was healed, whatever had failed before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from google.protobuf import json_format

from provider.yandex_keys.durations import parse_duration
from tools.reliability.leak_search import found_in
from tools.reliability.life_steps import Step
from tools.reliability.programs import KEY
from tools.reliability.scene import Scene, View, expiry
from tools.reliability.small_engine import Outcome

# How the wire marks a secret value: Pulumi's own signature for it.
_MARK_KEY: Final = "4dabf18193072939515e22adb298388d"
_SECRET_MARK: Final = "1b47061264138c4ac30d75fd1eb44270"
_TOLERANCE: Final = timedelta(minutes=2)

NOT_HEALED, ORPHAN, LOST, UNSERVED, LEAK, RULE, LITTER = (
    "not healed",
    "orphans",
    "lost",
    "unserved",
    "leaks",
    "against a rule",
    "litter",
)
"""Kinds of wrong. Orphan: a live key that no state knows. Lost: a declared key without a working, delivered secret. Unserved: Lockbox gave a dead
key between the failure and the next run. Litter: what is dead but was not cleared away."""
KINDS: Final = (NOT_HEALED, ORPHAN, LOST, UNSERVED, LEAK, RULE, LITTER)


@dataclass
class Verdict:
    """What was found wrong: kinds and words."""

    wrong: list[tuple[str, str]] = field(default_factory=list)

    def add(self, kind: str, words: str) -> None:
        """One more thing that is wrong."""
        self.wrong.append((kind, words))


def judge(scene: Scene, step: Step, verdict: Verdict) -> None:
    """Adds everything that is not as promised after the last plain run of `step`."""
    view = scene.look()
    states = {name: held.values for name, held in scene.stack.resources.items() if held.token == KEY}
    if set(states) != {name for name, _, _ in step.keys}:
        verdict.add(LOST, f"the state holds the keys {sorted(states)}")
    for name, secret, entry in step.keys:
        if name in states:
            _judge_current(scene, view, states[name], secret, entry, verdict)
            for previous in states[name]["previous"]:
                _judge_previous(scene, view, states[name], previous, verdict)
    accounted = {state["keyId"] for state in states.values()}
    accounted |= {previous["keyId"] for state in states.values() for previous in state["previous"]}
    for key_id in sorted(set(view.live_keys) - accounted):
        verdict.add(ORPHAN, f"key {key_id} lives and no state knows it")
    _judge_step(scene, step, states, verdict)
    _judge_litter(scene, view, verdict)


def judge_settled(outcome: Outcome, calls: Sequence[str], verdict: Verdict) -> None:
    """A run with nothing to do does nothing: `outcome` and `calls` are those of one more plain run."""
    if outcome.failed or outcome.done or calls:
        verdict.add(RULE, f"one more run isn't a no-op: {outcome.errors or outcome.done or calls}")


def judge_served(scene: Scene, step: Step, view: View, verdict: Verdict) -> None:
    """After the failed command, before any other: whoever reads Lockbox now gets a key that works."""
    if not step.served:
        return
    for secret_id in view.lockbox:
        for name, value in view.entries(secret_id).items():
            if not name.endswith("_id") and not scene.bench.accepts(value):
                verdict.add(UNSERVED, f"entry {name} holds a dead key after the failed run")


def judge_leaks(scene: Scene, outcomes: Iterable[Outcome], secrets: Iterable[str], verdict: Verdict) -> None:
    """No secret is in the state (but where it is marked as one), in an error or in a log line."""
    texts: dict[str, list[str]] = {"an error": [], "a log line": [], "the state": []}
    for outcome in outcomes:
        texts["an error"] += outcome.errors
        texts["a log line"] += outcome.logged
    for held in (*scene.stack.resources.values(), *scene.stack.pending_deletes):
        for message in (held.inputs, held.outputs):
            texts["the state"].append(json.dumps(_without_marked(json_format.MessageToDict(message))))
        texts["an error"] += held.init_errors
    for where, lines in texts.items():
        for secret in found_in("\n".join(lines).encode(), list(secrets)):
            verdict.add(LEAK, f"{where} holds the secret that ends in {secret[-4:]}")


def _judge_current(
    scene: Scene, view: View, state: Mapping[str, Any], secret: str | None, entry: str | None, verdict: Verdict
) -> None:
    key_id = state["keyId"]
    current = view.live_keys.get(key_id)
    if current is None:
        verdict.add(LOST, f"the current key {key_id} doesn't live")
        return
    if not scene.bench.accepts(current["secret"]):
        verdict.add(LOST, f"the service refuses the current key {key_id}")
    if secret is not None:
        entries = view.entries(scene.stack.resources[secret].id)
        if entries.get(str(entry)) != current["secret"] or entries.get(f"{entry}_id") != key_id:
            verdict.add(LOST, f"Lockbox doesn't give the current key {key_id}, but {entries.get(f'{entry}_id')}")
    if state.get("exposeSecret") and state.get("secret") != current["secret"]:
        verdict.add(LOST, "the output isn't the current key's secret")
    if _seconds(expiry(current)) != _time(state["expiresAt"]):
        verdict.add(RULE, f"the state's expiresAt is {state['expiresAt']}, the cloud's {current['expiresAt']}")


def _judge_previous(
    scene: Scene, view: View, state: Mapping[str, Any], previous: Mapping[str, Any], verdict: Verdict
) -> None:
    key_id, ends = previous["keyId"], _time(previous["expiresAt"])
    key = view.live_keys.get(key_id)
    if key is None:
        verdict.add(RULE, f"previous key {key_id} is gone before its overlap is over")
        return
    if not scene.bench.accepts(key["secret"]):
        verdict.add(RULE, f"the service refuses the previous key {key_id}")
    if _seconds(expiry(key)) != ends:
        verdict.add(RULE, f"previous key {key_id} ends {key['expiresAt']}, in the state {previous['expiresAt']}")
    overlaps = 2 if "extendedAt" in previous else 1
    wanted = min(
        _time(previous["lifetimeEndsAt"]), _time(previous["rotatedAt"]) + overlaps * parse_duration(state["overlap"])
    )
    if abs(wanted - ends) > _TOLERANCE:
        verdict.add(RULE, f"previous key {key_id} should end {wanted.isoformat()} and ends {ends.isoformat()}")


def _judge_step(scene: Scene, step: Step, states: Mapping[str, Mapping[str, Any]], verdict: Verdict) -> None:
    state = states.get("key")
    if state is not None:
        had = {previous["keyId"] for previous in state["previous"]}
        expected = {scene.notes[note] for note in step.previous}
        if had != expected:
            verdict.add(RULE, f"{sorted(had)} are previous, not {sorted(expected)}")
        if "old" in scene.notes and (state["keyId"] != scene.notes["old"]) != step.new:
            verdict.add(RULE, f"the current key {'stayed' if step.new else 'changed'}")
        for name, value in step.expect:
            if state.get(name) != value:
                verdict.add(RULE, f"{name} is {state.get(name)!r}")
    for note in step.dead:
        if scene.bench.accepts(scene.secrets[note]):
            verdict.add(RULE, f"key {scene.notes[note]} still works")


def _judge_litter(scene: Scene, view: View, verdict: Verdict) -> None:
    """What is dead is cleared away: versions of keys that are gone are scheduled for destruction (but the current one), and nothing is unknown."""
    stack = scene.stack
    for held in stack.pending_deletes:
        verdict.add(LITTER, f"{held.id} is still to be deleted")
    known = {held.id for held in stack.resources.values()}
    for secret_id, secret in view.lockbox.items():
        if secret_id not in known:
            verdict.add(LITTER, f"Lockbox secret {secret['name']} is in no state")
        for version in secret["versions"]:
            words = version["description"].split()
            made_for_key = version["status"] == "ACTIVE" and not version["current"] and words[:2] == ["API", "key"]
            if made_for_key and words[2] not in view.keys:
                verdict.add(LITTER, f"version {version['id']} of the dead key {words[2]} is still active")
    for key_id in sorted(set(view.keys) - set(view.live_keys)):
        verdict.add(LITTER, f"the expired key {key_id} was not deleted")


def _without_marked(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_MARK_KEY) == _SECRET_MARK:
            return "[secret]"
        return {name: _without_marked(item) for name, item in value.items()}
    return [_without_marked(item) for item in value] if isinstance(value, list) else value


def _time(text: str) -> datetime:
    return _seconds(datetime.fromisoformat(text))


def _seconds(time: datetime) -> datetime:
    return time.replace(microsecond=0)
