"""A key as the decision sees it: what is wanted of it, what the last run left of it, what the cloud lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from ..marks import Mark
from ..rotation_calendar import ALWAYS, Calendar
from .schedule import SPREAD


class Status(StrEnum):
    """What is known of the current key.

    CURRENT: issued and delivered. MISSING: gone, behind our back. ADOPTED: imported, its secret was never ours.
    UNDELIVERED: alive, but Lockbox gives consumers something else.
    """

    CURRENT = "current"
    MISSING = "missing"
    ADOPTED = "adopted"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True)
class Lockbox:
    """Where in Lockbox a secret goes: entry `secret_entry` holds it, entry `key_id_entry` the key's id. takes_place: the
    secret is new, and takes the place of the one before, which goes in this run."""

    secret_id: str
    secret_entry: str = "api_key"
    key_id_entry: str = "api_key_id"
    takes_place: bool = field(default=False, compare=False)

    @property
    def entries(self) -> tuple[str, str]:
        """The names of both."""
        return self.secret_entry, self.key_id_entry


@dataclass(frozen=True)
class Verify:
    """A harmless call that must succeed with a new key before it counts; `timeout` bounds all its tries."""

    url: str
    method: str = "GET"
    expect_status: int = 200
    timeout: timedelta = timedelta(seconds=60)


@dataclass(frozen=True)
class Inputs:
    """What the user wants of a key; see the package's schema for each input.

    reissue: a new text rotates; taking it away again rotates nothing, so nobody has to keep a ticket's number for ever.
    """

    service_account_id: str
    scopes: frozenset[str]
    description: str
    lifetime: timedelta
    rotate_every: timedelta
    overlap: timedelta
    reissue: str | None = None
    compromised: frozenset[str] = frozenset()
    when_still_used: Literal["extend", "retire"] = "extend"
    lockbox: Lockbox | None = None
    expose_secret: bool = False
    verify: Verify | None = None
    spread: int = SPREAD
    calendar: Calendar = ALWAYS


@dataclass(frozen=True)
class PreviousKey:
    """A key in its overlap.

    expires_at: when the cloud ends it; lifetime_ends_at: the latest that an extension may push that to; extended_at:
    the last extension, if any; enforced: False where the cloud has not been told of `expires_at` yet;
    lockbox_version_id: None where it is not known.
    """

    key_id: str
    issued_at: datetime
    expires_at: datetime
    rotated_at: datetime
    lifetime_ends_at: datetime
    lockbox: Lockbox | None = None
    lockbox_version_id: str | None = None
    extended_at: datetime | None = None
    enforced: bool = True


@dataclass(frozen=True)
class ListedKey:
    """A key of the account, as the cloud lists it. `expires_at` is the last second that there is where it never
    ends."""

    key_id: str
    issued_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    mark: Mark | None = None


@dataclass(frozen=True)
class State:
    """What the last run left. `applied` is what was wanted of it then, as far as the cloud still agrees; `lifetime`
    None: another expiry was set; next_rotation_at: the next point of its grid, whatever the calendar makes of it.

    instance: the part of the mark that all keys of this resource carry; empty where none was issued by it yet (an
    import).
    """

    key_id: str
    status: Status
    issued_at: datetime
    expires_at: datetime
    next_rotation_at: datetime
    generation: int
    instance: str
    applied: Inputs
    lifetime: timedelta | None
    lockbox_version_id: str | None = None
    masked_secret: str = ""
    previous: tuple[PreviousKey, ...] = ()
    attempts: tuple[str, ...] = ()
    """The last part of the marks of the keys that this resource has issued, the current one's first: a key that carries
    one of them and that the state doesn't know is a copy of a description, made by hand."""

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of all keys that the state accounts for."""
        return frozenset({self.key_id, *(previous.key_id for previous in self.previous)})

    @property
    def seen_until(self) -> datetime:
        """The latest moment of which the state knows something that happened."""
        return max([self.issued_at, *(item.extended_at or item.rotated_at for item in self.previous)])


Listing = Mapping[str, ListedKey]
"""The account's keys by their ids."""
