"""Access bindings: which subject has which role on which resource, and what that allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import grpc
from yandex.cloud.access import access_pb2

from emulator.errors import CloudError, bad_request, denied, not_found, precondition
from emulator.state.backend import Backend
from emulator.state.call import Call
from emulator.state.paging import page_of_children
from emulator.state.roles import allows, is_known
from emulator.storage import Facts, Kind, Record

_SUBJECT_TYPES = ("serviceAccount", "userAccount", "federatedUser", "group", "system")
_EVERYBODY = ("allAuthenticatedUsers", "allUsers")
_LOOKING = ("get", "list", "listOperations", "listVersions", "listAccessBindings")
_USES = ("lockbox.payloads.get", "kms.keys.decrypt")
_ADD = access_pb2.AccessBindingAction.ADD
_REMOVE = access_pb2.AccessBindingAction.REMOVE


class AccessBindings:
    """The bindings of all resources. A change is listed at once and counts after the settings' `accessDelay`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def require(self, call: Call, permission: str, hierarchy: Sequence[str]) -> None:
        """Lets the call pass if its principal has the permission on the resource or on what holds it.

        `hierarchy` goes from the resource up. Raises PERMISSION_DENIED, and FAILED_PRECONDITION for what a folder that
        is being deleted doesn't do any more.
        """
        if not any(allows(role, permission) for role in self.roles_of(call.principal, hierarchy)):
            raise denied(f"Permission denied: {call.principal} has no role with {permission} on {hierarchy[0]}")
        stopped = [place for place in hierarchy if place in self._backend.folder_deletions()]
        if stopped and not _is_allowed_while_deleting(permission):
            raise precondition(f"Folder {stopped[0]} is being deleted: what it holds can only be looked at and deleted")

    def roles_of(self, subject_id: str, hierarchy: Iterable[str]) -> set[str]:
        """The roles that count now for the subject on a resource, given the resource and what holds it."""
        places, now = set(hierarchy), self._backend.clock.real()
        records = [*self._backend.storage.named(Kind.ACCESS_BINDING, subject_id)]
        for everybody in _EVERYBODY:
            records += self._backend.storage.named(Kind.ACCESS_BINDING, everybody)
        return {record.facts["role"] for record in records if record.parent in places and _counts(record, now)}

    def page(
        self, resource_id: str, request: access_pb2.ListAccessBindingsRequest
    ) -> access_pb2.ListAccessBindingsResponse:
        """The bindings of one resource, a page at a time."""
        page, token = page_of_children(self._backend.storage, Kind.ACCESS_BINDING, resource_id, request, _is_listed)
        bindings = [access_pb2.AccessBinding.FromString(record.body) for record in page]
        return access_pb2.ListAccessBindingsResponse(access_bindings=bindings, next_page_token=token)

    def set(
        self, request: access_pb2.SetAccessBindingsRequest, resource_type: str
    ) -> access_pb2.AccessBindingsOperationResult:
        """Replaces all bindings of the resource; answers what that changed."""
        wanted = {_key(request.resource_id, binding): binding for binding in request.access_bindings}
        present = {record.id: record for record in self._listed(request.resource_id)}
        deltas = [
            access_pb2.AccessBindingDelta(
                action=_REMOVE, access_binding=access_pb2.AccessBinding.FromString(record.body)
            )
            for key, record in present.items()
            if key not in wanted
        ]
        deltas += [access_pb2.AccessBindingDelta(action=_ADD, access_binding=binding) for binding in wanted.values()]
        return self._apply(request.resource_id, resource_type, deltas, "access_bindings")

    def update(
        self, request: access_pb2.UpdateAccessBindingsRequest, resource_type: str
    ) -> access_pb2.AccessBindingsOperationResult:
        """Adds and removes single bindings; adding one that is there, or removing one that isn't, changes nothing.

        Answers what was changed.
        """
        return self._apply(request.resource_id, resource_type, request.access_binding_deltas, "access_binding_deltas")

    def remove_resource(self, resource_id: str) -> None:
        """The resource is gone, and its bindings with it."""
        self._backend.storage.delete_children(Kind.ACCESS_BINDING, resource_id)

    def remove_subject(self, subject_id: str) -> None:
        """The subject is gone, and its bindings with it."""
        for record in self._backend.storage.named(Kind.ACCESS_BINDING, subject_id):
            self._backend.storage.delete(Kind.ACCESS_BINDING, record.id)

    def grant(self, resource_id: str, resource_type: str, role: str, subject_id: str) -> None:
        """A binding to a service account that counts at once, made by the emulator itself."""
        subject = access_pb2.Subject(id=subject_id, type="serviceAccount")
        binding = access_pb2.AccessBinding(role_id=role, subject=subject)
        self._keep(resource_id, resource_type, binding, counts_from=0.0)

    def _apply(
        self, resource_id: str, resource_type: str, deltas: Iterable[access_pb2.AccessBindingDelta], field: str
    ) -> access_pb2.AccessBindingsOperationResult:
        effective = access_pb2.AccessBindingsOperationResult()
        for index, delta in enumerate(deltas):
            action: Callable[..., bool] = self._add if delta.action == _ADD else self._remove
            if action(resource_id, resource_type, delta.access_binding, f"{field}[{index}]"):
                effective.effective_deltas.append(delta)
        return effective

    def _add(self, resource_id: str, resource_type: str, binding: access_pb2.AccessBinding, field: str) -> bool:
        self._check(binding, field)
        present = self._backend.storage.get(Kind.ACCESS_BINDING, _key(resource_id, binding))
        if present is not None and _is_listed(present):
            return False
        delay = self._backend.settings.access_delay.total_seconds()
        now = self._backend.clock.real()
        still_counts = present is not None and _counts(present, now)
        self._keep(resource_id, resource_type, binding, counts_from=0.0 if still_counts else now + delay)
        return True

    def _remove(self, resource_id: str, resource_type: str, binding: access_pb2.AccessBinding, field: str) -> bool:
        present = self._backend.storage.get(Kind.ACCESS_BINDING, _key(resource_id, binding))
        if present is None or not _is_listed(present):
            return False
        delay = self._backend.settings.access_delay.total_seconds()
        if delay and _counts(present, self._backend.clock.real()):
            until = self._backend.clock.real() + delay
            self._backend.storage.put(present.with_body(present.body, countsUntil=until))
        else:
            self._backend.storage.delete(Kind.ACCESS_BINDING, present.id)
        return True

    def _check(self, binding: access_pb2.AccessBinding, field: str) -> None:
        subject = binding.subject
        if not is_known(binding.role_id):
            raise not_found("Role", binding.role_id)
        if subject.type not in _SUBJECT_TYPES:
            allowed = ", ".join(_SUBJECT_TYPES)
            raise bad_request([(f"{field}.subject.type", f"isn't a type of subject; allowed: {allowed}")])
        if subject.type == "serviceAccount" and self._backend.storage.get(Kind.SERVICE_ACCOUNT, subject.id) is None:
            raise CloudError(grpc.StatusCode.NOT_FOUND, f"Subject {subject.type}:{subject.id} not found")

    def _keep(
        self, resource_id: str, resource_type: str, binding: access_pb2.AccessBinding, counts_from: float
    ) -> None:
        facts: Facts = {"role": binding.role_id, "resourceType": resource_type, "countsFrom": counts_from}
        body = binding.SerializeToString()
        record = Record(Kind.ACCESS_BINDING, _key(resource_id, binding), body, resource_id, binding.subject.id, facts)
        self._backend.storage.put(record)

    def _listed(self, resource_id: str) -> list[Record]:
        return [item for item in self._backend.storage.children(Kind.ACCESS_BINDING, resource_id) if _is_listed(item)]


def _key(resource_id: str, binding: access_pb2.AccessBinding) -> str:
    return f"{resource_id}/{binding.role_id}/{binding.subject.type}:{binding.subject.id}"


def _is_allowed_while_deleting(permission: str) -> bool:
    """Whether it is still allowed in a folder that is being deleted."""
    return permission.rpartition(".")[2] in (*_LOOKING, "delete") and permission not in _USES


def _is_listed(record: Record) -> bool:
    return "countsUntil" not in record.facts


def _counts(record: Record, now: float) -> bool:
    return bool(record.facts["countsFrom"] <= now < record.facts.get("countsUntil", float("inf")))
