"""`yandex:index/kmsSymmetricKeyIamBinding:KmsSymmetricKeyIamBinding`: who has a role on a KMS key, as pulumi-yandex 0.13.0 shapes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar, Final

from .errors import InvalidInput, NotFound
from .input_fields import InputField, Member, Seconds, changes, checked
from .properties import is_unknown
from .resource import Diff, Properties, Read, ResourceType, Runtime

_SERVICE: Final = "SymmetricKeyService"
_LIST: Final = f"{_SERVICE}/ListAccessBindings"


class Members(InputField):
    """A set of members: their order makes no difference."""

    def problems(self, value: Any) -> Iterator[tuple[str, str]]:
        if not isinstance(value, list) or not value:
            yield self.name, "must be a list with at least one member, such as serviceAccount:ajexxxxxxxxxxxxxxxxx"
            return
        for index, member in enumerate(value):
            if not is_unknown(member):
                yield from Member(f"{self.name}[{index}]").problems(member)

    def same(self, one: Any, other: Any) -> bool:
        return not is_unknown(one) and not is_unknown(other) and sorted(one or ()) == sorted(other or ())


class KmsSymmetricKeyIamBinding(ResourceType):
    """The verbs of one role's members on a key. Upstream owns the role: members that aren't listed lose it. Its id is `<key>/<role>`."""

    token = "yandex:index/kmsSymmetricKeyIamBinding:KmsSymmetricKeyIamBinding"
    fields: ClassVar[tuple[InputField, ...]] = (
        InputField("symmetricKeyId", required=True, replaces=True),
        InputField("role", required=True, replaces=True),
        Members("members", required=True),
        Seconds("sleepAfter"),
    )

    def check(self, urn: str, old: Properties, new: Properties, runtime: Runtime | None) -> Properties:
        inputs, problems = checked(self.fields, new, "KmsSymmetricKeyIamBinding")
        if problems:
            raise InvalidInput(problems)
        return inputs

    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        return Diff(changes(self.fields, state, inputs))

    def preview(self, urn: str, state: Properties | None, inputs: Properties, runtime: Runtime) -> Properties:
        return dict(inputs)

    def create(self, urn: str, inputs: Properties, runtime: Runtime) -> tuple[str, Properties]:
        key, role = inputs["symmetricKeyId"], inputs["role"]
        self._set(key, role, set(inputs["members"]), runtime)
        runtime.fresh.add(f"{key}/{role}")
        if inputs.get("sleepAfter"):
            runtime.cloud.wait(float(inputs["sleepAfter"]))
        return f"{key}/{role}", dict(inputs)

    def read(self, urn: str, resource_id: str, inputs: Properties, state: Properties, runtime: Runtime) -> Read | None:
        parts = resource_id.split() if " " in resource_id else resource_id.split("/")
        if len(parts) != 2:
            raise InvalidInput(
                [("id", 'is not that of a binding: write "<key id> <role>", such as "abjxxxxxxxxxxxxxxxxx viewer"')]
            )
        key, role = parts
        try:
            members = self._members(key, role, runtime)
        except NotFound:
            return None
        if not members:
            return None
        found = {**state, **inputs, "symmetricKeyId": key, "role": role, "members": sorted(members)}
        return Read(f"{key}/{role}", found, dict(found))

    def update(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Properties:
        self._set(inputs["symmetricKeyId"], inputs["role"], set(inputs["members"]), runtime)
        return dict(inputs)

    def delete(self, urn: str, resource_id: str, state: Properties, runtime: Runtime) -> None:
        if resource_id not in runtime.fresh:  # else this run has granted the same again, for a renamed resource
            with suppress(NotFound):
                self._set(state["symmetricKeyId"], state["role"], set(), runtime)

    def _members(self, key: str, role: str, runtime: Runtime) -> set[str]:
        bindings = runtime.reads.bindings(_LIST, key)
        subjects = (binding["subject"] for binding in bindings if binding.get("role_id") == role)
        return {f"{subject['type']}:{subject['id']}" for subject in subjects}

    def _set(self, key: str, role: str, wanted: set[str], runtime: Runtime) -> None:
        """Adds and removes what differs, never a rewrite of all bindings: other roles on the key stay."""
        runtime.reads.forget_bindings(_LIST, key)
        had = self._members(key, role, runtime)
        steps = [("ADD", member) for member in sorted(wanted - had)] + [
            ("REMOVE", member) for member in sorted(had - wanted)
        ]
        if not steps:
            return
        deltas = [
            {"action": action, "access_binding": {"role_id": role, "subject": {"type": kind, "id": subject}}}
            for action, member in steps
            for kind, _, subject in [member.partition(":")]
        ]
        request = {"resource_id": key, "access_binding_deltas": deltas}
        try:
            runtime.cloud.operate(f"{_SERVICE}/UpdateAccessBindings", request, f"role {role} on KMS key {key}")
        finally:
            runtime.reads.forget_bindings(_LIST, key)
