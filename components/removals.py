"""What an `up` of this program would end, told in its preview: the engine asks no plugin when it previews a delete."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import pulumi

from components.spec import AccountSpec, KeySpec

Receipts = Mapping[str, Mapping[str, str]]
"""The receipts that the stack's last `up` has left, by `account/key`."""
_NAMED: Final = 10
"""How many keys that go are told one by one."""


def say_what_goes(accounts: Sequence[AccountSpec]) -> None:
    """Warns, in a preview, of the accounts and keys that the stack has and `accounts` no longer declare."""
    if not pulumi.runtime.is_dry_run():
        return
    lines = list(removals(accounts, _receipts()))
    if lines:
        more = len(lines) - _NAMED
        told = lines[:_NAMED] + ([f"… and {more} more like these"] if more > 0 else [])
        pulumi.log.warn("\n".join(told))


def removals(accounts: Sequence[AccountSpec], receipts: Receipts) -> Iterator[str]:
    """A line for each account and key of `receipts` that is not among `accounts`, with what that means, and the way to
    keep it where it looks as if it had only got another name."""
    held: dict[str, dict[str, Mapping[str, str]]] = {}
    for place, receipt in receipts.items():
        owner, _, key_name = place.partition("/")
        held.setdefault(owner, {})[key_name] = receipt
    declared = {name: each for each in accounts for name in _names(each)}
    new_accounts = [account.name for account in accounts if not _names(account) & held.keys()]
    for name, keys in held.items():
        account = declared.get(name)
        if account is None:
            ids = ", ".join(str(keys[key].get("keyId")) for key in sorted(keys))
            yield (
                f"{name} is no longer in the stack file: `pulumi up` deletes the account and its keys ({ids}), and "
                f"whoever holds one of them fails at once{_renamed(name, new_accounts)}"
            )
            continue
        new_keys = [key.name for key in account.keys if not _names(key) & keys.keys()]
        for gone in sorted(keys.keys() - {name for key in account.keys for name in _names(key)}):
            yield (
                f"{name}/{gone} is no longer in the stack file: `pulumi up` deletes its key {keys[gone].get('keyId')}, "
                f"and whoever {_reads(keys[gone])} fails at once{_renamed(gone, new_keys)}"
            )


def _receipts() -> Receipts:
    """As the last `up` has left them; none where there was no `up` yet."""
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    try:
        outputs = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack}).value["outputs"]
    except Exception as error:
        # A backend that doesn't give a stack its own outputs: the preview is still worth more than none.
        pulumi.log.debug(f"what this stack has can't be read: {error}")
        return {}
    receipts: Receipts = outputs.get("receipts") or {}
    return receipts


def _names(declared: AccountSpec | KeySpec) -> set[str]:
    """Under which it may be in the stack: a `renamedFrom` stays in the file after the rename."""
    return {declared.name, declared.renamed_from or declared.name}


def _reads(receipt: Mapping[str, str]) -> str:
    if secret := receipt.get("lockboxSecretId"):
        return f"reads it from Lockbox secret {secret}, entry {receipt.get('secretEntry')},"
    return "took it from the stack's outputs"


def _renamed(name: str, new: Collection[str]) -> str:
    if not new:
        return ""
    names = ", ".join(new)
    return f". If it is {names} under another name, write `renamedFrom: {name}` there, and nothing dies"
