"""What an engine run said of its resources: its events (`pulumi up --json`), read into what people want to know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

API_KEY = "yandex-keys:index:ApiKey"
COMPONENT = "yandex-keys:index:ServiceAccountKeys"
ACCOUNT = "yandex:index/iamServiceAccount:IamServiceAccount"
LOCKBOX_SECRET = "yandex-keys:index:LockboxSecret"
READER = "yandex-keys:index:LockboxSecretIamMember"
# Nothing of their own happens to them: the stack, the components, the providers.
_CONTAINERS = ("pulumi:pulumi:Stack", "pulumi:providers:")
# A replacement comes as three steps, and is one thing that happens.
_STEPS = {"create-replacement": "replace", "delete-replaced": "replace"}
_SILENT = ("same", "read", "refresh", "read-replacement", "discard")
_LOOK = "refresh"
_NAMES_SHOWN = 3
# The engine's own marks for a terminal's colours.
_COLOUR = re.compile(r"<\{%[^%]*%\}>")
# The engine's summary of errors that it has given one by one.
_SUMMED_UP = ("update failed", "preview failed", "refresh failed")
_REQUEST = re.compile(r" \(request id [^)]*\)")
# The engine's own words on what a killed run left (`deployment_executor.go`); the next run takes care of it.
_PENDING = "pending operations from previous deployment"


class Snapshot(TypedDict, total=False):
    """A resource before or after a step. The values are as the program and the provider gave them; a secret's is masked."""

    id: str
    custom: bool
    parent: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, object]


class Step(TypedDict):
    """What an event says of something that happens, or happened, to a resource."""

    op: str
    urn: str
    type: str
    old: NotRequired[Snapshot | None]
    new: NotRequired[Snapshot | None]
    detailedDiff: NotRequired[Mapping[str, object] | None]
    diffs: NotRequired[list[str] | None]


class Message(TypedDict, total=False):
    """What the provider, the program or the engine says, of a resource or of none."""

    severity: str
    message: str
    urn: str
    ephemeral: bool


class Judgement(TypedDict):
    """What a policy says of a resource, or of the whole stack."""

    message: str
    policyName: str
    enforcementLevel: str
    resourceUrn: NotRequired[str]


@dataclass
class Resource:
    """One resource of a run.

    owner: who answers for a key, as its component was told; awaits_owner: whether the engine tells that only later; operation: `create`,
    `update`, `replace`, `delete` or empty; lines: what the provider decided and did, in its words; changed: the properties that differ;
    before: what the state had; inputs: what the program wants; drift: what a refresh found, in the provider's words or by the names of what
    differs; finished: whether it came to its end, which in a preview nothing does.
    """

    urn: str
    id: str = ""
    owner: str = ""
    awaits_owner: bool = False
    operation: str = ""
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    changed: tuple[str, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, object] = field(default_factory=dict)
    finished: bool = False

    @property
    def type(self) -> str:
        """Its type token, without its parents'."""
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def kind(self) -> str:
        """The last word of its type, for people: `ApiKey`."""
        return self.type.rpartition(":")[2]

    @property
    def name(self) -> str:
        """Its name in the program: `translator/default`."""
        return self.urn.split("::", 3)[3]

    @property
    def is_key(self) -> bool:
        """Whether it is an API key of ours."""
        return self.type == API_KEY


