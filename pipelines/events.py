"""What an engine run said of its resources: its events (`pulumi up --json`), read into what people want to know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

API_KEY = "yandex-keys:index:ApiKey"
# Nothing of their own happens to them: the stack, the components, the providers.
_CONTAINERS = ("pulumi:pulumi:Stack", "pulumi:providers:")
# A replacement comes as three steps, and is one thing that happens.
_STEPS = {"create-replacement": "replace", "delete-replaced": "replace"}
_SILENT = ("same", "read", "refresh", "read-replacement", "discard")
# The engine's own words on what a killed run left (`deployment_executor.go`); the next run takes care of it.
_PENDING = "pending operations from previous deployment"


@dataclass
class Resource:
    """One resource of a run.

    operation: `create`, `update`, `replace`, `delete` or empty; lines: what the provider decided and did, in its words; changed: the
    properties that differ; finished: whether it came to its end, which in a preview nothing does.
    """

    urn: str
    operation: str = ""
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    changed: tuple[str, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
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
    unchanged: int = 0
    kept: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """By name, the outputs of API keys that stay as the state had them."""

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
        return sorted(told, key=lambda each: (not each.is_key, each.name, each.type))

    def all_warnings(self) -> list[str]:
        """Every warning, each with the resource that it is of."""
        return self.warnings + [f"{each.name}: {text}" for each in self.touched() for text in each.warnings]

    def all_errors(self) -> list[str]:
        """Every error, each with the resource that it is of."""
        return self.errors + [f"{each.name}: {text}" for each in self.touched() for text in each.errors]

    def _resource(self, urn: str) -> Resource:
        return self.resources.setdefault(urn, Resource(urn))

    def _begin(self, metadata: Mapping[str, Any]) -> Resource | None:
        operation = str(metadata["op"])
        if operation in _SILENT or str(metadata["type"]).startswith(_CONTAINERS) or not _is_custom(metadata):
            return None
        resource = self._resource(str(metadata["urn"]))
        resource.operation = _STEPS.get(operation, operation)
        detailed = metadata.get("detailedDiff") or {}
        resource.changed = tuple(detailed or metadata.get("diffs") or ()) or resource.changed
        return resource

    def _finish(self, metadata: Mapping[str, Any]) -> Resource | None:
        resource = self._begin(metadata)
        outputs = (metadata.get("new") or {}).get("outputs") or {}
        if resource is not None:
            resource.finished = True
            resource.outputs = outputs
        elif metadata["op"] == "same" and metadata["type"] == API_KEY:
            self.kept[Resource(str(metadata["urn"])).name] = outputs
        return resource

    def _diagnose(self, said: Mapping[str, Any]) -> None:
        text, urn = str(said.get("message", "")).strip(), str(said.get("urn") or "")
        # Either may be what a user's program or a library printed; neither is a decision or a problem.
        if not text or said.get("ephemeral"):
            return
        own = self._resource(urn) if urn and not _is_container(urn) else None
        match said.get("severity"):
            case "warning" if _PENDING in text:
                self.pending = True
            case "warning":
                _add(own.warnings if own else self.warnings, text)
            case "error":
                _add(own.errors if own else self.errors, text)
            case "info" if own:
                _add(own.lines, text)
            case _:
                self._keep(text)

    def _keep(self, line: str) -> None:
        if line.strip():
            self.noise.append(line.rstrip())


def _is_custom(metadata: Mapping[str, Any]) -> bool:
    """Components group others; they are no resource of a cloud's."""
    described = metadata.get("new") or metadata.get("old") or {}
    return bool(described.get("custom"))


def _is_container(urn: str) -> bool:
    return urn.split("::")[2].rpartition("$")[2].startswith(_CONTAINERS)


def _add(lines: list[str], text: str) -> None:
    if text not in lines:
        lines.append(text)
