"""What every resource type has in common: its verbs, what they get and what they answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .run import Runtime

Properties = dict[str, Any]
"""A resource's properties as plain values: str, bool, int, float, list, dict, None, or `properties.UNKNOWN` in a preview."""


@dataclass(frozen=True)
class Change:
    """One difference: `kind` as Pulumi shows it; `is_input` False where an output changes though no input did."""

    kind: Literal["add", "update", "delete"] = "update"
    replace: bool = False
    is_input: bool = True


@dataclass(frozen=True)
class Diff:
    """The differences by property path. Empty: nothing to do."""

    changes: Mapping[str, Change] = field(default_factory=dict)
    delete_before_replace: bool = False


@dataclass(frozen=True)
class Read:
    """What a read found: the inputs that would make it and the whole state. `None` in its place means: it is gone."""

    resource_id: str
    inputs: Properties
    state: Properties


class ResourceType(ABC):
    """The verbs of one type. All run in a worker thread and may block; none keeps anything but what `Runtime` hands it.

    The state holds every input beside the outputs: Pulumi's Diff is given no old inputs.
    """

    token: str

    @abstractmethod
    def check(self, urn: str, old: Properties, new: Properties, runtime: Runtime | None) -> Properties:
        """The inputs with every default filled in. Raises InvalidInput with all problems at once. Makes no call.

        `runtime` is None where the provider's settings are not known yet (a preview).
        """

    @abstractmethod
    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        """What would change. Values may be unknown."""

    @abstractmethod
    def preview(self, urn: str, state: Properties | None, inputs: Properties, runtime: Runtime) -> Properties:
        """The state that a create (`state` is None) or an update would leave, with UNKNOWN for what the cloud decides. Makes no change."""

    @abstractmethod
    def create(self, urn: str, inputs: Properties, runtime: Runtime) -> tuple[str, Properties]:
        """Make it: the resource's id and its state. Raises PartialFailure where it got half-way."""

    @abstractmethod
    def read(self, urn: str, resource_id: str, inputs: Properties, state: Properties, runtime: Runtime) -> Read | None:
        """What is there now; `inputs` and `state` are empty for an import."""

    @abstractmethod
    def update(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Properties:
        """Change it in place: the new state. Raises PartialFailure where it got half-way."""

    @abstractmethod
    def delete(self, urn: str, resource_id: str, state: Properties, runtime: Runtime) -> None:
        """Remove it; what is gone already is fine."""


def changed_properties(
    state: Properties, inputs: Properties, replaces: frozenset[str] = frozenset()
) -> dict[str, Change]:
    """The differences between what the state holds and what is wanted, over the names in `inputs`; those in `replaces` force a replacement.

    An input that is no longer given is one that the state holds under `inputs`' missing name: callers list them by filling `inputs` with None.
    """
    changes: dict[str, Change] = {}
    for name, wanted in inputs.items():
        had = state.get(name)
        if had == wanted:
            continue
        kind: Literal["add", "update", "delete"] = "add" if had is None else "delete" if wanted is None else "update"
        changes[name] = Change(kind, replace=name in replaces)
    return changes
