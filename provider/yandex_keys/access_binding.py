"""Roles on folders, Lockbox secrets and KMS keys: one role's members, added and removed as deltas.

What else is bound there stays untouched: the bindings of a folder, a secret or a key are never written as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from .errors import AlreadyExists, InvalidInput, NotFound, Problem
from .fields import InputField, Member, Rule, in_order
from .properties import Properties, is_unknown
from .resource import DeclaredType, Read
from .run import Runtime

_REQUEST: Final = "yandex.cloud.access.UpdateAccessBindingsRequest"
_BINDING: Final = "yandex.cloud.access.AccessBinding"
_MEMBER: Final = Member("member", required=True, replaces=True)
_ROLE: Final = InputField("role", _BINDING, "role_id", required=True, replaces=True)


def _no_pause(value: object) -> str | None:
    is_pause = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return None if is_pause else "must be a whole number of seconds, zero or more"


_SLEEP_AFTER: Final = Rule("sleepAfter", judge=_no_pause)


class Members(InputField):
    """A set of members: their order makes no difference."""

    def problems(self, value: object) -> Iterator[Problem]:
        if not isinstance(value, list) or not value:
            yield self.name, "must be a list with at least one member, such as serviceAccount:ajexxxxxxxxxxxxxxxxx"
            return
        for index, member in enumerate(value):
            if not is_unknown(member):
                yield from Member(f"{self.name}[{index}]").problems(member)

    def same(self, one: object, other: object) -> bool:
        return not is_unknown(one) and not is_unknown(other) and in_order(one) == in_order(other)


class AccessBinding(DeclaredType):
    """The verbs of one type of binding. Its id is `<what the role is on>/<role>`, and `/<member>` where it is one
    member's.

    service: of the API; noun: of what the role is on, in messages; fields: the inputs: first what the role is on, then
    the role, then the one member or all members of the role (`Members`: who isn't listed loses it); not_an_id: what is
    said of an id of another form.

    `sleepAfter`: how many seconds to wait after the role was granted, for it to spread. It says nothing of the binding,
    so it changes in place.
    """

    service: ClassVar[str]
    noun: ClassVar[str]
    not_an_id: ClassVar[str]

    def preview(self, urn: str, state: Properties | None, inputs: Properties, runtime: Runtime) -> Properties:
        return dict(inputs)

    def create(self, urn: str, inputs: Properties, runtime: Runtime) -> tuple[str, Properties]:
        try:
            self._change(inputs, set(), self._members(inputs), runtime)
        except AlreadyExists:  # by hand or by a run whose answer was lost: it is what was asked for
            if self._has_all_members:
                raise
        resource_id = self._id(inputs)
        runtime.record.made.add(resource_id)
        if inputs.get("sleepAfter"):
            # A run that is cancelled meanwhile has its binding all the same.
            runtime.cloud.wait(float(inputs["sleepAfter"]))
        return resource_id, dict(inputs)

    def read(self, urn: str, resource_id: str, inputs: Properties, state: Properties, runtime: Runtime) -> Read | None:
        parts = resource_id.split() if " " in resource_id else resource_id.split("/", 2)
        member = None if self._has_all_members else parts[-1]
        if len(parts) != (2 if member is None else 3) or not all(parts) or (member and ":" not in member):
            raise InvalidInput([("id", self.not_an_id)])
        on, role = parts[:2]
        try:
            members = self._listed(on, role, runtime)
        except NotFound:
            return None
        if not members or (member and member not in members):
            return None
        given = {**state, **inputs}
        found = {field.name: given[field.name] for field in self.fields[3:] if field.name in given}
        found |= {self._on: on, "role": role, self._whose: member or sorted(members)}
        return Read(self._id(found), found, dict(found))

    def update(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Properties:
        self._change(inputs, self._members(state), self._members(inputs), runtime)
        return dict(inputs)

    def delete(self, urn: str, resource_id: str, state: Properties, runtime: Runtime) -> None:
        if resource_id in runtime.record.made:
            # This run has granted the same role again, for a renamed resource or a replacement: taking it away now
            # would leave that one without.
            return
        try:
            self._change(state, self._members(state), set(), runtime)
        except NotFound:
            return

    @property
    def _on(self) -> str:
        return self.fields[0].name

    @property
    def _whose(self) -> str:
        return self.fields[2].name

    @property
    def _has_all_members(self) -> bool:
        return isinstance(self.fields[2], Members)

    def _id(self, properties: Properties) -> str:
        parts = [properties[self._on], properties["role"], properties[self._whose]]
        return "/".join(parts[:2] if self._has_all_members else parts)

    def _members(self, properties: Properties) -> set[str]:
        named = properties[self._whose]
        return set(named) if self._has_all_members else {named}

    def _listed(self, on: str, role: str, runtime: Runtime) -> set[str]:
        """Who has the role by the cloud."""
        bound = (item["subject"] for item in runtime.reads.bindings(self.service, on) if item.get("role_id") == role)
        return {f"{subject['type']}:{subject['id']}" for subject in bound}

    def _change(self, properties: Properties, had: set[str], wanted: set[str], runtime: Runtime) -> None:
        """Adds and removes what differs; who had a role of which we own all members, the cloud alone can tell."""
        on, role = properties[self._on], properties["role"]
        with runtime.reads.changing_bindings(self.service, on):
            if self._has_all_members:
                had = self._listed(on, role, runtime)
            deltas = [_delta("ADD", role, member) for member in sorted(wanted - had)]
            deltas += [_delta("REMOVE", role, member) for member in sorted(had - wanted)]
            if deltas:
                whose = "" if self._has_all_members else f" of {properties[self._whose]}"
                request = {"resource_id": on, "access_binding_deltas": deltas}
                about = f"role {role}{whose} on {self.noun} {on}"
                runtime.cloud.operate(f"{self.service}/UpdateAccessBindings", request, about)


def _on(name: str) -> InputField:
    return InputField(name, _REQUEST, "resource_id", required=True, replaces=True)


def _delta(action: str, role: str, member: str) -> dict[str, object]:
    kind, _, subject = member.partition(":")
    return {"action": action, "access_binding": {"role_id": role, "subject": {"type": kind, "id": subject}}}


class FolderIamMember(AccessBinding):
    """One member's role on a folder, as pulumi-yandex 0.13.0 shapes it."""

    token = "yandex:index/resourcemanagerFolderIamMember:ResourcemanagerFolderIamMember"
    service = "FolderService"
    noun = "folder"
    fields = (_on("folderId"), _ROLE, _MEMBER, _SLEEP_AFTER)
    not_an_id = (
        'is not that of a role on a folder: write "<folder id> <role> <type>:<id>", such as '
        '"b1gxxxxxxxxxxxxxxxxx viewer serviceAccount:ajexxxxxxxxxxxxxxxxx"'
    )


class LockboxSecretIamMember(AccessBinding):
    """One member's role on a Lockbox secret, for those who read it."""

    token = "yandex-keys:index:LockboxSecretIamMember"
    service = "SecretService"
    noun = "Lockbox secret"
    fields = (_on("secretId"), _ROLE, _MEMBER)
    not_an_id = (
        'is not that of a role on a Lockbox secret: write "<Lockbox secret id> <role> <type>:<id>", such as '
        '"e6qxxxxxxxxxxxxxxxxx lockbox.payloadViewer serviceAccount:ajexxxxxxxxxxxxxxxxx"'
    )


class KmsSymmetricKeyIamBinding(AccessBinding):
    """All members of one role on a KMS key, as pulumi-yandex 0.13.0 shapes it."""

    token = "yandex:index/kmsSymmetricKeyIamBinding:KmsSymmetricKeyIamBinding"
    service = "SymmetricKeyService"
    noun = "KMS key"
    fields = (_on("symmetricKeyId"), _ROLE, Members("members", required=True), _SLEEP_AFTER)
    not_an_id = 'is not that of a binding: write "<key id> <role>", such as "abjxxxxxxxxxxxxxxxxx viewer"'
