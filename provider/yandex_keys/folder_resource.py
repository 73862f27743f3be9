"""What the resources that live in a folder have in common: service accounts, KMS keys and Lockbox secrets.

Each carries its mark's owner and instance as labels (marks.py). A create is one call of the API when its operation
comes back done, and makes a thing once: its idempotency key follows from the owner, so asking again, in this run or
after a kill, is answered with what was made already. What is answered so, and wasn't made by this very call, is kept
only where nothing but a killed run can have left it. A delete looks first, and leaves what another resource has taken
over since. A read is content with what a listing of the folder shows, where that is what the state has.
"""

from __future__ import annotations

import re
import secrets
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final, cast

from .answers import FolderResourceAnswer
from .errors import AlreadyExists, CloudError, NotFound, Problem
from .fields import InputField
from .folder_listings import Listing
from .import_command import import_command
from .marks import creation_key, labelled_instance, labelled_owner, with_labels, without_labels
from .patience import CREATION
from .properties import UNKNOWN, PlainValue, Properties
from .resource import DeclaredType, Diff, Read
from .run import Runtime
from .times import cloud_time

# How many random hexadecimal digits Pulumi's automatic names end in.
_RANDOM_DIGITS: Final = 7
_FRACTION: Final = re.compile(r"\.[0-9]+(?=Z$)")
# How many creations of one owner a later run can find again. The owner ends with the stack's provider resource: only
# what is removed and declared again in a stack that goes on, within the cloud's memory of keys, comes to a second one.
_KNOWN_CREATIONS: Final = 16
# An operation that has made nothing for so long is taken for one that never ends: it is begun anew under the next key.
_NEVER_ENDS: Final = timedelta(hours=1)
INSTANCE: Final = "__instance"
"""The property that keeps the mark's instance in the state, for life; the engine shows no property named so."""


