"""What roles on folders and on Lockbox secrets have in common: one member's role, added and removed as a delta.

Whatever else is bound stays untouched: the bindings of a folder or secret are never written as a whole.
"""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar, Final

from .errors import AlreadyExists, InvalidInput, NotFound
from .input_fields import InputField, Member, changes, checked
from .resource import Diff, Properties, Read, ResourceType, Runtime

_REQUEST: Final = "yandex.cloud.access.UpdateAccessBindingsRequest"
_BINDING: Final = "yandex.cloud.access.AccessBinding"


def bound_to(name: str) -> tuple[InputField, ...]:
    """The inputs of a binding on what the input `name` identifies."""
    return (
        InputField(name, _REQUEST, "resource_id", required=True, replaces=True),
        InputField("role", _BINDING, "role_id", required=True, replaces=True),
        Member("member", required=True, replaces=True),
    )


class AccessBinding(ResourceType):
    """The verbs of one binding. Its id is `<folder or secret>/<role>/<member>`.

    service: of the API; noun: in messages, `folder`; fields: the inputs, first what the role is on.
    """

    service: ClassVar[str]
    noun: ClassVar[str]
    fields: ClassVar[tuple[InputField, ...]]

    def check(self, urn: str, old: Properties, new: Properties, runtime: Runtime | None) -> Properties:
        inputs, problems = checked(self.fields, new, self.token.rpartition(":")[2])
        if problems:
            raise InvalidInput(problems)
        return inputs

    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        return Diff(changes(self.fields, state, inputs))

    def preview(self, urn: str, state: Properties | None, inputs: Properties, runtime: Runtime) -> Properties:
        return dict(inputs)

    def create(self, urn: str, inputs: Properties, runtime: Runtime) -> tuple[str, Properties]:
        resource_id = "/".join(self._parts(inputs))
        with suppress(AlreadyExists):  # by hand or by a run whose answer was lost: it is what was asked for
            self._write("ADD", inputs, runtime)
        runtime.fresh.add(resource_id)
        return resource_id, dict(inputs)

    def read(self, urn: str, resource_id: str, inputs: Properties, state: Properties, runtime: Runtime) -> Read | None:
        on, role, member = self._identified(resource_id)
        try:
            bindings = runtime.reads.bindings(f"{self.service}/ListAccessBindings", on)
        except NotFound:
            return None
        subject = {"type": member.partition(":")[0], "id": member.partition(":")[2]}
        if not any(binding.get("role_id") == role and binding.get("subject") == subject for binding in bindings):
            return None
        found = {**self._kept(inputs, state), self.fields[0].name: on, "role": role, "member": member}
        return Read(f"{on}/{role}/{member}", found, dict(found))

    def update(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Properties:
        return dict(inputs)  # whatever the binding consists of replaces it

    def delete(self, urn: str, resource_id: str, state: Properties, runtime: Runtime) -> None:
        if resource_id in runtime.fresh:
            # This run has granted the same role again, for a renamed resource or a replacement: taking it away now would leave that one without.
            return
        try:
            self._write("REMOVE", state, runtime)
        except NotFound:
            return

    def _parts(self, properties: Properties) -> tuple[str, str, str]:
        return properties[self.fields[0].name], properties["role"], properties["member"]

    def _kept(self, inputs: Properties, state: Properties) -> Properties:
        """Inputs that the cloud doesn't know of."""
        given = {**state, **inputs}
        return {field.name: given[field.name] for field in self.fields[3:] if field.name in given}

    def _identified(self, resource_id: str) -> tuple[str, str, str]:
        """The parts of an id, or of what `pulumi import` takes: the three parts with spaces between. Raises InvalidInput."""
        parts = resource_id.split() if " " in resource_id else resource_id.split("/", 2)
        if len(parts) != 3 or not all(parts) or ":" not in parts[2]:
            expected = f'"<{self.noun} id> <role> <type>:<id>", such as "{_EXAMPLES[self.noun]} serviceAccount:ajexxxxxxxxxxxxxxxxx"'
            raise InvalidInput([("id", f"is not that of a role on a {self.noun}: write {expected}")])
        return parts[0], parts[1], parts[2]

    def _write(self, action: str, properties: Properties, runtime: Runtime) -> None:
        on, role, member = self._parts(properties)
        kind, _, subject = member.partition(":")
        delta = {"action": action, "access_binding": {"role_id": role, "subject": {"type": kind, "id": subject}}}
        request = {"resource_id": on, "access_binding_deltas": [delta]}
        try:
            runtime.cloud.operate(
                f"{self.service}/UpdateAccessBindings", request, f"role {role} of {member} on {self.noun} {on}"
            )
        finally:
            runtime.reads.forget_bindings(f"{self.service}/ListAccessBindings", on)


_EXAMPLES: Final = {
    "folder": "b1gxxxxxxxxxxxxxxxxx viewer",
    "Lockbox secret": "e6qxxxxxxxxxxxxxxxxx lockbox.payloadViewer",
}
