"""How keys that were made by hand come into a stack: under which names, and by which file for `pulumi import --file` (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cli.borrowed import AccountSpec, Spec
from cli.cloud_keys import CloudKey, CloudView
from cli.deployed import Account, Deployed

_KEY: Final = "yandex-keys:index:ApiKey"
_COMPONENT: Final = "yandex-keys:index:ServiceAccountKeys"
_PROVIDER: Final = "yandex-keys"
_LETTERS: Final = 6
"""How many of a key's id make its name, where the stack file has none for it: enough to tell an account's keys apart."""


@dataclass(frozen=True)
class Adoption:
    """A key made by hand, and the name that it gets. declared: whether the stack file has that key already. refused: why it can't be adopted."""

    key: CloudKey
    account: Account
    name: str
    declared: bool = False
    refused: str = ""

    @property
    def path(self) -> str:
        """`account/key`."""
        return f"{self.account.name}/{self.name}"

    def as_json(self) -> dict[str, object]:
        """The documented shape, version 1."""
        return {
            "keyId": self.key.key_id,
            "description": self.key.description,
            "account": self.account.name,
            "key": self.name,
            "scopes": list(self.key.scopes),
            "declared": self.declared,
            "refused": self.refused or None,
        }


def adoptions(
    stack: Deployed, spec: Spec | None, cloud: CloudView, now: datetime, chosen: Iterable[str] = ()
) -> list[Adoption]:
    """The live keys of the stack's accounts that carry no mark, or of them those that are `chosen` by their ids, in the order of their issue.

    A key that the stack file declares and the state doesn't have is taken for one of the same scopes.
    """
    wanted = set(chosen)
    found = []
    written = {account.name: account for account in spec.accounts} if spec else {}
    taken = {key.path for key in stack.keys}
    known = {key_id for key in stack.keys for key_id in key.state.key_ids}
    for key in sorted(cloud.keys.values(), key=lambda it: (it.issued_at, it.key_id)):
        account = stack.accounts.get(key.account_id)
        ended = key.expires_at is not None and key.expires_at <= now
        if (
            account is None
            or key.mark is not None
            or key.key_id in known
            or ended
            or (wanted and key.key_id not in wanted)
        ):
            continue
        name = _declared_name(written.get(account.name), key, account, taken)
        adoption = Adoption(
            key, account, name or f"by-hand-{key.key_id[-_LETTERS:]}", bool(name), _refused(key, account)
        )
        taken.add(adoption.path)
        found.append(adoption)
    return found


def _declared_name(written: AccountSpec | None, key: CloudKey, account: Account, taken: set[str]) -> str:
    """The name of a declared key that isn't made yet and has the same scopes; empty where there is none."""
    waiting = [it for it in written.keys if f"{account.name}/{it.name}" not in taken] if written else []
    return next((it.name for it in waiting if set(it.all_scopes) == set(key.scopes)), "")


def _refused(key: CloudKey, account: Account) -> str:
    if not key.scopes:
        return f"it has no scopes: give it some first, by `yc iam api-key update {key.key_id} --scopes …`"
    if not account.component_urn or _COMPONENT not in account.component_urn:
        return (
            f"its account {account.name} is declared by a program of your own: import it there (docs/adopting-keys.md)"
        )
    return ""


def import_file(found: Sequence[Adoption]) -> dict[str, object]:
    """What `pulumi import --file` takes, parents and provider among it: without them a key would get another URN, and no plugin."""
    taken = [it for it in found if not it.refused]
    names = {it.account.name: it.account.component_urn for it in taken}
    # The name by which the file calls the provider must not be that of an account.
    provider = _PROVIDER if _PROVIDER not in names else f"{_PROVIDER}-provider"
    names |= {provider: taken[0].account.provider_urn} if taken else {}
    resources = [
        {
            "type": _KEY,
            "name": f"{it.account.component_urn.rpartition('::')[2]}/{it.name}",
            "id": it.key.key_id,
            "parent": it.account.name,
            "provider": provider,
        }
        for it in taken
    ]
    return {"nameTable": names, "resources": resources}
