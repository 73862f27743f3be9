"""The API keys that the cloud has in some folders: one listing a folder for its accounts, one an account for its keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

from cli.borrowed import ApiKeyAnswer, Mark, NotFound, cloud_time, is_credential, words_and_mark

if TYPE_CHECKING:
    from cli.cloud_login import Lookup


@dataclass(frozen=True)
class CloudKey:
    """An API key as the cloud lists it. `expires_at` None: it never ends; `last_used_at` None: the cloud doesn't say."""

    key_id: str
    account_id: str
    masked_secret: str
    scopes: tuple[str, ...]
    description: str
    issued_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    mark: Mark | None


@dataclass(frozen=True)
class CloudAccount:
    """A service account as the cloud lists it."""

    account_id: str
    name: str
    folder_id: str


@dataclass(frozen=True)
class CloudView:
    """What was looked at: the accounts and keys of whole folders, and the keys of single accounts."""

    accounts: Mapping[str, CloudAccount] = field(default_factory=dict)
    keys: Mapping[str, CloudKey] = field(default_factory=dict)
    listed_accounts: frozenset[str] = frozenset()
    """The ids of the accounts whose keys were listed: of others nothing is known."""


NOTHING: Final = CloudView()
_WITHHELD: Final = "[withheld: it looks like a credential]"
"""In the place of a description: people paste anything there."""


def folders_of(lookup: Lookup, cloud_id: str) -> list[str]:
    """The ids of the folders of a cloud. Raises CloudError."""
    listed = lookup.listed("FolderService/List", "folders", {"cloud_id": cloud_id}, f"cloud {cloud_id}")
    return [str(folder["id"]) for folder in listed]


def look(lookup: Lookup, folders: Sequence[str], accounts: Iterable[str] = ()) -> CloudView:
    """The keys of all accounts of `folders`, and of single `accounts`. An account that is gone has none. Raises CloudError."""
    found = [
        CloudAccount(str(it["id"]), str(it.get("name", "")), str(it.get("folder_id", folder)))
        for folder, answer in zip(
            folders,
            lookup.each(
                lambda folder: lookup.listed(
                    "ServiceAccountService/List", "service_accounts", {"folder_id": folder}, f"folder {folder}"
                ),
                folders,
            ),
            strict=True,
        )
        for it in answer
    ]
    known = {account.account_id: account for account in found}
    wanted = list(dict.fromkeys([*known, *accounts]))
    keys = {
        key.key_id: key
        for listed in lookup.each(lambda account_id: _keys_of(lookup, account_id), wanted)
        for key in listed
    }
    return CloudView(known, keys, frozenset(wanted))


def _keys_of(lookup: Lookup, account_id: str) -> list[CloudKey]:
    request, about = {"service_account_id": account_id}, f"service account {account_id}"
    try:
        return [
            _key(cast(ApiKeyAnswer, it), account_id)
            for it in lookup.listed("ApiKeyService/List", "api_keys", request, about)
        ]
    except NotFound:
        return []


def _key(listed: ApiKeyAnswer, account_id: str) -> CloudKey:
    description, mark = words_and_mark(listed.get("description", ""))
    return CloudKey(
        str(listed["id"]),
        str(listed.get("service_account_id", account_id)),
        str(listed.get("masked_secret", "")),
        tuple(sorted(listed.get("scopes", ()))),
        _WITHHELD if is_credential(description) else description,
        cloud_time(listed.get("created_at")),
        cloud_time(listed["expires_at"]) if listed.get("expires_at") else None,
        cloud_time(listed["last_used_at"]) if listed.get("last_used_at") else None,
        mark,
    )
