"""Every key that the chosen stacks and the cloud know of, one record each (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cli.borrowed import ALWAYS, Calendar, Lockbox, Status, format_time, next_rotation, planned_rotation
from cli.cloud_keys import NOTHING, CloudKey, CloudView
from cli.deployed import Account, Deployed, DeployedKey


class KeyState(StrEnum):
    """What a key is to the chosen stacks. The words are part of the contract (docs/yckeys.md)."""

    CURRENT = "current"
    PREVIOUS = "previous"
    ADOPTED = "adopted"
    UNDELIVERED = "undelivered"
    MISSING = "missing"
    EXPIRED = "expired"
    ORPHAN = "orphan"
    ANOTHER_STATE = "another-state"
    UNMANAGED = "unmanaged"


WORKING: Final = frozenset(KeyState) - {KeyState.EXPIRED, KeyState.MISSING}
"""Of keys that the cloud takes, and counts against its quota."""


@dataclass(frozen=True)
class Delivery:
    """Where a key's secret is: in entry `entry` of a Lockbox secret, or, where `secret_id` is empty, in a secret output of the stack alone."""

    secret_id: str = ""
    secret_name: str = ""
    entry: str = ""
    version_id: str = ""
    as_output: bool = False

    @property
    def words(self) -> str:
        """For a table's cell."""
        places = [f"Lockbox {self.secret_name or self.secret_id}, entry {self.entry}"] if self.secret_id else []
        return " and ".join([*places, *(["a secret output"] if self.as_output else [])])


@dataclass(frozen=True)
class KeyRecord:
    """One key. Times are UTC; `expires_at` None: it never ends; `last_used_at` None: not known.

    stack and key are empty for a key that no chosen stack declares. owner: who answers for it, or for its account; empty where no stack says it.
    calendar, due_at: of the key that is to be replaced, which waits where it is due before `next_rotation_at`.
    """

    stack: str
    account: str
    account_id: str
    key: str
    key_id: str
    state: KeyState
    masked_secret: str
    scopes: tuple[str, ...]
    description: str
    issued_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    next_rotation_at: datetime | None
    delivery: Delivery | None
    generation: int | None = None
    owner: str = ""
    folder_id: str = ""
    calendar: Calendar = ALWAYS
    due_at: datetime | None = None

    @property
    def path(self) -> str:
        """`account/key`; the account alone where no stack declares the key."""
        return f"{self.account}/{self.key}" if self.key else self.account

    def age(self, now: datetime) -> timedelta:
        """Since its issue."""
        return now - self.issued_at

    def as_json(self, now: datetime) -> dict[str, object]:
        """The documented shape, version 1."""
        delivery = self.delivery
        return {
            "stack": self.stack or None,
            "account": self.account,
            "accountId": self.account_id,
            "folderId": self.folder_id or None,
            "key": self.key or None,
            "owner": self.owner or None,
            "keyId": self.key_id,
            "maskedSecret": self.masked_secret or None,
            "state": str(self.state),
            "scopes": list(self.scopes),
            "description": self.description,
            "generation": self.generation,
            "issuedAt": format_time(self.issued_at),
            "ageDays": self.age(now) // timedelta(days=1),
            "lastUsedAt": format_time(self.last_used_at) if self.last_used_at else None,
            "expiresAt": format_time(self.expires_at) if self.expires_at else None,
            "nextRotationAt": format_time(self.next_rotation_at) if self.next_rotation_at else None,
            "delivered": None
            if delivery is None
            else {
                "lockboxSecretId": delivery.secret_id or None,
                "lockboxSecret": delivery.secret_name or None,
                "entry": delivery.entry or None,
                "lockboxVersionId": delivery.version_id or None,
                "output": delivery.as_output,
            },
        }


def inventory(stacks: Sequence[Deployed], now: datetime, cloud: CloudView = NOTHING) -> list[KeyRecord]:
    """The keys of `stacks`, and of the cloud those that none of them declares, by stack, account, key and issue."""
    ours = [record for stack in stacks for key in stack.keys for record in _records(key, now)]
    told = [_as_the_cloud_says(record, cloud, now) for record in ours]
    known = {record.key_id for record in told}
    owners = {key.owner_mark for stack in stacks for key in stack.keys}
    instances = {key.state.instance for stack in stacks for key in stack.keys if key.state.instance}
    declared = {it.account_id: it for stack in stacks for it in stack.accounts.values()}
    others = [
        _of_the_cloud(key, now, cloud, declared.get(key.account_id), owners, instances)
        for key in cloud.keys.values()
        if key.key_id not in known
    ]
    return sorted([*told, *others], key=_place)


