"""What the engine keeps of a stack: plain data, so that a copy of it is a copy, in another backend, in a file of last month, anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from tests.reliability.plugin_run import Identity, values

Json = dict[str, Any]


@dataclass(frozen=True)
class Held:
    """A resource as the state holds it.

    inputs, outputs: as the wire has them, secrets in their marks. needs: the URNs that its inputs came from. delete: it was replaced, and is still to
    be deleted. pending_replacement: it was deleted, and what replaces it is still to be made.
    """

    urn: str
    id: str
    inputs: Json
    outputs: Json
    init_errors: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    import_id: str = ""
    taint: bool = False
    protect: bool = False
    retain: bool = False
    delete: bool = False
    pending_replacement: bool = False

    @property
    def name(self) -> str:
        """The last part of its URN."""
        return self.urn.split("::", 3)[-1]

    @property
    def token(self) -> str:
        """Its type."""
        return self.urn.split("::")[2].rpartition("$")[2]

    @cached_property
    def values(self) -> Json:
        """Its outputs as plain values, to be read only."""
        return values(as_struct(self.outputs))


@dataclass
class State:
    """A stack's state. `provider_id` is empty until the first update has made the provider resource."""

    stack: str
    project: str = "api-keys"
    provider_id: str = ""
    resources: list[Held] = field(default_factory=list)

    def urn(self, token: str, name: str) -> str:
        """The URN of a resource of that type and name."""
        return f"urn:pulumi:{self.stack}::{self.project}::{token}::{name}"

    def identity(self, provider_id: str = "") -> Identity:
        """Its provider resource."""
        return Identity.of(self.stack, provider_id or self.provider_id, self.project)

    def live(self) -> Iterator[Held]:
        """What it holds but for what is still to be deleted."""
        return (held for held in self.resources if not held.delete)

    @property
    def by_name(self) -> dict[str, Held]:
        """What it holds, by name, but for what is still to be deleted or to be made again."""
        return {held.name: held for held in self.live() if not held.pending_replacement}

    @property
    def pending_deletes(self) -> list[Held]:
        """What was replaced, and is still to be deleted."""
        return [held for held in self.resources if held.delete]

    def find(self, urn: str) -> Held | None:
        """The live resource with that URN."""
        return next((held for held in self.live() if held.urn == urn), None)

    def put(self, new: Held, old: Held | None = None) -> None:
        """Takes `new` in the place of `old`, or as the last."""
        if old is None or old not in self.resources:
            self.resources.append(new)
        else:
            self.resources[self.resources.index(old)] = new

    def remove(self, held: Held) -> None:
        """Forgets it."""
        self.resources = [item for item in self.resources if item is not held]

    def rename_stack(self, name: str) -> None:
        """`pulumi stack rename`: every URN changes, the provider resource's id doesn't."""

        def renamed(urn: str) -> str:
            return urn.replace(f"urn:pulumi:{self.stack}::", f"urn:pulumi:{name}::", 1)

        self.resources = [
            replace(held, urn=renamed(held.urn), needs=tuple(map(renamed, held.needs))) for held in self.resources
        ]
        self.stack = name

    def text(self) -> str:
        """`pulumi stack export`."""
        return json.dumps(asdict(self))

    @staticmethod
    def of(text: str) -> State:
        """`pulumi stack import`."""
        read = json.loads(text)
        held = [
            Held(**{**item, "init_errors": tuple(item["init_errors"]), "needs": tuple(item["needs"])})
            for item in read.pop("resources")
        ]
        return State(**read, resources=held)


def as_struct(properties: Json) -> Struct:
    """The state's properties as the wire has them."""
    message = Struct()
    message.update(properties)
    return message


def as_json(message: Struct) -> Json:
    """The wire's properties as the state keeps them."""
    return dict(json_format.MessageToDict(message))
