"""The local cloud killed with SIGKILL and started again: it has lost nothing that it acknowledged, and a run that it died under is healed."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.errors import YandexKeysError
from tests.reliability.engine_bench import ACCOUNT, EngineBench
from tests.reliability.programs import SCOPE
from tests.reliability.promises import LOST, BrokenPromises
from tests.support.colleague import client
from tests.support.local_cloud import LocalCloud
from tools.local_stack.account_tokens import deployer_token
from tools.table import Table

_KILLS: Final = 5
_WRITERS: Final = 4
_LEAST: Final = 40
"""Acknowledged changes before a kill."""
_PATIENCE: Final = 60.0

Told = Callable[[str], None]


def cloud_kills(quick: bool, tell: Told) -> Table:
    """Two rows: writers, and a run of the real engine."""
    table = Table("The local cloud killed", ("under", "kills", "acknowledged changes", "wrong"), wrong=("wrong",))
    directory = Path(tempfile.mkdtemp(prefix="reliability-cloud-"))
    try:
        kills = 2 if quick else _KILLS
        acknowledged, wrong = under_writers(LocalCloud(directory / "cloud"), kills)
        table.add("writers", kills, acknowledged, len(wrong))
        with EngineBench(directory / "engine") as bench:
            found = under_a_run(bench)
        table.add("`pulumi up`", 1, 0, len(found))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for words in (*wrong, *found):
        tell(f"cloud killed: {words}")
    return table


def under_writers(cloud: LocalCloud, kills: int) -> tuple[int, list[str]]:
    """Writers make keys and delete every other one, until the cloud is killed; what was answered must be so afterwards."""
    kept: set[str] = set()
    gone: set[str] = set()
    wrong: list[str] = []
    try:
        account = _account(client(cloud), cloud)
        for _ in range(kills):
            _write_until_killed(cloud, account, kept, gone)
            cloud.start()
            there = {key["id"] for key in cloud.state()["apiKeys"]}
            wrong += [f"key {key} was acknowledged and is lost" for key in kept - there]
            wrong += [f"key {key} was deleted and is there" for key in gone & there]
    finally:
        cloud.stop()
    return len(kept) + 2 * len(gone), wrong


def under_a_run(bench: EngineBench) -> list[str]:
    """The cloud is killed while it holds a delivery that has taken effect; started again, one plain `up` heals."""
    broken = BrokenPromises()
    bench.write(ACCOUNT)
    bench.hold("SecretService/AddVersion", "after")
    running = bench.start_up()
    if not bench.held(running):
        broken.add(LOST, "nothing was delivered")
    bench.cloud.kill()
    bench.cloud.start()
    running.communicate()
    bench.heal(broken)
    bench.judge(broken)
    return [f"{kind}: {words}" for kind, words in broken.wrong]


def _write_until_killed(cloud: LocalCloud, account: str, kept: set[str], gone: set[str]) -> None:
    enough = threading.Event()
    count = [0]
    before = len(kept) + len(gone)

    def write() -> None:
        writer = client(cloud, token)
        with suppress(YandexKeysError):
            while True:
                request = {"service_account_id": account, "scopes": [SCOPE]}
                made = writer.call("ApiKeyService/Create", request)["api_key"]["id"]
                kept.add(made)
                count[0] += 1
                if count[0] % 2:
                    # Between asking and the answer it may be either: it counts as neither.
                    kept.discard(made)
                    writer.operate("ApiKeyService/Delete", {"api_key_id": made})
                    gone.add(made)
                if len(kept) + len(gone) >= before + _LEAST:
                    enough.set()

    token = deployer_token(cloud.running)
    threads = [threading.Thread(target=write) for _ in range(_WRITERS)]
    for thread in threads:
        thread.start()
    if not enough.wait(_PATIENCE):
        raise TimeoutError("the writers didn't get far")
    cloud.kill()
    for thread in threads:
        thread.join()


def _account(colleague: Cloud, cloud: LocalCloud) -> str:
    request = {"folder_id": cloud.ready["folderId"], "name": "writers"}
    return str(colleague.operate("ServiceAccountService/Create", request)["response"]["id"])
