"""The accounts of a stack file as components, each of which may let any other read its secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pulumi

from components.service_account_keys import ServiceAccountKeys
from components.spec import AccountSpec


@dataclass(frozen=True)
class _Announced:
    """An account that is declared in its turn: two may read each other's secrets, and one of them comes first."""

    service_account_id: pulumi.Output[str]
    renamed_from: str | None


def declare(
    accounts: Sequence[AccountSpec], opts: pulumi.ResourceOptions | None = None
) -> dict[str, ServiceAccountKeys]:
    """The components of these accounts, by name. `opts` are those of each."""
    ids: dict[str, tuple[pulumi.Output[str], Callable[[pulumi.Output[str]], None]]] = {
        account.name: pulumi.deferred_output() for account in accounts
    }
    announced = {account.name: _Announced(ids[account.name][0], account.renamed_from) for account in accounts}
    declared: dict[str, ServiceAccountKeys] = {}
    try:
        for account in accounts:
            declared[account.name] = ServiceAccountKeys(account.name, account, accounts=announced, opts=opts)
    finally:
        # Where one could not be declared, whatever waits for it would wait for ever, and the program with it.
        for name, (_, resolve) in ids.items():
            resolve(declared[name].service_account_id if name in declared else pulumi.Output.from_input(""))
    return declared


async def registered(accounts: Iterable[ServiceAccountKeys]) -> None:
    """Returns once the engine has done with what the accounts declared, in whichever way it ended: the SDK tells
    failures.

    A program that just ends is waited for as well, but in another way: whenever one output is known, the SDK (pulumi
    3.259, `wait_for_rpcs`) begins to wait for all others anew, and that grows with the square of the keys.
    """
    receipts = [receipt.future() for account in accounts for receipt in account.receipts.values()]
    await asyncio.gather(*receipts, return_exceptions=True)