def _place(record: KeyRecord) -> tuple[bool, str, str, str, bool, datetime, str]:
    """What a stack declares comes first, a key before its previous ones."""
    later_key = record.state in (KeyState.PREVIOUS, KeyState.EXPIRED)
    return not record.stack, record.stack, record.account, record.key, later_key, record.issued_at, record.key_id


_STATES = {
    Status.CURRENT: KeyState.CURRENT,
    Status.ADOPTED: KeyState.ADOPTED,
    Status.MISSING: KeyState.MISSING,
    Status.UNDELIVERED: KeyState.UNDELIVERED,
}


def _records(key: DeployedKey, now: datetime) -> Iterable[KeyRecord]:
    state = key.state
    current = KeyRecord(
        stack=key.stack,
        account=key.account_name,
        account_id=state.applied.service_account_id,
        key=key.name,
        key_id=state.key_id,
        state=KeyState.EXPIRED if state.expires_at <= now else _STATES[state.status],
        masked_secret=state.masked_secret,
        scopes=tuple(sorted(state.applied.scopes)),
        description=state.applied.description,
        issued_at=state.issued_at,
        expires_at=state.expires_at,
        last_used_at=None,
        next_rotation_at=planned_rotation(key.inputs, state, key.urn),
        delivery=_delivery(key, state.applied.lockbox, state.lockbox_version_id, state.applied.expose_secret),
        generation=state.generation,
        owner=key.owner,
        folder_id=key.account.folder_id if key.account else "",
        calendar=key.inputs.calendar,
        due_at=next_rotation(key.inputs, state, key.urn),
    )
    yield current
    for previous in state.previous:
        yield replace(
            current,
            key_id=previous.key_id,
            state=KeyState.EXPIRED if previous.expires_at <= now else KeyState.PREVIOUS,
            masked_secret="",
            issued_at=previous.issued_at,
            expires_at=previous.expires_at,
            next_rotation_at=None,
            delivery=_delivery(key, previous.lockbox, previous.lockbox_version_id, False),
            generation=None,
            calendar=ALWAYS,
            due_at=None,
        )


def _delivery(key: DeployedKey, lockbox: Lockbox | None, version_id: str | None, as_output: bool) -> Delivery | None:
    if lockbox is None:
        return Delivery(as_output=True) if as_output else None
    name = key.secret.name if key.secret and key.secret.secret_id == lockbox.secret_id else ""
    return Delivery(lockbox.secret_id, name, lockbox.secret_entry, version_id or "", as_output)


def _as_the_cloud_says(record: KeyRecord, cloud: CloudView, now: datetime) -> KeyRecord:
    listed = cloud.keys.get(record.key_id)
    if listed is None:
        gone = record.account_id in cloud.listed_accounts and record.state is not KeyState.EXPIRED
        return replace(record, state=KeyState.MISSING) if gone else record
    ended = listed.expires_at is not None and listed.expires_at <= now
    return replace(
        record,
        state=KeyState.EXPIRED if ended else record.state,
        masked_secret=listed.masked_secret or record.masked_secret,
        scopes=listed.scopes,
        expires_at=listed.expires_at,
        last_used_at=listed.last_used_at,
    )


def _of_the_cloud(
    key: CloudKey, now: datetime, cloud: CloudView, declared: Account | None, owners: set[str], instances: set[str]
) -> KeyRecord:
    if key.expires_at is not None and key.expires_at <= now:
        state = KeyState.EXPIRED
    elif key.mark is None:
        state = KeyState.UNMANAGED
    elif key.mark.owner in owners or key.mark.instance in instances:
        state = KeyState.ORPHAN
    else:
        state = KeyState.ANOTHER_STATE
    account = cloud.accounts.get(key.account_id)
    return KeyRecord(
        stack="",
        account=account.name if account else declared.name if declared else key.account_id,
        account_id=key.account_id,
        key="",
        key_id=key.key_id,
        state=state,
        masked_secret=key.masked_secret,
        scopes=key.scopes,
        description=key.description,
        issued_at=key.issued_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        next_rotation_at=None,
        delivery=None,
        owner=declared.owner if declared else "",
        folder_id=account.folder_id if account else "",
    )
