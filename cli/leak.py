"""Which key leaked: from an id, from events of Audit Trails, or from the secret itself (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cli.cloud_keys import CloudView
from cli.deployed import Deployed, DeployedKey

_EVENT: Final = "DetectLeakedCredential"
_SHOWN_LETTERS: Final = 6
"""How many letters of a secret's end a masked secret shows (IAM API, `masked_secret`)."""


class Part(StrEnum):
    """What the leaked key is to the one that declares it."""

    CURRENT = "current"
    PREVIOUS = "previous"


@dataclass(frozen=True)
class Leak:
    """What is known of a leak: a key's id, or the Lockbox version that it was read from; `url` is where it was found."""

    key_id: str = ""
    url: str = ""
    secret_id: str = ""
    version_id: str = ""


@dataclass(frozen=True)
class Leaked:
    """A leaked key, and whose it is; `key` None: no chosen stack declares it."""

    key_id: str
    url: str = ""
    key: DeployedKey | None = None
    part: Part | None = None


def leaks_in(text: str) -> list[Leak]:
    """The leaks of API keys in events of Audit Trails, each once: JSON, an array or lines of it, also inside of what a log wraps around them.

    Names of fields as the event's reference page has them (`yandexCloudIamApiKey.keyId`), or with underscores, as trails write them.
    Raises ValueError where it is no JSON.
    """
    try:
        events = [json.loads(text)]
    except ValueError:
        events = [json.loads(line) for line in text.splitlines() if line.strip()]
    found = [leak for event in events for leak in _leaks(event)]
    return list(dict.fromkeys(found))


def _leaks(value: object) -> Iterator[Leak]:
    if isinstance(value, list):
        for item in value:
            yield from _leaks(item)
        return
    if not isinstance(value, Mapping):
        return
    kind = _field(value, "eventType")
    if not (isinstance(kind, str) and kind.rpartition(".")[2] == _EVENT):
        for item in value.values():
            yield from _leaks(item)
        return
    details = _field(value, "details")
    if not isinstance(details, Mapping):
        return
    url = _text(details, "url")
    api_key, secret = _field(details, "yandexCloudIamApiKey"), _field(details, "yandexCloudLockboxSecret")
    if isinstance(api_key, Mapping) and _text(api_key, "keyId"):
        yield Leak(_text(api_key, "keyId"), url)
    elif isinstance(secret, Mapping) and _text(secret, "secretId"):
        yield Leak("", url, _text(secret, "secretId"), _text(secret, "versionId"))


def _field(value: Mapping[str, object], name: str) -> object:
    underscored = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return value.get(name, value.get(underscored))


def _text(value: Mapping[str, object], name: str) -> str:
    found = _field(value, name)
    return found if isinstance(found, str) else ""


def masked(secret: str) -> str:
    """What the cloud shows of a secret."""
    return f"****{secret[-_SHOWN_LETTERS:]}"


def ids_of_secret(secret: str, stacks: Iterable[Deployed], cloud: CloudView) -> list[str]:
    """The keys whose masked secret is that of `secret`: one in 60 billion others has the same."""
    shown = masked(secret)
    current = [key.state.key_id for stack in stacks for key in stack.keys if key.state.masked_secret == shown]
    listed = [key.key_id for key in cloud.keys.values() if key.masked_secret == shown]
    return list(dict.fromkeys([*current, *listed]))


def whose(leaks: Sequence[Leak], stacks: Sequence[Deployed]) -> list[Leaked]:
    """Each leaked key with the key of a stack that it is one of. A leaked Lockbox version counts for each key that was delivered into it."""
    keys = [key for stack in stacks for key in stack.keys]
    found: dict[str, Leaked] = {}
    for leak in leaks:
        if leak.key_id:
            its_key = next((key for key in keys if leak.key_id in key.state.key_ids), None)
            part = None if its_key is None else Part.CURRENT if its_key.state.key_id == leak.key_id else Part.PREVIOUS
            found.setdefault(leak.key_id, Leaked(leak.key_id, leak.url, its_key, part))
            continue
        for key, key_id, part in _in_version(keys, leak):
            found.setdefault(key_id, Leaked(key_id, leak.url, key, part))
    return list(found.values())


@dataclass(frozen=True)
class _Delivered:
    key: DeployedKey
    key_id: str
    issued_at: datetime
    version_id: str
    part: Part


def _in_version(keys: Sequence[DeployedKey], leak: Leak) -> Iterator[tuple[DeployedKey, str, Part]]:
    """The keys that a leaked version may hold. A version keeps what other keys of its secret had delivered before, so each key's latest of then is
    in it; where no state knows the version, each that was ever delivered there may be.
    """
    delivered = [it for key in keys for it in _deliveries(key, leak.secret_id)]
    made_at = next((it.issued_at for it in delivered if leak.version_id and it.version_id == leak.version_id), None)
    for key in keys:
        its_own = [it for it in delivered if it.key is key and (made_at is None or it.issued_at <= made_at)]
        held = [max(its_own, key=lambda it: it.issued_at)] if its_own and made_at is not None else its_own
        yield from ((it.key, it.key_id, it.part) for it in held)


def _deliveries(key: DeployedKey, secret_id: str) -> Iterator[_Delivered]:
    state = key.state
    if state.applied.lockbox is not None and state.applied.lockbox.secret_id == secret_id:
        yield _Delivered(key, state.key_id, state.issued_at, state.lockbox_version_id or "", Part.CURRENT)
    for previous in state.previous:
        if previous.lockbox is not None and previous.lockbox.secret_id == secret_id:
            yield _Delivered(key, previous.key_id, previous.issued_at, previous.lockbox_version_id or "", Part.PREVIOUS)
