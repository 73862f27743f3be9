"""A consumer that reads Lockbox again within the overlap is never refused, however its keys are rotated.

The demo's consumer, in its own process, with 20 keys; each is rotated 50 times at random times. Each step moves the emulated time and updates the
keys that it picked, through the provider's own handlers: a thousand rotations on the real engine would take an hour.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

from provider.yandex_keys.api_key.handler import ApiKey
from provider.yandex_keys.lockbox_version import LockboxVersions
from provider.yandex_keys.reads import Reads
from provider.yandex_keys.run import RunRecord, Runtime
from tests.support.local_cloud import LocalCloud
from tests.support.plugin_runtime import runtime_on
from tools.demo.consumer import Assignment, Wanted
from tools.demo.consumer_process import ConsumerProcess

KEYS, ROTATIONS, STEPS = 20, 50, 70
OVERLAP_MINUTES = 120
LONGEST_STEP_MINUTES = 55
ROLES = ("ai.translate.user", "lockbox.payloadViewer")


class Keys:
    """Twenty keys of one account, each in a Lockbox secret of its own, brought up to date as `pulumi up` does."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud, self.handler = cloud, ApiKey()
        self.folder_id = cloud.ready["folderId"]
        self.base = runtime_on(cloud, [])
        made = self.base.cloud.operate("ServiceAccountService/Create", {"folder_id": self.folder_id, "name": "busy"})
        self.account = str(made["response"]["id"])
        subject = {"id": self.account, "type": "serviceAccount"}
        deltas = [{"action": "ADD", "access_binding": {"role_id": role, "subject": subject}} for role in ROLES]
        self.base.cloud.operate(
            "FolderService/UpdateAccessBindings", {"resource_id": self.folder_id, "access_binding_deltas": deltas}
        )
        self.secrets = [self._secret(number) for number in range(KEYS)]
        runtime = self._runtime()
        self.states = [
            self.handler.create(self._urn(number), self._inputs(number), runtime)[1] for number in range(KEYS)
        ]

    def rotate(self, numbers: list[int], step: int) -> None:
        """One run: `numbers` are reissued, the others only looked after."""
        runtime = self._runtime()

        def update(number: int) -> None:
            state = self.states[number]
            reissue = f"step {step}" if number in numbers else state.get("reissue", "")
            inputs = self._inputs(number, reissue)
            if self.handler.diff(self._urn(number), "id", state, inputs, runtime).changes:
                self.states[number] = self.handler.update(self._urn(number), "id", state, inputs, runtime)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(update, range(KEYS)))

    def _runtime(self) -> Runtime:
        """As a new run of the plugin has it, on a connection that is kept."""
        now = datetime.fromisoformat(self.cloud.now())
        reads = Reads(self.base.cloud)
        versions = LockboxVersions(self.base.cloud, reads)
        return replace(self.base, now=lambda: now, reads=reads, versions=versions, record=RunRecord())

    def _secret(self, number: int) -> str:
        made = self.base.cloud.operate("SecretService/Create", {"folder_id": self.folder_id, "name": f"busy-{number}"})
        return str(made["response"]["id"])

    def _inputs(self, number: int, reissue: str = "") -> dict[str, Any]:
        return {
            "serviceAccountId": self.account,
            "scopes": ["yc.ai.translate.execute"],
            "lifetime": "90d",
            "rotateEvery": "30d",
            "overlap": f"{OVERLAP_MINUTES}m",
            "compromised": [],
            # Half of them are not given a minute more than the overlap, although they are used all the time.
            "whenStillUsed": "retire" if number % 2 else "extend",
            "lockbox": {"secretId": self.secrets[number], "secretEntry": "api_key", "keyIdEntry": "api_key_id"},
            "exposeSecret": False,
            **({"reissue": reissue} if reissue else {}),
        }

    @staticmethod
    def _urn(number: int) -> str:
        return f"urn:pulumi:test::api-keys::yandex-keys:index:ApiKey::busy/{number}"


def test_twenty_keys_rotated_fifty_times_each_at_random_times_and_no_call_is_refused(cloud: LocalCloud) -> None:
    chance = random.Random(20_260_824)
    schedule = [set(chance.sample(range(STEPS), ROTATIONS)) for _ in range(KEYS)]
    keys = Keys(cloud)
    cloud.admin("POST", "metadata", {"serviceAccountId": keys.account})
    wanted = {f"busy/{number}": Wanted(secret, "translate") for number, secret in enumerate(keys.secrets)}
    ready = cloud.ready
    consumer = ConsumerProcess(
        Assignment(ready["endpoint"], ready["ca"], ready["http"], wanted, refresh=0.5, rest=0.02)
    )
    try:
        consumer.wait_for_reading()
        for step in range(STEPS):
            keys.rotate([number for number in range(KEYS) if step in schedule[number]], step)
            if step % 2:
                # Two steps are shorter than an overlap: a consumer must read again within one, and more isn't asked of it.
                consumer.wait_for_reading()
            cloud.advance(f"{chance.randint(1, LONGEST_STEP_MINUTES)}m")
        consumer.wait_for_reading()
    finally:
        report = consumer.stop()
    assert 2 * LONGEST_STEP_MINUTES < OVERLAP_MINUTES
    assert [state["generation"] for state in keys.states] == [1 + ROTATIONS] * KEYS
    assert report.refused == {}, report.reasons
    assert report.failed == 0
    assert report.calls > KEYS * STEPS
    assert report.reads > STEPS // 2
