"""The mark that a thing in the cloud carries, so that its owner knows it again and never takes another's for its own
(pure).

A mark has three parts. *Owner*: which resource of which state it was made for; it follows from the id of the stack's
provider resource, which the engine makes once for each state, and from the URN. *Instance*: which life of that
resource; random, made when it is created, kept in its state for life, through renames. *Attempt*: which call of Create;
random, new for each.

An API key carries its mark at the end of its description, `[yandex-keys owner.instance.attempt]`; accounts, Lockbox
secrets and KMS keys carry owner and instance as labels.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .answers import ApiKeyAnswer

OWNER_DIGITS: Final = 12
RANDOM_DIGITS: Final = 10
"""How many letters and digits a random part has: 50 bits."""
ROOM: Final = 1 + len("[yandex-keys ..]") + OWNER_DIGITS + 2 * RANDOM_DIGITS
"""How many of a description's characters the mark takes, the space before it included."""
OWNER_LABEL: Final = "pulumi-yandex-keys-owner"
INSTANCE_LABEL: Final = "pulumi-yandex-keys-instance"
LABELS: Final = (OWNER_LABEL, INSTANCE_LABEL)
_MARKED: Final = re.compile(
    r"(?P<words>.*?) ?\[yandex-keys (?P<owner>[0-9a-f]+)\.(?P<instance>[0-9a-z]+)\.(?P<attempt>[0-9a-z]+)\]", re.DOTALL
)
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_CREATIONS: Final = uuid.UUID("5f0c9a6e-3f1b-4c1e-9d55-0c1f5b6f6a11")
"""The name space of idempotency keys: a UUID of our own, so that no other program's keys are like ours."""


@dataclass(frozen=True)
class Mark:
    """The mark of an API key."""

    owner: str
    instance: str
    attempt: str

    def __str__(self) -> str:
        return f"{self.owner}.{self.instance}.{self.attempt}"


def owner_of(provider_id: str, urn: str) -> str:
    """The owner that the resource `urn` is, in the state whose provider resource has the id `provider_id`."""
    return hashlib.sha256(f"{provider_id}\n{urn}".encode()).hexdigest()[:OWNER_DIGITS]


def random_part(random_bytes: Callable[[int], bytes]) -> str:
    """A new instance or attempt. `random_bytes` gives that many random bytes."""
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in random_bytes(RANDOM_DIGITS))


def marked(words: str, mark: Mark) -> str:
    """The description that the cloud gets: the user's words and the mark."""
    return f"{words} [yandex-keys {mark}]".lstrip()


def words_and_mark(description: str) -> tuple[str, Mark | None]:
    """The user's words and the mark in a description of the cloud's; None where it ends in no mark."""
    match = _MARKED.fullmatch(description)
    if match is None:
        return description, None
    return match["words"], Mark(match["owner"], match["instance"], match["attempt"])


def mark_of(key: ApiKeyAnswer) -> Mark | None:
    """The mark of an API key, as the API describes it."""
    return words_and_mark(key.get("description", ""))[1]


def with_labels(labels: Mapping[str, str] | None, owner: str, instance: str) -> dict[str, str]:
    """The user's labels and the mark's."""
    return {**(labels or {}), OWNER_LABEL: owner, INSTANCE_LABEL: instance}


def without_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels without the mark's."""
    return {name: text for name, text in labels.items() if name not in LABELS}


def labelled_owner(answer: Mapping[str, Any]) -> str:
    """The owner in the labels of a thing that the API describes; empty where there is none."""
    return str(answer.get("labels", {}).get(OWNER_LABEL, ""))


def labelled_instance(answer: Mapping[str, Any]) -> str:
    """The instance in the labels of a thing that the API describes; empty where there is none."""
    return str(answer.get("labels", {}).get(INSTANCE_LABEL, ""))


def creation_key(owner: str, number: int) -> str:
    """The idempotency key of `owner`'s creation `number` (0, 1, …).

    It is the same in every run, so that a run after a kill gets what the killed one made.
    """
    return str(uuid.uuid5(_CREATIONS, f"{owner}.{number}"))
