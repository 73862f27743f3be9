"""What must be true of keys whatever has failed before: by what the state says of them, and what the cloud holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from provider.yandex_keys.durations import parse_duration
from tests.reliability.view import View, expiry

_TOLERANCE: Final = timedelta(minutes=2)
_OVERLAP: Final = timedelta(days=7)
"""That of a key which says nothing else."""

NOT_HEALED: Final = "not healed"
ORPHAN: Final = "orphans"
LOST: Final = "lost"
UNSERVED: Final = "unserved"
LEAK: Final = "leaks"
RULE: Final = "against a rule"
LITTER: Final = "litter"
KINDS: Final = (NOT_HEALED, ORPHAN, LOST, UNSERVED, LEAK, RULE, LITTER)
"""Kinds of wrong. Orphan: a live key that no state knows and that was not issued to end by itself after one overlap, as a first one is. Lost: a
declared key without a working, delivered secret. Unserved: Lockbox gave a dead key between the failure and the next run. Litter: what is dead but was
not cleared away."""


@dataclass
class BrokenPromises:
    """What was found wrong: kinds and words. `empty`: ids of Lockbox secrets without any version that no state knows, which is promised nowhere."""

    wrong: list[tuple[str, str]] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def add(self, kind: str, words: str) -> None:
        """One more thing that is wrong."""
        self.wrong.append((kind, words))


@dataclass(frozen=True)
class Judge:
    """Compares states of keys (their outputs, secrets decrypted) with the cloud. `accepts` makes a consumer's call with a secret."""

    view: View
    accepts: Callable[[str], bool]
    broken: BrokenPromises

    def keys(self, states: Iterable[Mapping[str, Any]]) -> None:
        """Every key lives, is delivered and is accepted; previous keys keep their overlap; no other key lives."""
        accounted: set[str] = set()
        states = list(states)
        for state in states:
            self._current(state)
            accounted.add(state["keyId"])
            for previous in state["previous"]:
                self._previous(state, previous)
                accounted.add(previous["keyId"])
        for key_id in sorted(set(self.view.live_keys) - accounted):
            key = self.view.live_keys[key_id]
            overlaps = [parse_duration(state["overlap"]) for state in states] or [_OVERLAP]
            if not _ends_by_itself(key, max(overlaps)):
                self.broken.add(ORPHAN, f"key {key_id} lives and no state knows it")

    def served(self) -> None:
        """Whoever reads Lockbox now gets keys that work. The entries that hold secrets are those that aren't named `…_id`."""
        for secret_id in self.view.lockbox:
            for name, value in self.view.entries(secret_id).items():
                if not name.endswith("_id") and not self.accepts(value):
                    self.broken.add(UNSERVED, f"entry {name} holds a dead key after the failed run")

    def litter(self, known: Iterable[str]) -> None:
        """What is dead is cleared away: versions of keys that are gone are scheduled for destruction (but the current one); nothing is unknown.

        `known` are the ids of all resources that states hold.
        """
        known = set(known)
        for account_id, account in self.view.accounts.items():
            if account_id not in known:
                self.broken.add(LITTER, f"service account {account['name']} is in no state")
        for secret_id, secret in self.view.lockbox.items():
            if secret_id not in known and not secret["versions"]:
                self.broken.empty.append(secret_id)
            elif secret_id not in known:
                self.broken.add(LITTER, f"Lockbox secret {secret['name']} is in no state")
            for version in secret["versions"]:
                words = version["description"].split()
                made_for_key = version["status"] == "ACTIVE" and not version["current"] and words[:2] == ["API", "key"]
                if made_for_key and words[2] not in self.view.keys:
                    self.broken.add(LITTER, f"version {version['id']} of the dead key {words[2]} is still active")
        for key_id in sorted(set(self.view.keys) - set(self.view.live_keys)):
            if not _ends_by_itself(self.view.keys[key_id]):
                self.broken.add(LITTER, f"the expired key {key_id} was not deleted")

    def _current(self, state: Mapping[str, Any]) -> None:
        key_id = state["keyId"]
        current = self.view.live_keys.get(key_id)
        if current is None:
            self.broken.add(LOST, f"the current key {key_id} doesn't live")
            return
        if not self.accepts(current["secret"]):
            self.broken.add(LOST, f"the service refuses the current key {key_id}")
        target = state.get("lockbox")
        if target:
            entries = self.view.entries(target["secretId"])
            held = entries.get(target["secretEntry"]), entries.get(target["keyIdEntry"])
            if held != (current["secret"], key_id):
                self.broken.add(LOST, f"Lockbox doesn't give the current key {key_id}, but {held[1]}")
        if state.get("exposeSecret") and state.get("secret") != current["secret"]:
            self.broken.add(LOST, "the output isn't the current key's secret")
        if _seconds(expiry(current)) != _time(state["expiresAt"]):
            self.broken.add(RULE, f"the state's expiresAt is {state['expiresAt']}, the cloud's {current['expiresAt']}")

    def _previous(self, state: Mapping[str, Any], previous: Mapping[str, Any]) -> None:
        key_id, ends = previous["keyId"], _time(previous["expiresAt"])
        key = self.view.live_keys.get(key_id)
        if key is None:
            self.broken.add(RULE, f"previous key {key_id} is gone before its overlap is over")
            return
        if not self.accepts(key["secret"]):
            self.broken.add(RULE, f"the service refuses the previous key {key_id}")
        if _seconds(expiry(key)) != ends:
            self.broken.add(RULE, f"previous key {key_id} ends {key['expiresAt']}, in the state {ends.isoformat()}")
        overlap, last = parse_duration(state["overlap"]), _time(previous["lifetimeEndsAt"])
        # Once, or once more with each extension, of which the end of its lifetime may have cut the last one short.
        spans = (ends - _time(previous["rotatedAt"])) / overlap
        given = max(1, math.ceil(spans - _TOLERANCE / overlap)) if "extendedAt" in previous else 1
        wanted = min(last, _time(previous["rotatedAt"]) + given * overlap)
        if abs(wanted - ends) > _TOLERANCE:
            self.broken.add(RULE, f"previous key {key_id} ends {ends.isoformat()}, not {wanted.isoformat()}")


def _ends_by_itself(key: Mapping[str, Any], overlap: timedelta = _OVERLAP) -> bool:
    """Whether it was issued to end after one overlap: a first key whose run died. No other instance touches it, dead or alive."""
    return expiry(key) - datetime.fromisoformat(key["createdAt"]) <= overlap + _TOLERANCE


def _time(text: str) -> datetime:
    return _seconds(datetime.fromisoformat(text))


def _seconds(time: datetime) -> datetime:
    return time.replace(microsecond=0)
