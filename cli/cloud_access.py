"""Who may do what with accounts and secrets, as the cloud lists it: one listing a folder, one a secret."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from cli.borrowed import BindingAnswer

if TYPE_CHECKING:
    from cli.cloud_login import Lookup


@dataclass(frozen=True)
class CloudSecret:
    """A Lockbox secret as the cloud lists it. current_key: the key that its current version was made for; empty where that isn't known."""

    secret_id: str
    name: str
    folder_id: str
    current_key: str = ""


Bindings = Mapping[str, Sequence[tuple[str, str]]]
"""By resource: who (`serviceAccount:<id>`) has which role."""


@dataclass(frozen=True)
class Access:
    """What was looked at, of whole folders."""

    secrets: Mapping[str, CloudSecret] = field(default_factory=dict)
    on_folders: Bindings = field(default_factory=dict)
    on_secrets: Bindings = field(default_factory=dict)
    on_accounts: Bindings = field(default_factory=dict)


NO_ACCESS: Final = Access()


def look_at_access(
    lookup: Lookup, folders: Sequence[str], declared: Collection[str], accounts: Collection[str]
) -> Access:
    """The access to `folders`, the Lockbox secrets in them; the access to those of them that are `declared`, and to `accounts`, by their ids.

    Raises CloudError.
    """
    from cli.cloud_login import provenance_of

    def secrets_of(folder: str) -> list[dict[str, Any]]:
        return lookup.listed("SecretService/List", "secrets", {"folder_id": folder}, f"folder {folder}")

    secrets = {
        str(it["id"]): CloudSecret(
            str(it["id"]),
            str(it.get("name", "")),
            str(it.get("folder_id", "")),
            provenance_of(it.get("current_version", {})).key_id,
        )
        for listed in lookup.each(secrets_of, folders)
        for it in listed
    }
    return Access(
        secrets,
        _bindings(lookup, "FolderService/ListAccessBindings", folders),
        _bindings(lookup, "SecretService/ListAccessBindings", sorted(secrets.keys() & set(declared))),
        _bindings(lookup, "ServiceAccountService/ListAccessBindings", sorted(accounts)),
    )


def _bindings(lookup: Lookup, method: str, resources: Iterable[str]) -> Bindings:
    wanted = list(resources)
    answers = lookup.each(
        lambda resource: lookup.listed(method, "access_bindings", {"resource_id": resource}, resource), wanted
    )
    return {
        resource: [_binding(cast(BindingAnswer, it)) for it in listed]
        for resource, listed in zip(wanted, answers, strict=True)
    }


def _binding(listed: BindingAnswer) -> tuple[str, str]:
    return member_of(listed), listed.get("role_id", "")


def member_of(binding: BindingAnswer) -> str:
    """Who has the role, as stack files write it: `serviceAccount:aje…`."""
    return f"{binding['subject']['type']}:{binding['subject']['id']}"
