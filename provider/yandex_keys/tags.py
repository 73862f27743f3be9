"""What marks a key in the cloud as ours: the end of its description, `[yandex-keys <tag>]`.

A tag is 12 hexadecimal digits of the URN's hash, a dot, and which instance of the resource it is: a replacement is made while the old instance still
lives, and must not take the other's keys for its own left-overs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

_TAGGED: Final = re.compile(r"(?P<description>.*?) ?\[yandex-keys (?P<tag>[0-9a-f]{12}\.[0-9]+)\]", re.DOTALL)
TAG_ROOM: Final = 48
"""How much of a description's 256 characters is kept for the tag."""


def first_tag(urn: str, seen: Iterable[str]) -> str:
    """The tag of a new instance of `urn`; `seen` are the tags of instances that live."""
    taken = [int(tag.partition(".")[2]) for tag in seen if tag.startswith(_prefix(urn))]
    return f"{_prefix(urn)}{max(taken) + 1 if taken else 0}"


def expected_tag(urn: str, tag: str) -> str:
    """The tag that an instance tagged `tag` should have: the same, unless its resource was renamed or it was imported."""
    if tag.startswith(_prefix(urn)):
        return tag
    return f"{_prefix(urn)}{tag.partition('.')[2] or 0}"


def tagged(description: str, tag: str) -> str:
    """The description that the cloud gets."""
    return f"{description} [yandex-keys {tag}]" if description else f"[yandex-keys {tag}]"


def untagged(description: str) -> tuple[str, str]:
    """The user's words and the tag in a description of the cloud's; the tag is empty where there is none."""
    match = _TAGGED.fullmatch(description)
    return (match["description"], match["tag"]) if match else (description, "")


def _prefix(urn: str) -> str:
    return f"{hashlib.sha256(urn.encode()).hexdigest()[:12]}."
