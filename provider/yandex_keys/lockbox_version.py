"""Versions of Lockbox secrets: one writer at a time, and each version says whose key it was made for and which entries
it set.

A version is added to the secret's *current* one, which the cloud itself looks up (`base_version_id` left out): so
whatever another stack or a colleague wrote a moment ago stays. A base named by us would have to be read before, with a
window in between in which what others write would be lost, and the API has no compare-and-set to notice it.

An entry is taken away only where the newest version that set it is of the key that goes: by then another key may have
put its own secret there, or somebody one by hand.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from .answers import VersionAnswer
from .cloud import Cloud
from .errors import NEVER_TOOK_EFFECT, CloudError, NotFound
from .patience import DELIVERY
from .reads import Reads

_SETS: Final = re.compile(r"API key (?P<key>\S+) sets (?P<entries>.+)")
_TAKES_AWAY: Final = re.compile(r"API key (?P<key>\S+) takes away (?P<entries>.+)")
_LONGEST_DESCRIPTION: Final = 256
_HASH_DIGITS: Final = 12
EMPTY_ENTRY: Final = "no_api_key"
"""The entry of a version that would have none."""


@dataclass(frozen=True)
class Provenance:
    """What a version's description says: the key that it was made for, and which entries it set. By hand:
    `key_id` is empty."""

    key_id: str = ""
    sets: tuple[str, ...] = ()


def description_of(key_id: str, names: Iterable[str], verb: str = "sets") -> str:
    """A version's description, in at most 256 characters: names that don't fit stand there as hashes."""
    names = tuple(names)
    whole = f"API key {key_id} {verb} {', '.join(names)}"
    if len(whole) <= _LONGEST_DESCRIPTION:
        return whole
    return f"API key {key_id} {verb} {', '.join(_hash(name) for name in names)}"


def provenance_of(version: VersionAnswer) -> Provenance:
    """What the description of a version, as the API describes it, says."""
    description = version.get("description", "")
    if match := _SETS.fullmatch(description):
        return Provenance(match["key"], sets=tuple(match["entries"].split(", ")))
    if match := _TAKES_AWAY.fullmatch(description):
        return Provenance(match["key"])
    return Provenance()


def last_setters(versions: Iterable[VersionAnswer], name: str) -> frozenset[str]:
    """Whose the newest version is that set entry `name`: a key id, or an empty text where somebody may have set it by
    hand.

    `versions` are a secret's, as the API lists them, in any order. More than one: versions of one moment, which can't
    be told apart.
    """
    setters: dict[datetime, set[str]] = {}
    for version in versions:
        said = provenance_of(version)
        if said.key_id:
            who = said.key_id if name in said.sets or _hash(name) in said.sets else None
        else:
            # Made by hand: it may have set each entry that it holds.
            who = "" if name in version.get("payload_entry_keys", ()) else None
        if who is not None:
            setters.setdefault(moment_of(version), set()).add(who)
    return frozenset(setters[max(setters)]) if setters else frozenset()


class LockboxVersions:
    """What this run does to versions. Two keys that share a secret take turns."""

    def __init__(self, cloud: Cloud, reads: Reads) -> None:
        self._cloud, self._reads = cloud, reads
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._set_in_this_run: dict[tuple[str, str], str] = {}

    def deliver(self, secret_id: str, key_id: str, entries: Mapping[str, str]) -> str:
        """Adds a version with `entries` for key `key_id`; its id. It is the current one afterwards.

        After a lost answer, or a refusal that may have come after the fact, it is asked for again with the same
        idempotency key, which the cloud answers with the version that was made. Raises CloudError, with no value of
        `entries` in it; `uncertain` where the version may have been made, or may still be.
        """
        request = {
            "secret_id": secret_id,
            "description": description_of(key_id, entries),
            "payload_entries": [{"key": name, "text_value": value} for name, value in entries.items()],
        }
        with self._turn(secret_id):
            try:
                operation = self._added(request)
            except CloudError as error:
                failure = _without(error, entries)
                made = self._made_after_all(secret_id, key_id, failure)
                if made is None:
                    raise failure from None
            else:
                made = str(operation["metadata"]["version_id"])
            self._set_in_this_run |= {(secret_id, name): key_id for name in entries}
        return made

    def _made_after_all(self, secret_id: str, key_id: str, failure: CloudError) -> str | None:
        """The version that was made although asking again failed as well. Marks `failure` as uncertain where that can't
        be known."""
        asked = failure.call != "OperationService/Get"
        if asked and failure.code in NEVER_TOOK_EFFECT:
            return None
        try:
            made = self._made_for(secret_id, key_id)
        except CloudError as error:
            # Refused both times for the same reason: the call was never let in.
            failure.uncertain = failure.ambiguous or not asked or error.code != failure.code
            return None
        failure.uncertain = not made and (not asked or failure.code == "DEADLINE_EXCEEDED")
        return made[0] if made else None

    def take_away(self, secret_id: str, key_id: str, names: Sequence[str]) -> tuple[str, ...]:
        """Takes those entries of key `key_id` away that nobody has set since; answers the ones that stay because of
        somebody's hand.

        Where the cloud keeps no version without entries, `EMPTY_ENTRY` stands in the place of the last ones.
        Raises CloudError.
        """
        with self._turn(secret_id):
            try:
                current = self._reads.secret(secret_id).get("current_version", {})
                held = current.get("payload_entry_keys", ()) if current.get("status", "ACTIVE") == "ACTIVE" else ()
                wanted = [name for name in names if name in held]
                setters = self._setters(secret_id, current, wanted) if wanted else {}
                gone = [name for name in wanted if setters[name] == {key_id}]
                if gone:
                    self._remove(secret_id, key_id, gone, current)
            except NotFound:
                return ()
        return tuple(name for name in wanted if "" in setters[name])

    def _setters(self, secret_id: str, current: VersionAnswer, names: Sequence[str]) -> dict[str, frozenset[str]]:
        """Whose the newest version is that set each entry.

        A listing may lag: the current version, and what this run has set, are known without it.
        """
        listed = self._versions(secret_id)
        versions = [*listed, *([current] if all(version["id"] != current["id"] for version in listed) else [])]
        setters = {name: last_setters(versions, name) for name in names}
        ours = {name: self._set_in_this_run.get((secret_id, name)) for name in names}
        return {name: setters[name] | ({key} if (key := ours[name]) else set()) for name in names}

    def _remove(self, secret_id: str, key_id: str, gone: Sequence[str], current: VersionAnswer) -> None:
        changes = [{"key": name, "text_value": ""} for name in gone]
        request = {
            "secret_id": secret_id,
            "description": description_of(key_id, gone, "takes away"),
            "payload_entries": changes,
        }
        try:
            self._added(request)
        except CloudError as error:
            last = set(gone) == set(current["payload_entry_keys"])
            if not last or error.code not in ("INVALID_ARGUMENT", "FAILED_PRECONDITION"):
                raise
            # No version without entries is kept here. A dead secret must not stay all the same: the next key's version
            # would take it over.
            said = {"key": EMPTY_ENTRY, "text_value": f"API key {key_id} was deleted"}
            self._added({**request, "payload_entries": [*changes, said]})

    def gives(self, secret_id: str, key_id: str) -> bool:
        """Whether the secret's current version is the one that was made for that key. Raises CloudError."""
        try:
            said = provenance_of(self._reads.secret(secret_id).get("current_version", {}))
        except NotFound:
            return False
        return said.key_id == key_id and bool(said.sets)

    def destroy(self, secret_id: str, key_id: str, version_id: str | None, even_current: bool = False) -> None:
        """Schedules the destruction of the version that was made for a key, after the cloud's default of 7 days. Raises
        CloudError.

        `version_id` None: it is looked for. The current version is what consumers read, somebody may have put an old
        one back: it is left alone, unless `even_current`, and then only where nobody else's entries are in it.
        """
        try:
            current = self._reads.secret(secret_id).get("current_version", {})
            known = [version_id] if version_id else self._made_for(secret_id, key_id)
            for version in known:
                if version != current.get("id") or (even_current and self._is_alone(current, key_id)):
                    self._schedule(secret_id, version)
        except NotFound:
            return

    def _is_alone(self, current: VersionAnswer, key_id: str) -> bool:
        said = provenance_of(current)
        names = {*said.sets}
        return said.key_id == key_id and all(
            name in names or _hash(name) in names for name in current.get("payload_entry_keys", ())
        )

    def _made_for(self, secret_id: str, key_id: str) -> list[str]:
        return [
            version["id"]
            for version in self._versions(secret_id)
            if version.get("status", "ACTIVE") == "ACTIVE"
            and provenance_of(version).key_id == key_id
            and provenance_of(version).sets
        ]

    def _schedule(self, secret_id: str, version_id: str) -> None:
        request = {"secret_id": secret_id, "version_id": version_id}
        with suppress(NotFound), self._reads.changing_secret(secret_id):
            try:
                self._cloud.operate("SecretService/ScheduleVersionDestruction", request, f"secret {secret_id}")
            except CloudError as error:
                # The current version can't be scheduled everywhere (facts: undecided), nor one that is scheduled or
                # destroyed already.
                if error.code != "FAILED_PRECONDITION":
                    raise

    def _added(self, request: Mapping[str, object]) -> dict[str, Any]:
        about = f"secret {request['secret_id']}"
        return self._cloud.operate("SecretService/AddVersion", request, about, "", DELIVERY)

    def _versions(self, secret_id: str) -> list[VersionAnswer]:
        self._reads.forget_secret(secret_id)
        return self._reads.versions(secret_id)

    @contextmanager
    def _turn(self, secret_id: str) -> Iterator[None]:
        """While one writer has the secret, the others wait; who reads it afterwards reads it anew."""
        with self._lock:
            turn = self._turns[secret_id]
        with turn, self._reads.changing_secret(secret_id):
            yield


def _hash(name: str) -> str:
    """What stands for an entry's name where it is too long; no name has a `#`."""
    return "#" + hashlib.sha256(name.encode()).hexdigest()[:_HASH_DIGITS]


def moment_of(version: VersionAnswer) -> datetime:
    """When the version was made, in UTC and as exactly as the API says it."""
    text = version.get("created_at")
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)


def _without(error: CloudError, entries: Mapping[str, str]) -> CloudError:
    """`error` with the values of `entries` struck out, should the cloud's words quote them."""
    message = error.message
    for value in entries.values():
        message = message.replace(value, "[secret]")
    return error.saying(message)
