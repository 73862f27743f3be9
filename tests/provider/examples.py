"""One API key as the tests of the core know it: a month old key of `translator`, and what its user wants."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from provider.yandex_keys.api_key.key import Inputs, ListedKey, Listing, Lockbox, PreviousKey, State, Status
from provider.yandex_keys.marks import Mark, owner_of

URN: Final = "urn:pulumi:prod::api-keys::yandex-keys:index:ApiKey::translator-default"
OWNER: Final = owner_of("5f0c9a6e-provider", URN)
INSTANCE: Final = "instanceaa"
OTHER_INSTANCE: Final = "instancebb"
CURRENT: Final = "ajecurrent"
PREVIOUS: Final = "ajeprevious"
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
SECOND: Final = timedelta(seconds=1)


def at(text: str) -> datetime:
    """A time in UTC: `at("2026-12-24 03:00")`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ISSUED: Final = at("2026-11-23 03:00:05")
DUE: Final = at("2026-12-21 10:00")
"""When the key of `standing()` rotates."""


def wanted(**changes: Any) -> Inputs:
    """90 days of lifetime, a rotation every 30, a week of overlap, delivered to Lockbox; but for `changes`."""
    inputs = Inputs(
        service_account_id="ajeaccount",
        scopes=frozenset({"yc.ai.translate.execute"}),
        description="Translates support tickets",
        lifetime=90 * DAY,
        rotate_every=30 * DAY,
        overlap=7 * DAY,
        lockbox=Lockbox("e6qsecret"),
    )
    return replace(inputs, **changes)


def standing(**changes: Any) -> State:
    """The state of a key issued at ISSUED for `wanted()`, due at DUE; but for `changes`."""
    state = State(
        key_id=CURRENT,
        status=Status.CURRENT,
        issued_at=ISSUED,
        expires_at=ISSUED + 90 * DAY,
        next_rotation_at=DUE,
        generation=1,
        instance=INSTANCE,
        applied=wanted(),
        lifetime=90 * DAY,
        lockbox_version_id="e6qversion",
        masked_secret="****abcdef",
    )
    return replace(state, **changes)


ROTATED: Final = at("2026-11-23 03:00:05")
"""When the key of `in_overlap()` was rotated: as the current one was issued."""


def in_overlap(**changes: Any) -> PreviousKey:
    """A previous key in its week of overlap, from 2026-11-23 until 2026-11-30; its own lifetime would end on 2027-01-21."""
    previous = PreviousKey(
        key_id=PREVIOUS,
        issued_at=at("2026-10-23 03:00:05"),
        expires_at=ROTATED + 7 * DAY,
        rotated_at=ROTATED,
        lifetime_ends_at=at("2027-01-21 03:00:05"),
        lockbox=Lockbox("e6qsecret"),
        lockbox_version_id="e6qolder",
    )
    return replace(previous, **changes)


def mark(attempt: str = "attempt1", instance: str = INSTANCE, owner: str = OWNER) -> Mark:
    """A mark of ours, but for what is given."""
    return Mark(owner, instance, attempt)


def listed_key(key_id: str, **changes: Any) -> ListedKey:
    """A key of ours as the cloud lists it, issued on ROTATED to live 90 days and not used yet; its attempt is its own."""
    key = ListedKey(key_id, ROTATED, ROTATED + 90 * DAY, None, mark(f"of{key_id}"))
    return replace(key, **changes)


def listing(*keys: ListedKey) -> Listing:
    """What the cloud lists: those keys."""
    return {key.key_id: key for key in keys}
