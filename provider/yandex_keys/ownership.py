"""The labels by which we know again what we made in the cloud, when an answer was lost or a run was killed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .resource import tag_of

OWNER: Final = "pulumi-yandex-keys"
"""Holds the tag of the URN that a thing was made for."""
ATTEMPT: Final = "pulumi-yandex-keys-attempt"
"""Holds what no other call of Create has: it tells what a call that lost its answer made from an older thing of the same URN, which a
replacement has in the same folder at the same time."""
MARKS: Final = (OWNER, ATTEMPT)


def marked(labels: Mapping[str, str] | None, urn: str, attempt: str = "") -> dict[str, str]:
    """The user's labels and our own; an update has no `attempt`."""
    return {**(labels or {}), OWNER: tag_of(urn), **({ATTEMPT: attempt} if attempt else {})}


def unmarked(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels without our own."""
    return {key: text for key, text in labels.items() if key not in MARKS}


def is_owned(answer: Mapping[str, Any], urn: str) -> bool:
    """Whether the thing that the API describes was made for `urn`, in this run or an earlier one."""
    return bool(answer.get("labels", {}).get(OWNER) == tag_of(urn))


def is_attempt(answer: Mapping[str, Any], attempt: str) -> bool:
    """Whether it was made by that very call of Create."""
    return bool(answer.get("labels", {}).get(ATTEMPT) == attempt)
