"""What happened to keys, for programs: one CloudEvents 1.0 line of JSON for each thing, in a file. README.md has the shape; no secret is in it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pipelines.events import Resource

_SPECIFICATION: Final = "1.0"
TYPE: Final = "yandex-keys.key."
"""What the types begin with; the kind follows."""
_SOURCE: Final = "pulumi-yandex-keys/stacks/"


class Kind(StrEnum):
    """What happened. ISSUED: a first key; RETIRED: its overlap was over; REVOKED: it was ended before that; WARNED: a human must know of it."""

    ISSUED = "issued"
    ROTATED = "rotated"
    EXTENDED = "extended"
    RETIRED = "retired"
    REVOKED = "revoked"
    FAILED = "failed"
    WARNED = "warned"


@dataclass(frozen=True)
class Happening:
    """One thing that happened to a key. Of what isn't so, None.

    name: as the program has it; empty where it is of the stack. owner: who answers for it; empty where that isn't known.
    """

    kind: Kind
    name: str
    key_id: str | None = None
    previous_key_id: str | None = None
    expires_at: str | None = None
    why: str = ""
    owner: str = ""


@dataclass(frozen=True)
class CloudEvents:
    """Lines to `file`, of these kinds; none where there is no file. job_url and commit tell where an event comes from.

    owners: whose keys they are of; all where it is empty. What has no owner that is known is everybody's.
    """

    file: Path | None
    kinds: Set[Kind]
    job_url: str = ""
    commit: str = ""
    owners: Set[str] = frozenset()

    def write(self, time: str, stack: str, happenings: Sequence[Happening], masked: Callable[[str], str]) -> None:
        """Adds a line for each. `masked` takes secrets out of a text. Raises OSError."""
        if self.file is None:
            return
        wanted = [
            it for it in happenings if it.kind in self.kinds and (not self.owners or it.owner in {"", *self.owners})
        ]
        if not wanted:
            return
        lines = "".join(masked(json.dumps(self._event(time, stack, it), ensure_ascii=False)) + "\n" for it in wanted)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        # One write at the end of the file: lines of jobs that share it don't mix.
        number = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(number, lines.encode())
        finally:
            os.close(number)

    def _event(self, time: str, stack: str, happening: Happening) -> dict[str, object]:
        account, _, key = happening.name.rpartition("/")
        data = {
            "stack": stack,
            "account": account or None,
            "key": key or None,
            "owner": happening.owner or None,
            "keyId": happening.key_id,
            "previousKeyId": happening.previous_key_id,
            "expiresAt": happening.expires_at,
            "why": happening.why or None,
            "jobUrl": self.job_url or None,
            "commit": self.commit or None,
        }
        event = {
            "specversion": _SPECIFICATION,
            "id": _id(time, happening, data),
            "source": f"{_SOURCE}{stack}",
            "type": f"{TYPE}{happening.kind}",
            "time": time,
            "datacontenttype": "application/json",
        }
        # An empty subject is none, by the specification.
        return event | ({"subject": happening.name} if happening.name else {}) | {"data": data}


def of_finished(resource: Resource) -> Iterator[Happening]:
    """What became of the key whose step has just come to its end: told from the state before and after it."""
    if resource.is_key:
        yield from (replace(it, owner=resource.owner) for it in _finished(resource))


def _finished(resource: Resource) -> Iterator[Happening]:
    before, after, why = resource.before, resource.outputs, "; ".join(" ".join(line.split()) for line in resource.lines)
    key_id, former = _text(after, "keyId"), _text(before, "keyId")
    if resource.operation == "create" or (resource.operation == "replace" and key_id):
        yield Happening(Kind.ISSUED, resource.name, key_id, None, _text(after, "expiresAt"), why)
        return
    ends = {it["keyId"]: it.get("expiresAt") for it in _previous(after)}
    if resource.operation == "update" and key_id != former:
        yield Happening(Kind.ROTATED, resource.name, key_id, former, _text(after, "expiresAt"), why)
    for previous in _previous(before):
        end = ends.get(previous["keyId"])
        if end and end > str(previous.get("expiresAt")):
            yield Happening(Kind.EXTENDED, resource.name, previous["keyId"], None, end, why)
    compromised = set((resource.inputs or {}).get("compromised") or ())
    # What the state lists before and not after is gone from the cloud, too.
    for gone in [*([former] if former else []), *(it["keyId"] for it in _previous(before))]:
        if gone != key_id and gone not in ends:
            revoked = resource.operation != "update" or gone == former or gone in compromised
            yield Happening(Kind.REVOKED if revoked else Kind.RETIRED, resource.name, gone, None, None, why)


def of_problems(resources: Sequence[Resource]) -> Iterator[Happening]:
    """What failed, and what a human must know, of the keys among `resources`."""
    for resource in (it for it in resources if it.is_key):
        key_id = _text(resource.outputs, "keyId") or _text(resource.before, "keyId")
        for kind, texts in ((Kind.FAILED, resource.errors), (Kind.WARNED, resource.warnings)):
            for text in texts:
                yield Happening(kind, resource.name, key_id, why=" ".join(text.split()), owner=resource.owner)


def _previous(outputs: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [it for it in outputs.get("previous") or () if isinstance(it, Mapping) and it.get("keyId")]


def _text(values: Mapping[str, object], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) and value else None


def _id(time: str, happening: Happening, data: Mapping[str, object]) -> str:
    """The same for the same thing: who takes a line twice knows it."""
    content = json.dumps([time, happening.kind, data["stack"], happening.name, happening.key_id, happening.why])
    return hashlib.sha256(content.encode()).hexdigest()[:32]