@dataclass
class Events:
    """All that a run has said so far. `feed` takes its output line by line; what is no event is kept in `noise`."""

    resources: dict[str, Resource] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)
    pending: bool = False
    """Whether a killed run had left operations begun."""
    looked: bool = True
    """Whether all that a refresh asked the cloud for was answered."""
    unchanged: int = 0
    kept: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """By name, the outputs of API keys that stay as the state had them."""
    readers: dict[str, set[str]] = field(default_factory=dict)
    """By the id of a Lockbox secret, who may read it as far as the state says."""
    _owners: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """By the component's URN: who answers for each of its keys, by the key's name."""
    _waiting: dict[str, list[Resource]] = field(default_factory=dict)
    """By the URN of a component that wasn't told of yet: its keys that went before it."""
    _looked_at: dict[str, list[str]] = field(default_factory=dict)
    """What the engine is refreshing just now, by URN, with the warnings that the provider gives meanwhile."""

    def feed(self, line: str) -> Resource | None:
        """Takes a line; answers the resource that it finished, if it did."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            self._keep(line)
            return None
        if "diagnosticEvent" in event:
            self._diagnose(event["diagnosticEvent"])
        elif "policyEvent" in event:
            self._judge(event["policyEvent"])
        elif "resourcePreEvent" in event:
            self._begin(event["resourcePreEvent"]["metadata"])
        elif "resOutputsEvent" in event:
            return self._finish(event["resOutputsEvent"]["metadata"])
        elif "resOpFailedEvent" in event:
            self._begin(event["resOpFailedEvent"]["metadata"])
        elif "summaryEvent" in event:
            self.unchanged = int((event["summaryEvent"].get("resourceChanges") or {}).get("same", 0))
        return None

    def touched(self) -> list[Resource]:
        """Those to which something happens, or of which something is said, in the order of their names."""
        told = [each for each in self.resources.values() if each.operation or each.warnings or each.errors]
        return sorted(told, key=_by_kind_and_name)

    def drifted(self) -> list[Resource]:
        """Those that a refresh found otherwise than the state had them, in the order of their names."""
        return sorted((each for each in self.resources.values() if each.drift), key=_by_kind_and_name)

    def all_warnings(self) -> list[str]:
        """Every warning once, with the resources that it is of."""
        return _told(self.warnings, ((each.name, text) for each in self.touched() for text in each.warnings))

    def all_errors(self) -> list[str]:
        """Every error once, with the resources that it is of."""
        return _told(self.errors, ((each.name, text) for each in self.touched() for text in each.errors))

    def _resource(self, urn: str) -> Resource:
        return self.resources.setdefault(urn, Resource(urn))

    def _begin(self, step: Step) -> Resource | None:
        self._note_reader(step)
        self._note_owners(step)
        if step["op"] == _LOOK:
            self._looked_at[step["urn"]] = []
        if step["op"] in _SILENT or step["type"].startswith(_CONTAINERS) or not _is_custom(step):
            return None
        resource = self._resource(step["urn"])
        resource.operation = _STEPS.get(step["op"], step["op"])
        resource.changed = tuple(step.get("detailedDiff") or step.get("diffs") or ()) or resource.changed
        old, new = step.get("old") or {}, step.get("new") or {}
        resource.id = old.get("id") or resource.id
        resource.before = old.get("outputs") or resource.before
        resource.inputs = new.get("inputs") or resource.inputs
        resource.owner = self._owner(step) or resource.owner
        self._await_owner(resource, (step.get("old") or {}).get("parent", ""))
        return resource

    def _finish(self, step: Step) -> Resource | None:
        if step["op"] == _LOOK:
            self._compare(step)
            return None
        resource = self._begin(step)
        outputs = (step.get("new") or {}).get("outputs") or {}
        if resource is not None:
            resource.finished = True
            resource.outputs = outputs
        elif step["op"] == "same" and step["type"] == API_KEY:
            self.kept[Resource(step["urn"]).name] = outputs
        return resource

    def _compare(self, step: Step) -> None:
        """What a refresh found of a resource: in the provider's words, or by the names of what differs where it has none."""
        said = self._looked_at.pop(step["urn"], [])
        if step["type"].startswith(_CONTAINERS) or not _is_custom(step):
            return
        was = (step.get("old") or {}).get("outputs") or {}
        found = (step.get("new") or {}).get("outputs") or {}
        differing = sorted(name for name in {*was, *found} if was.get(name) != found.get(name))
        if differing:
            words = f"{', '.join(differing)} changed" if step.get("new") else "is gone"
            self._resource(step["urn"]).drift = said or [f"{words}, and not by us"]
        else:
            for text in said:
                _add(self._resource(step["urn"]).warnings, text)

    def _note_reader(self, step: Step) -> None:
        if step["type"] == READER:
            granted = (step.get("old") or {}).get("outputs") or {}
            self.readers.setdefault(str(granted.get("secretId")), set()).add(str(granted.get("member")))

    def _note_owners(self, step: Step) -> None:
        """A component is told of before its keys are; of one that goes with its keys, after them."""
        if step["type"] != COMPONENT:
            return
        of_each = [it.get("inputs") or {} for it in (step.get("old") or {}, step.get("new") or {})]
        owners = [it["owners"] for it in of_each if isinstance(it.get("owners"), Mapping)]
        found = self._owners[step["urn"]] = {key: str(owner) for each in owners for key, owner in each.items()}
        for resource in self._waiting.pop(step["urn"], []):
            resource.owner, resource.awaits_owner = found.get(_key_name(resource), ""), False

    def _await_owner(self, resource: Resource, parent: str) -> None:
        """A key goes before its account's component does, which alone knows who answers for it."""
        if not resource.is_key or resource.operation != "delete" or parent in self._owners or resource.awaits_owner:
            return
        if parent and Resource(parent).type == COMPONENT:
            resource.awaits_owner = True
            self._waiting.setdefault(parent, []).append(resource)

    def _owner(self, step: Step) -> str:
        parents = [it.get("parent", "") for it in (step.get("new") or {}, step.get("old") or {})]
        key = _key_name(Resource(step["urn"]))
        return next((found for it in parents if (found := self._owners.get(it, {}).get(key))), "")

    def _diagnose(self, said: Message) -> None:
        text, urn = said.get("message", "").strip(), said.get("urn") or ""
        # Either may be what a user's program or a library printed; neither is a decision or a problem.
        if not text or said.get("ephemeral"):
            return
        own = self._resource(urn) if urn and not _is_container(urn) else None
        match said.get("severity"):
            case "warning" if _PENDING in text:
                self.pending = True
            case "warning" if own and urn in self._looked_at:
                self._looked_at[urn].append(text)
            case "warning":
                if own and text in own.drift:
                    # The engine asks for the schedule's warnings in a refresh as well as afterwards; they are no drift.
                    own.drift.remove(text)
                _add(own.warnings if own else self.warnings, text)
            case "error":
                self.looked = self.looked and urn not in self._looked_at
                _add(own.errors if own else self.errors, text)
            case "info" if own:
                for line in text.splitlines():
                    _add(own.lines, line)
            case _:
                self._keep(text)

    def _judge(self, said: Judgement) -> None:
        """What a policy finds wrong. Its first line says what the policy is about, the rest what is wrong with this resource."""
        about, _, wrong = _COLOUR.sub("", said["message"]).strip().partition("\n")
        text = f"policy {said['policyName']}: {' '.join((wrong or about).split())}"
        urn = said.get("resourceUrn", "")
        own = self._resource(urn) if urn and not _is_container(urn) else None
        if said["enforcementLevel"] == "advisory":
            _add(own.warnings if own else self.warnings, text)
        else:
            _add(own.errors if own else self.errors, text)

    def _keep(self, line: str) -> None:
        if line.strip():
            self.noise.append(line.rstrip())


