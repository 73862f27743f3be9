"""What the resources that live in a folder have in common: service accounts, KMS keys and Lockbox secrets.

Each verb is one call of the API when the operation comes back done. A create whose answer was lost looks for what it made, and keeps it.
"""

from __future__ import annotations

import itertools
import re
import secrets
from abc import abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from .errors import NEVER_TOOK_EFFECT, Cancelled, CloudError, InvalidInput, NotFound, YandexKeysError
from .input_fields import InputField, changes, checked
from .ownership import is_attempt, marked
from .properties import UNKNOWN
from .resource import Diff, Properties, Read, ResourceType, Runtime

# How many random hexadecimal digits Pulumi's automatic names end in.
_RANDOM_DIGITS: Final = 7
_FRACTION: Final = re.compile(r"\.[0-9]+(?=Z$)")


class CloudResource(ResourceType):
    """The verbs of one type, over what its subclass declares.

    noun: in messages, `service account`; service: of the API; id_field, listing: the names of the id in requests and of the items in `List`'s
    answer; fields: the inputs, `name`, `folderId` and others; always_sent: inputs that an update must hold though they are not in its mask;
    longest_name: in characters.
    """

    noun: ClassVar[str]
    service: ClassVar[str]
    id_field: ClassVar[str]
    listing: ClassVar[str]
    fields: ClassVar[tuple[InputField, ...]]
    outputs: ClassVar[tuple[str, ...]] = ("createdAt",)
    always_sent: ClassVar[tuple[str, ...]] = ()
    creation: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    longest_name: ClassVar[int] = 100

    @abstractmethod
    def output_values(self, answer: Mapping[str, Any]) -> Properties:
        """The outputs that are no inputs, by the names in `outputs`."""

    def get(self, resource_id: str, runtime: Runtime) -> Mapping[str, Any]:
        """What the API says of it. Raises NotFound."""
        return runtime.cloud.call(f"{self.service}/Get", {self.id_field: resource_id}, f"{self.noun} {resource_id}")

    def forget(self, resource_id: str, runtime: Runtime) -> None:
        """Called after every change and deletion: what was read of it is no longer true."""

    def check(self, urn: str, old: Properties, new: Properties, runtime: Runtime | None) -> Properties:
        given = dict(new)
        if not given.get("name"):
            given["name"] = old.get("name") or self.automatic_name(logical_name(urn))
        if not given.get("folderId"):
            # What exists stays where it is when the provider's folder changes: a resource moves only when its own input says so.
            given["folderId"] = old.get("folderId") or (UNKNOWN if runtime is None else runtime.folder_id) or None
        inputs, problems = checked(self.fields, given, self.token.rpartition(":")[2])
        if not inputs.get("folderId"):
            problems = [problem for problem in problems if problem[0] != "folderId"]
            problems.append(
                ("folderId", "is missing: set it here, or yandex-keys:folderId in the stack, or YC_FOLDER_ID")
            )
        if problems:
            raise InvalidInput(problems)
        return inputs

    def automatic_name(self, logical_name: str) -> str:
        """A name for a resource that was given none: Pulumi's own name for it and random digits. It stays as long as the resource does."""
        return f"{logical_name[: self.longest_name - _RANDOM_DIGITS - 1]}-{secrets.token_hex(4)[:_RANDOM_DIGITS]}"

    def diff(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Diff:
        return Diff(changes(self.fields, state, inputs))

    def preview(self, urn: str, state: Properties | None, inputs: Properties, runtime: Runtime) -> Properties:
        known = state or {}
        return {**self._empty(), **inputs, **{name: known.get(name, UNKNOWN) for name in self.outputs}}

    def create(self, urn: str, inputs: Properties, runtime: Runtime) -> tuple[str, Properties]:
        attempt = secrets.token_hex(8)
        request = {**self._given(inputs), **self.creation, "labels": marked(inputs.get("labels"), urn, attempt)}
        cloud, started = runtime.cloud, runtime.cloud.monotonic()
        for tries in itertools.count(1):
            try:
                operation = cloud.operate(f"{self.service}/Create", request, self.about(inputs))
            except (CloudError, Cancelled) as error:
                if not (isinstance(error, CloudError) and cloud.rights_are_spreading(started, error)):
                    return self._adopted(urn, inputs, self.leftover(urn, inputs, attempt, error, runtime), runtime)
                found = self.attempted(inputs, attempt, error, runtime)
                if found is not None:
                    return self._adopted(urn, inputs, found, runtime)
                cloud.pause(tries)
            else:
                answer = operation["response"]
                runtime.fresh.add(answer["id"])
                return answer["id"], self.state(answer, inputs)
        raise AssertionError("unreachable")

    def read(self, urn: str, resource_id: str, inputs: Properties, state: Properties, runtime: Runtime) -> Read | None:
        try:
            answer = self.get(resource_id, runtime)
        except NotFound:
            return None
        found = self.state(answer, state)
        given = {name for name, value in found.items() if value} | inputs.keys()
        return Read(resource_id, {field.name: found[field.name] for field in self.fields if field.name in given}, found)

    def update(self, urn: str, resource_id: str, state: Properties, inputs: Properties, runtime: Runtime) -> Properties:
        changed = [
            field
            for field in self.fields
            if not field.replaces and not field.same(state.get(field.name), inputs.get(field.name))
        ]
        if not changed:  # two ways of writing the same
            return {**self._empty(), **inputs, **{name: state[name] for name in self.outputs if name in state}}
        request = {
            self.id_field: resource_id,
            "update_mask": ",".join(field.name for field in changed),
            **{field.proto: inputs.get(field.name) for field in self.fields if field.name in self.always_sent},
            **{
                field.proto: field.to_cloud(inputs.get(field.name))
                for field in changed
                if inputs.get(field.name) is not None
            },
        }
        if any(field.name == "labels" for field in changed):
            request["labels"] = marked(inputs.get("labels"), urn)
        try:
            operation = runtime.cloud.operate(f"{self.service}/Update", request, self.about(inputs))
        except NotFound as error:
            raise advised(error, "it was removed behind our back: run `pulumi refresh`, then `pulumi up`") from None
        finally:
            self.forget(resource_id, runtime)
        return self.state(operation["response"], inputs)

    def delete(self, urn: str, resource_id: str, state: Properties, runtime: Runtime) -> None:
        if resource_id in runtime.adopted:
            return
        try:
            runtime.cloud.operate(f"{self.service}/Delete", {self.id_field: resource_id}, self.about(state))
        except NotFound:
            return
        finally:
            self.forget(resource_id, runtime)

    def state(self, answer: Mapping[str, Any], known: Properties) -> Properties:
        """The state that the API's `answer` makes; what is the same as `known` keeps the user's way of writing it."""
        values = self._empty()
        for field in self.fields:
            value = field.from_cloud(answer)
            if field.name in known and field.same(value, known[field.name]):
                values[field.name] = known[field.name]
            elif value:
                values[field.name] = value
        return {**values, **self.output_values(answer)}

    def leftover(
        self, urn: str, inputs: Properties, attempt: str, error: YandexKeysError, runtime: Runtime
    ) -> Mapping[str, Any]:
        """What the create that failed with `error` made all the same. Raises `error`, or a clearer one, where it made nothing."""
        if isinstance(error, CloudError) and error.code in NEVER_TOOK_EFFECT:
            raise error
        found = self.attempted(inputs, attempt, error, runtime)
        if found is None:
            raise error
        return found

    def attempted(
        self, inputs: Properties, attempt: str, error: YandexKeysError, runtime: Runtime
    ) -> Mapping[str, Any] | None:
        """What this very create made. Raises `error`, with which it failed, where nobody can look: another Create could leave that behind."""
        listed = self.listed(inputs, runtime)
        if listed is None:
            raise error
        return next((item for item in listed if is_attempt(item, attempt)), None)

    def listed(self, inputs: Properties, runtime: Runtime, **narrowed: str) -> list[Mapping[str, Any]] | None:
        """Everything of this type in the folder that `inputs` name, but what is being deleted; None where it can't be listed."""
        request = {"folder_id": inputs["folderId"], **narrowed}
        try:
            items = list(runtime.cloud.pages(f"{self.service}/List", self.listing, request, self.about(inputs)))
        except (CloudError, Cancelled):  # the error that made us look says more
            return None
        return [item for item in items if item.get("status") != "DELETING"]

    def about(self, properties: Properties) -> str:
        """What errors call it: `service account translator`."""
        return f"{self.noun} {properties.get('name') or ''}".rstrip()

    def _adopted(
        self, urn: str, inputs: Properties, found: Mapping[str, Any], runtime: Runtime
    ) -> tuple[str, Properties]:
        """What a create made although its answer was lost, or never came to the state, brought in line with `inputs`."""
        resource_id = found["id"]
        runtime.log(
            "info", f"{self.about(inputs)} was there already, made for this resource: {resource_id} is kept", urn
        )
        return resource_id, self.update(urn, resource_id, self.state(found, inputs), inputs, runtime)

    def _empty(self) -> Properties:
        return {field.name: field.empty() for field in self.fields}

    def _given(self, inputs: Properties) -> dict[str, Any]:
        return {
            field.proto: field.to_cloud(inputs[field.name])
            for field in self.fields
            if inputs.get(field.name) is not None
        }


def advised(error: CloudError, advice: str) -> CloudError:
    """`error`, of the same kind, with `advice` after the cloud's own words."""
    return type(error)(
        error.call, error.code, f"{error.message.rstrip('.')}; {advice}", error.request_id, error.resource
    )


def whole_seconds(time: str) -> str:
    """An RFC 3339 time of the API without fractions of a second, as pulumi-yandex's state has it; empty stays empty."""
    return _FRACTION.sub("", time)


def logical_name(urn: str) -> str:
    """Pulumi's own name for the resource: the last part of its URN, which may itself hold `::`."""
    return urn.split("::", 3)[-1]
