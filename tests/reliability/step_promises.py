"""What must be true of a case of the matrix: the promises of every key, what its step is to lead to, and that nothing leaks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tests.reliability.leak_search import found_in
from tests.reliability.life_steps import Step
from tests.reliability.programs import KEY
from tests.reliability.promises import LEAK, LITTER, LOST, RULE, BrokenPromises, Judge
from tests.reliability.scene import Scene
from tests.reliability.small_engine import Outcome
from tests.reliability.view import View

# How the wire marks a secret value: Pulumi's own signature for it.
_MARK_KEY: Final = "4dabf18193072939515e22adb298388d"
_SECRET_MARK: Final = "1b47061264138c4ac30d75fd1eb44270"


def judge(scene: Scene, step: Step, broken: BrokenPromises) -> None:
    """Adds everything that is not as promised after the last plain run of `step`."""
    judged = Judge(scene.look(), scene.bench.accepts, broken)
    states = {name: held.values for name, held in scene.stack.resources.items() if held.token == KEY}
    judged.keys(states.values())
    judged.litter(held.id for held in scene.stack.resources.values())
    for held in scene.stack.state.pending_deletes:
        broken.add(LITTER, f"{held.id} is still to be deleted")
    _delivery(scene, step, states, broken)
    _course(scene, step, states, broken)


def judge_settled(outcome: Outcome, calls: Sequence[str], broken: BrokenPromises) -> None:
    """A run with nothing to do does nothing: `outcome` and `calls` are those of one more plain run."""
    if outcome.failed or outcome.done or calls:
        broken.add(RULE, f"one more run isn't a no-op: {outcome.errors or outcome.done or calls}")


def judge_served(scene: Scene, step: Step, view: View, broken: BrokenPromises) -> None:
    """After the failed command, before any other: whoever reads Lockbox now gets a key that works."""
    if step.served:
        Judge(view, scene.bench.accepts, broken).served()


def judge_leaks(scene: Scene, outcomes: Iterable[Outcome], secrets: Iterable[str], broken: BrokenPromises) -> None:
    """No secret is in the state (but where it is marked as one), in an error or in a log line."""
    texts: dict[str, list[str]] = {"an error": [], "a log line": [], "the state": []}
    for outcome in outcomes:
        texts["an error"] += outcome.errors
        texts["a log line"] += outcome.logged
    for held in (*scene.stack.resources.values(), *scene.stack.state.pending_deletes):
        for properties in (held.inputs, held.outputs):
            texts["the state"].append(json.dumps(_without_marked(properties)))
        texts["an error"] += held.init_errors
    for where, lines in texts.items():
        for secret in found_in("\n".join(lines).encode(), list(secrets)):
            broken.add(LEAK, f"{where} holds the secret that ends in {secret[-4:]}")


def _delivery(scene: Scene, step: Step, states: Mapping[str, Mapping[str, Any]], broken: BrokenPromises) -> None:
    """The declared keys are there, each delivered where its step says."""
    if set(states) != {name for name, _, _ in step.keys}:
        broken.add(LOST, f"the state holds the keys {sorted(states)}")
    for name, secret, entry in step.keys:
        target = states.get(name, {}).get("lockbox") or {}
        wanted = scene.stack.resources[secret].id if secret else None
        if name in states and (target.get("secretId"), target.get("secretEntry")) != (wanted, entry):
            broken.add(LOST, f"{name} is delivered to {target}")


def _course(scene: Scene, step: Step, states: Mapping[str, Mapping[str, Any]], broken: BrokenPromises) -> None:
    """The step led where it should: the right keys are current, previous and dead."""
    state = states.get("key")
    if state is not None:
        had = {previous["keyId"] for previous in state["previous"]}
        expected = {scene.notes[note] for note in step.previous}
        # What a run that was interrupted has issued becomes previous: consumers may hold it. None of those is noted.
        had &= expected | set(scene.notes.values())
        if had != expected:
            broken.add(RULE, f"{sorted(had)} are previous, not {sorted(expected)}")
        if "old" in scene.notes and (state["keyId"] != scene.notes["old"]) != step.new:
            broken.add(RULE, f"the current key {'stayed' if step.new else 'changed'}")
        for name, value in step.expect:
            if state.get(name) != value:
                broken.add(RULE, f"{name} is {state.get(name)!r}")
    for note in step.dead:
        if scene.bench.accepts(scene.secrets[note]):
            broken.add(RULE, f"key {scene.notes[note]} still works")


def _without_marked(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_MARK_KEY) == _SECRET_MARK:
            return "[secret]"
        return {name: _without_marked(item) for name, item in value.items()}
    return [_without_marked(item) for item in value] if isinstance(value, list) else value