def _key_name(resource: Resource) -> str:
    return resource.name.rpartition("/")[2]


def _is_custom(step: Step) -> bool:
    """Components group others; they are no resource of a cloud's."""
    described = step.get("new") or step.get("old") or {}
    return described.get("custom", False)


def _is_container(urn: str) -> bool:
    return urn.split("::")[2].rpartition("$")[2].startswith(_CONTAINERS)


def _add(lines: list[str], text: str) -> None:
    if text not in lines:
        lines.append(text)


def _by_kind_and_name(resource: Resource) -> tuple[bool, str, str]:
    """Keys come first."""
    return (not resource.is_key, resource.name, resource.type)


def _told(of_none: Sequence[str], of_resources: Iterable[tuple[str, str]]) -> list[str]:
    """Each text once: a service that is down is said of every resource alike, but for the number of the request, and by the engine as well."""
    named: dict[str, tuple[str, list[str]]] = {}
    for name, text in of_resources:
        _add(named.setdefault(_REQUEST.sub("", text), (text, []))[1], name)
    general = [text for text in of_none if not any(text in other or other in text for other, _ in named.values())]
    if named:
        general = [text for text in general if text not in _SUMMED_UP]
    return general + [f"{_listed(names)}: {text}" for text, names in named.values()]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    return f"{shown} and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else shown
