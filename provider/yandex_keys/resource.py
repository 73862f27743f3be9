"""What every resource type has in common: its verbs, what they get and what they answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from .errors import InvalidInput, Problem
from .fields import Change, InputField, changes, checked
from .properties import Properties
from .run import Runtime


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
        """The state that a create (`state` is None) or an update would leave, with UNKNOWN for what the cloud decides.
        Makes no change."""

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


class DeclaredType(ResourceType):
    """A type whose inputs are all said by its `fields`: what is wrong with each, and which differences make a
    change."""

    fields: ClassVar[tuple[InputField, ...]]

    def check(self, urn: str, old: Properties, new: Properties, runtime: Runtime | None) -> Properties:
        inputs, problems = checked(self.fields, new, self.token.rpartition(":")[2])
        problems += self.missing(inputs)
        if problems:
            raise InvalidInput(problems)
        return inputs

    def missing(self, inputs: Properties) -> Iterable[Problem]:
        """What is wrong where an input is neither given nor had from elsewhere."""
        return ()

    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        return Diff(changes(self.fields, state, inputs))