class FolderResource(DeclaredType):
    """The verbs of one type, over what its subclass declares.

    noun: in messages, `service account`; listing: how a folder's are listed; id_field: the name of the id in requests;
    fields: the inputs, `name`, `folderId` and others; outputs: what is no input; longest_name: in characters.
    """

    noun: ClassVar[str]
    listing: ClassVar[Listing]
    id_field: ClassVar[str]
    outputs: ClassVar[tuple[str, ...]] = ("createdAt",)
    longest_name: ClassVar[int] = 100

    @property
    def service(self) -> str:
        """The API's service that it is changed by."""
        return self.listing.service

    @abstractmethod
    def output_values(self, answer: FolderResourceAnswer) -> Properties:
        """The outputs that are no inputs, by the names in `outputs`."""

    def get(self, resource_id: str, runtime: Runtime) -> FolderResourceAnswer:
        """What the API says of it. Raises NotFound."""
        answer = runtime.cloud.call(f"{self.service}/Get", {self.id_field: resource_id}, f"{self.noun} {resource_id}")
        return cast(FolderResourceAnswer, answer)

    def forget(self, resource_id: str, runtime: Runtime) -> None:
        """What was read of it is no longer true."""
        runtime.reads.forget_listed(resource_id)

    def creation(self, inputs: Properties) -> dict[str, PlainValue]:
        """What a request to create it holds, but for the labels."""
        return {field.proto: field.to_cloud(inputs[field.name]) for field in self.fields if _is_given(field, inputs)}

    def update_of(self, changed: list[InputField], inputs: Properties) -> dict[str, PlainValue]:
        """What a request to update it holds, but for the id, the mask and the labels."""
        return {field.proto: field.to_cloud(inputs[field.name]) for field in changed if _is_given(field, inputs)}

    def search(self, inputs: Properties) -> dict[str, str]:
        """The request of a listing in which what has the name that `inputs` ask for is found."""
        return {"folder_id": inputs["folderId"]}

    def is_in_use(self, answer: FolderResourceAnswer) -> bool:
        """Whether it can be seen that a state knows what the API describes: so it wasn't left by a killed run."""
        return False

    def check(self, urn: str, old: Properties, new: Properties, runtime: Runtime | None) -> Properties:
        given = dict(new)
        if not given.get("name"):
            given["name"] = old.get("name") or self.automatic_name(logical_name(urn))
        if not given.get("folderId"):
            # What exists stays where it is when the provider's folder changes: a resource moves only when its own input
            # says so.
            given["folderId"] = old.get("folderId") or (UNKNOWN if runtime is None else runtime.folder_id) or None
        return super().check(urn, old, given, runtime)

    def missing(self, inputs: Properties) -> Iterator[Problem]:
        if not inputs.get("folderId"):
            yield "folderId", "is missing: set it here, or yandex-keys:folderId in the stack, or YC_FOLDER_ID"

    def automatic_name(self, logical_name: str) -> str:
        """A name for a resource that was given none: Pulumi's own name for it and random digits. It stays as long as
        the resource does."""
        return f"{logical_name[: self.longest_name - _RANDOM_DIGITS - 1]}-{secrets.token_hex(4)[:_RANDOM_DIGITS]}"

    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        runtime.record.in_states.add(resource_id)
        return super().diff(urn, resource_id, state, inputs, runtime)

    def preview(self, urn: str, state: Properties | None, inputs: Properties, runtime: Runtime) -> Properties:
        known = state or {}
        outputs = {name: known.get(name, UNKNOWN) for name in self.outputs}
        return {**self._empty(), **inputs, **outputs, **_instance_in(known)}

    def create(self, urn: str, inputs: Properties, runtime: Runtime) -> tuple[str, Properties]:
        owner, instance = runtime.owner(urn), runtime.random_part()
        request = {**self.creation(inputs), "labels": with_labels(inputs.get("labels"), owner, instance)}
        for key in _creation_keys(owner):
            try:
                made = self._made_under(key, request, inputs, urn, runtime)
            except AlreadyExists as error:
                return self._holder_of_the_name(urn, inputs, instance, error, runtime)
            if made is None:
                continue
            if labelled_instance(made) in ("", instance) or not key:
                runtime.record.made.add(made["id"])
                return made["id"], {**self.state(made, inputs), INSTANCE: instance}
            left = self._left_by_a_killed_run(made, inputs, owner, runtime)
            if left is not None:
                return self._continued(urn, left, inputs, instance, runtime)
        raise AssertionError("the last key is a new one, and what that makes is kept")

    def read(self, urn: str, resource_id: str, inputs: Properties, state: Properties, runtime: Runtime) -> Read | None:
        answer = self._as_listed(resource_id, state, runtime)
        if answer is None:
            try:
                answer = self.get(resource_id, runtime)
            except NotFound:
                return None
        found = self.state(answer, state)
        given = {name for name, value in found.items() if value} | inputs.keys()
        # What is imported goes on under the instance that it carries, if any: from then on it is this state's.
        instance = _instance_in(state) if state else _instance_in({INSTANCE: labelled_instance(answer)})
        inputs_found = {field.name: found[field.name] for field in self.fields if field.name in given}
        return Read(resource_id, inputs_found, {**found, **instance})

    def update(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Properties:
        changed = self._changed(state, inputs)
        if not changed:  # two ways of writing the same
            outputs = {name: state[name] for name in self.outputs if name in state}
            return {**self._empty(), **inputs, **outputs, **_instance_in(state)}
        if not any(field.name == "labels" for field in changed):
            return {**self._write(resource_id, changed, None, inputs, runtime), **_instance_in(state)}
        instance = state.get(INSTANCE) or runtime.random_part()
        labels = with_labels(inputs.get("labels"), runtime.owner(urn), instance)
        return {**self._write(resource_id, changed, labels, inputs, runtime), INSTANCE: instance}

    def delete(self, urn: str, resource_id: str, state: Properties, runtime: Runtime) -> None:
        try:
            answer = self.get(resource_id, runtime)
            if self._is_anothers(answer, urn, state, runtime):
                runtime.log(
                    "warning",
                    f"{self.about(state)} {resource_id} is left as it is: another resource has taken it over since "
                    f"(instance {labelled_instance(answer)})",
                    urn,
                )
                return
            self._operate("Delete", resource_id, {}, self.about(state), runtime)
        except NotFound:
            return

    def state(self, answer: FolderResourceAnswer, known: Properties) -> Properties:
        """The state that the API's `answer` makes; what is the same as `known` keeps the user's way of writing it."""
        values = self._empty()
        for field in self.fields:
            value = field.from_cloud(answer)
            if field.name in known and field.same(value, known[field.name]):
                values[field.name] = known[field.name]
            elif value:
                values[field.name] = value
        return {**values, **self.output_values(answer)}

    def _as_listed(self, resource_id: str, state: Properties, runtime: Runtime) -> FolderResourceAnswer | None:
        """What a listing of its folder shows, where that is what the state has to the last label of ours; None where
        only its id tells: a listing may lag, so what differs is no drift yet, and what is missing isn't gone."""
        if not state.get("folderId"):
            return None
        answer = runtime.reads.as_listed(self.listing, state["folderId"], resource_id)
        if answer is None:
            return None
        instance = _instance_in({INSTANCE: labelled_instance(answer)})
        return answer if {**self.state(answer, state), **instance} == state else None

    def about(self, properties: Properties) -> str:
        """What errors call it: `service account translator`."""
        return f"{self.noun} {properties.get('name') or ''}".rstrip()

    def _made_under(
        self, key: str, request: Mapping[str, object], inputs: Properties, urn: str, runtime: Runtime
    ) -> FolderResourceAnswer | None:
        """What the creation with that idempotency key has made, now or in an earlier run; None where it was begun so
        long ago that it never ends. Raises CloudError."""
        try:
            operation = runtime.cloud.operate(f"{self.service}/Create", request, self.about(inputs), key, CREATION)
        except CloudError as error:
            if error.operation is None:
                raise
            found = self._made_in_spite_of(error.operation, runtime.owner(urn), runtime)
            ended = "error" in error.operation
            if found is not None:
                if not ended:
                    runtime.log("warning", f"{error.message}; {self.noun} {found['id']} is there, so we go on", urn)
                return found
            if ended and key:
                # It may be an earlier run that failed so: that is answered for as long as its key is remembered.
                return self._made_under("", request, inputs, urn, runtime)
            if not ended and key and runtime.now() - cloud_time(error.operation.get("created_at")) >= _NEVER_ENDS:
                return None
            raise
        made: FolderResourceAnswer = operation["response"]
        return made

    def _made_in_spite_of(
        self, operation: Mapping[str, Any], owner: str, runtime: Runtime
    ) -> FolderResourceAnswer | None:
        """What a creation has made for `owner` although its operation reports an error, or no end in time."""
        made = self._living(operation.get("metadata", {}).get(self.id_field, ""), runtime)
        if made is None or made.get("status") == "CREATING":
            return None
        return made if labelled_owner(made) == owner else None

    def _living(self, resource_id: str, runtime: Runtime) -> FolderResourceAnswer | None:
        """What the API says of it now; None where it is gone or going."""
        self.forget(resource_id, runtime)
        if not resource_id:
            return None
        try:
            answer = self.get(resource_id, runtime)
        except NotFound:
            return None
        return None if answer.get("status") == "DELETING" else answer

    def _left_by_a_killed_run(
        self, made: FolderResourceAnswer, inputs: Properties, owner: str, runtime: Runtime
    ) -> FolderResourceAnswer | None:
        """What an earlier creation of this owner has `made`, as it is now: where nothing says that a state knows it,
        and it can become what `inputs` ask for."""
        now = self._living(made["id"], runtime)
        if now is None or labelled_owner(now) != owner or self.is_in_use(now) or made["id"] in runtime.record.in_states:
            return None
        if now.get("name") not in (made.get("name"), inputs["name"]):
            return None  # A state has renamed it since.
        fitting = all(
            field.same(field.from_cloud(now), inputs.get(field.name)) for field in self.fields if field.replaces
        )
        return now if fitting else None

    def _holder_of_the_name(
        self, urn: str, inputs: Properties, instance: str, error: CloudError, runtime: Runtime
    ) -> tuple[str, Properties]:
        """Keeps what has the name, where a killed run of this resource made it. Else raises `error` with whose it
        is."""
        try:
            found = runtime.cloud.pages(
                self.listing.method, self.listing.items, self.search(inputs), self.about(inputs)
            )
            holder = next((item for item in found if item.get("name") == inputs["name"]), None)
        except CloudError as unseen:
            raise error.advising(f"whose it is could not be looked up ({unseen})") from None
        if holder is None:
            raise error.advising(f"nothing that we can see in folder {inputs['folderId']} has that name")
        owner = labelled_owner(holder)
        if owner == runtime.owner(urn):
            left = self._left_by_a_killed_run(cast(FolderResourceAnswer, holder), inputs, owner, runtime)
            if left is not None:
                return self._continued(urn, left, inputs, instance, runtime)
        command = import_command(self.token, urn, holder["id"], runtime.provider_urn)
        whose = (
            f"another stack, or another resource of this one, made it (owner {owner})"
            if owner
            else "it was made by hand"
        )
        raise error.advising(f"it is {holder['id']}, and {whose}. To manage it here, run `{command}`")

    def _continued(
        self, urn: str, left: FolderResourceAnswer, inputs: Properties, instance: str, runtime: Runtime
    ) -> tuple[str, Properties]:
        """Brings what a killed run has left in line with `inputs`, under a new instance: should a state know the old
        one after all, its delete leaves the thing alone from now on."""
        resource_id = left["id"]
        runtime.log(
            "info", f"{self.about(inputs)} {resource_id} is kept: an interrupted run made it for this resource", urn
        )
        changed = self._changed(self.state(left, inputs), inputs)
        has_labels = any(field.name == "labels" for field in self.fields)
        others = inputs.get("labels") if has_labels else without_labels(left.get("labels", {}))
        labels = with_labels(others, runtime.owner(urn), instance)
        return resource_id, {**self._write(resource_id, changed, labels, inputs, runtime), INSTANCE: instance}

    def _is_anothers(self, answer: FolderResourceAnswer, urn: str, state: Properties, runtime: Runtime) -> bool:
        """Whether what the state calls its own has become another resource's."""
        carried = labelled_instance(answer)
        if not carried or carried == state.get(INSTANCE):
            return False
        return INSTANCE in state or labelled_owner(answer) != runtime.owner(urn)

    def _changed(self, state: Properties, inputs: Properties) -> list[InputField]:
        """The inputs that an update in place has to change."""
        return [
            field
            for field in self.fields
            if not field.replaces and not field.same(state.get(field.name), inputs.get(field.name))
        ]

    def _write(
        self,
        resource_id: str,
        changed: list[InputField],
        labels: Mapping[str, str] | None,
        inputs: Properties,
        runtime: Runtime,
    ) -> Properties:
        """Updates what has `changed`, and all `labels` where they are given: the new state. Raises NotFound."""
        mask = [field.name for field in changed if field.name != "labels"] + ([] if labels is None else ["labels"])
        request = {
            "update_mask": ",".join(mask),
            **self.update_of(changed, inputs),
            **({} if labels is None else {"labels": labels}),
        }
        try:
            operation = self._operate("Update", resource_id, request, self.about(inputs), runtime)
        except NotFound as error:
            raise error.advising("it was removed behind our back: run `pulumi refresh`, then `pulumi up`") from None
        return self.state(operation["response"], inputs)

    def _operate(
        self, verb: str, resource_id: str, request: Mapping[str, object], about: str, runtime: Runtime
    ) -> dict[str, Any]:
        """Changes it, and forgets what was read of it, whatever came of the change. Raises CloudError."""
        try:
            return runtime.cloud.operate(f"{self.service}/{verb}", {self.id_field: resource_id, **request}, about)
        finally:
            self.forget(resource_id, runtime)

    def _empty(self) -> Properties:
        return {field.name: field.empty() for field in self.fields}


def _creation_keys(owner: str) -> Iterator[str]:
    """The idempotency keys under which `owner` may have made something, in their order; empty, for a new one, at the
    end."""
    yield from (creation_key(owner, number) for number in range(_KNOWN_CREATIONS))
    yield ""


def _is_given(field: InputField, inputs: Properties) -> bool:
    return inputs.get(field.name) is not None


def _instance_in(state: Properties) -> Properties:
    return {INSTANCE: state[INSTANCE]} if state.get(INSTANCE) else {}


def whole_seconds(time: str) -> str:
    """An RFC 3339 time of the API without fractions of a second, as pulumi-yandex's state has it; empty stays empty."""
    return _FRACTION.sub("", time)


def logical_name(urn: str) -> str:
    """Pulumi's own name for the resource: the last part of its URN, which may itself hold `::`."""
    return urn.split("::", 3)[-1]
