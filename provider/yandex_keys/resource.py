"""What every resource type has in common: its verbs, what they get and what they answer."""

from __future__ import annotations

import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from .as_of import judged_as_of
from .cloud import Cloud
from .lockbox_version import LockboxVersions
from .marks import owner_of, random_part
from .reads import Reads

Properties = dict[str, Any]
"""A resource's properties as plain values: str, bool, int, float, list, dict, None, or `properties.UNKNOWN` in a preview."""

Severity = Literal["debug", "info", "warning"]


@dataclass(frozen=True)
class Runtime:
    """What a verb works with.

    now: the time by which keys are judged, in UTC (design: `asOf`, the environment, or the clock); as_of: `asOf`, where it was given;
    clock: this machine's time.
    run_every: how often the stack is run, as its user declares it.
    log: prints a line under the resource with that URN, in preview and update.
    reads: what this run has read; versions: how it writes to Lockbox.
    provider_id, provider_urn: of the stack's own provider resource: which state this run serves. random_bytes: for instances and attempts.
    fresh: ids of accounts and secrets that this run made, which hold no keys or versions but ours.
    imported: URNs that this run imported; claimed: ids of the keys, and of the resources in a folder, that states of this run account for.
    """

    cloud: Cloud
    folder_id: str
    cloud_id: str
    now: Callable[[], datetime]
    log: Callable[[Severity, str, str], None]
    reads: Reads
    versions: LockboxVersions
    as_of: datetime | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    run_every: timedelta = timedelta(days=1)
    provider_id: str = ""
    provider_urn: str = ""
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    fresh: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)
    claimed: set[str] = field(default_factory=set)
    _rehearsal_is_said: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def owner(self, urn: str) -> str:
        """The owner part of the mark of what is made for `urn`."""
        return owner_of(self.provider_id, urn)

    def say_as_of(self) -> None:
        """Says once a run by which time it is judged, where that isn't the clock's."""
        if self.as_of is not None and self._rehearsal_is_said.acquire(blocking=False):
            self.log("info", judged_as_of(self.as_of, self.clock()), "")

    def random_part(self) -> str:
        """A new instance or attempt."""
        return random_part(self.random_bytes)


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
