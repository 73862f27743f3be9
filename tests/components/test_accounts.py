"""A program waits once for what its accounts declared, and leaves it to the SDK to tell what failed."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pulumi

from components.accounts import declare, registered
from components.service_account_keys import ServiceAccountKeys
from components.spec import parse
from tests.components.declared import run

ACCOUNTS = [
    {"name": name, "readers": [f"account:{other}"], "keys": [{"name": "default", "uses": ["translate"]}]}
    for name, other in (("translator", "interpreter"), ("interpreter", "translator"))
]


def test_it_waits_until_every_key_is_known_though_accounts_wait_for_each_other() -> None:
    known: list[dict[str, str | dict[str, str]]] = []

    async def program() -> None:
        accounts = declare(parse({}, ACCOUNTS).accounts)
        waiting = [receipt.apply(known.append) for keys in accounts.values() for receipt in keys.receipts.values()]
        await registered(accounts.values())
        await asyncio.gather(*(it.future() for it in waiting))

    run(lambda: asyncio.ensure_future(program()))
    assert [set(receipt) for receipt in known] == [set(known[0])] * 2
    assert {receipt["keyId"] for receipt in known} == {"ajekey"}


def test_a_key_that_failed_ends_the_waiting_and_is_not_told_of_a_second_time() -> None:
    async def program() -> None:
        loop = asyncio.get_running_loop()
        failed, value, known = loop.create_future(), loop.create_future(), loop.create_future()
        known.set_result(True)
        receipts = {"failed": pulumi.Output(set(), failed, known), "made": pulumi.Output(set(), value, known)}
        waiting = asyncio.ensure_future(registered([cast(ServiceAccountKeys, SimpleNamespace(receipts=receipts))]))
        failed.set_exception(ValueError("no such folder"))
        await asyncio.sleep(0)
        assert not waiting.done(), "the other one is still under way"
        value.set_result(cast(Any, {}))
        await waiting

    asyncio.run(program())
