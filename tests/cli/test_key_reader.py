"""The reader that consumers copy: many threads, keys that rotate and leak, a Lockbox that fails."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yandexcloud

from cli.consumers.key_reader import KeyReader, KeyUnread, lockbox_entry
from provider.yandex_keys.cloud import Cloud
from provider.yandex_keys.credentials import find_credentials
from provider.yandex_keys.login import Login
from tests.support.local_cloud import LocalCloud
from tools.local_stack.client import Services

THREADS = 16
SECONDS = 20.0


class Clock:
    """A time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Lockbox:
    """A secret, how often it was read, and a gate that readings wait at."""

    def __init__(self, secret: str = "first") -> None:
        self.secret = secret
        self.reads = 0
        self.fails = False
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def read(self) -> str:
        self.reads += 1
        answer = self.secret
        self.entered.set()
        assert self.gate.wait(SECONDS)
        if self.fails:
            raise ConnectionError("no answer")
        return answer


class Service:
    """Lets those in who have a key that is alive; counts whom it refuses."""

    def __init__(self, *alive: str) -> None:
        self.alive = set(alive)
        self.refused = 0

    def __call__(self, secret: str) -> int:
        if secret in self.alive:
            return 200
        self.refused += 1
        return 401


def status(answer: int) -> int:
    return answer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lockbox() -> Lockbox:
    return Lockbox()


@pytest.fixture
def reader(lockbox: Lockbox, clock: Clock) -> KeyReader:
    return KeyReader(lockbox.read, max_age=60, clock=clock)


def at_once(work: Callable[[], Any]) -> list[Any]:
    """What each of many threads gets that do the same at the same moment."""
    start = threading.Barrier(THREADS)

    def begin() -> Any:
        start.wait(SECONDS)
        return work()

    with ThreadPoolExecutor(THREADS) as threads:
        return [it.result(SECONDS) for it in [threads.submit(begin) for _ in range(THREADS)]]


def test_threads_that_begin_together_read_once(reader: KeyReader, lockbox: Lockbox) -> None:
    assert at_once(reader.secret) == ["first"] * THREADS
    assert lockbox.reads == 1


def test_it_is_read_again_by_age_and_not_before(reader: KeyReader, lockbox: Lockbox, clock: Clock) -> None:
    reader.secret()
    lockbox.secret = "second"
    clock.now = 59.9
    assert (reader.secret(), lockbox.reads) == ("first", 1)
    clock.now = 60.0
    assert (reader.secret(), lockbox.reads) == ("second", 2)


def test_while_one_reads_again_the_others_go_on_with_what_there_is(
    reader: KeyReader, lockbox: Lockbox, clock: Clock
) -> None:
    reader.secret()
    clock.now, lockbox.secret = 60.0, "second"
    lockbox.gate.clear()
    lockbox.entered.clear()
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(reader.secret)
        assert lockbox.entered.wait(SECONDS)
        assert at_once(reader.secret) == ["first"] * THREADS
        lockbox.gate.set()
        assert reading.result(SECONDS) == "second"
    assert lockbox.reads == 2


def test_a_compromised_key_costs_one_reading_and_no_call(reader: KeyReader, lockbox: Lockbox) -> None:
    service = Service("first")
    assert at_once(lambda: reader.call(service, status)) == [200] * THREADS
    lockbox.secret, service.alive = "second", {"second"}
    assert at_once(lambda: reader.call(service, status)) == [200] * THREADS
    assert lockbox.reads == 2
    assert 1 <= service.refused <= THREADS


def test_a_rotation_with_overlap_is_never_refused(reader: KeyReader, lockbox: Lockbox, clock: Clock) -> None:
    service = Service("key-0")
    lockbox.secret = "key-0"
    for generation in range(1, 20):
        assert reader.call(service, status) == 200
        lockbox.secret = f"key-{generation}"
        service.alive.add(lockbox.secret)
        # A quarter of the overlap is the reader's age; then the previous key ends.
        clock.now += 60
        assert at_once(lambda: reader.call(service, status)) == [200] * THREADS
        clock.now += 180
        service.alive = {lockbox.secret}
    assert service.refused == 0
    assert lockbox.reads < 60


def test_a_key_that_is_dead_for_good_is_not_read_at_every_call(
    reader: KeyReader, lockbox: Lockbox, clock: Clock
) -> None:
    service = Service()
    for _ in range(50):
        assert reader.call(service, status) == 401
    assert lockbox.reads == 2
    clock.now = 5.0
    lockbox.secret, service.alive = "second", {"second"}
    assert reader.call(service, status) == 200
    assert lockbox.reads == 3


def test_a_reading_that_was_under_way_at_the_refusal_may_have_come_too_early(
    reader: KeyReader, lockbox: Lockbox, clock: Clock
) -> None:
    reader.secret()
    clock.now = 60.0
    lockbox.gate.clear()
    lockbox.entered.clear()
    with ThreadPoolExecutor(2) as threads:
        by_age = threads.submit(reader.secret)
        assert lockbox.entered.wait(SECONDS)
        lockbox.secret = "second"
        refused = threads.submit(reader.refused, "first")
        lockbox.gate.set()
        by_age.result(SECONDS)
        assert refused.result(SECONDS) == "second"


def test_what_was_refused_is_left_alone_where_somebody_has_read_since(reader: KeyReader, lockbox: Lockbox) -> None:
    reader.secret()
    lockbox.secret = "second"
    assert reader.refused("first") == "second"
    assert reader.refused("first") == "second"
    assert lockbox.reads == 2


def test_where_lockbox_fails_the_key_of_before_is_used_on(
    reader: KeyReader, lockbox: Lockbox, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    reader.secret()
    lockbox.fails, clock.now = True, 60.0
    with caplog.at_level(logging.WARNING):
        assert [reader.secret() for _ in range(10)] == ["first"] * 10
    assert lockbox.reads == 2
    assert "first" not in caplog.text
    assert "ConnectionError" in caplog.text
    lockbox.fails, lockbox.secret, clock.now = False, "second", 65.0
    assert reader.secret() == "second"


def test_without_any_secret_the_failure_is_shared_and_the_next_call_tries_again(
    reader: KeyReader, lockbox: Lockbox
) -> None:
    lockbox.fails = True
    lockbox.gate.clear()

    def outcome() -> str:
        try:
            return reader.secret()
        except KeyUnread as unread:
            return type(unread.__cause__).__name__

    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(outcome)
        assert lockbox.entered.wait(SECONDS)
        lockbox.gate.set()
        assert first.result(SECONDS) == "ConnectionError"
    lockbox.fails = False
    assert reader.secret() == "first"


class Account:
    """An account of a local cloud with one key at a time in Lockbox, and a reader of it by the official SDK."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        authority = Path(cloud.ready["ca"]).read_bytes()
        login = Login(cloud.ready["endpoint"], authority, find_credentials({}, cloud.environment()), "a test")
        self.client = Cloud(login)
        made = self.client.operate("ServiceAccountService/Create", {"folder_id": cloud.folder_id, "name": "reader"})
        self.account_id = made["response"]["id"]
        binding = {"role_id": "ai.translate.user", "subject": {"id": self.account_id, "type": "serviceAccount"}}
        deltas = [{"action": "ADD", "access_binding": binding}]
        self.client.operate(
            "FolderService/UpdateAccessBindings", {"resource_id": cloud.folder_id, "access_binding_deltas": deltas}
        )
        self.key_id, entries = self._issue()
        wanted = {"folder_id": cloud.folder_id, "name": "reader", "version_payload_entries": entries}
        self.secret_id = self.client.operate("SecretService/Create", wanted)["response"]["id"]
        self.sdk = yandexcloud.SDK(
            service_account_key=json.loads(Path(cloud.ready["serviceAccountKey"]).read_text()),
            endpoint=cloud.ready["endpoint"],
            root_certificates=authority,
        )

    def reader(self, max_age: float) -> KeyReader:
        return KeyReader(lockbox_entry(self.secret_id, "api_key", self.sdk), max_age)

    def deliver(self) -> str:
        """A new key takes over; answers the id of the one of before, which still works."""
        before = self.key_id
        self.key_id, entries = self._issue()
        self.client.operate("SecretService/AddVersion", {"secret_id": self.secret_id, "payload_entries": entries})
        return str(before)

    def end(self, key_id: str) -> None:
        self.client.operate("ApiKeyService/Delete", {"api_key_id": key_id})

    def _issue(self) -> tuple[str, list[dict[str, str]]]:
        wanted = {"service_account_id": self.account_id, "scopes": ["yc.ai.translate.execute"]}
        made = self.client.call("ApiKeyService/Create", wanted)
        self.secret = str(made["secret"])
        return made["api_key"]["id"], [{"key": "api_key", "text_value": made["secret"]}]


def test_it_reads_the_real_thing(tmp_path: Path) -> None:
    """A key is replaced and deleted at once, and no call of the consumer's is lost."""
    with LocalCloud(tmp_path) as cloud:
        account = Account(cloud)
        reader = account.reader(max_age=3600)

        def call() -> int:
            return reader.call(lambda secret: cloud.use("translate", secret), status)

        assert call() == 200
        account.end(account.deliver())
        cloud.forget_calls()
        assert [call() for _ in range(5)] == [200] * 5
        assert cloud.calls() == {"PayloadService/Get": 1}


def test_under_load_no_call_is_lost_to_rotations_and_leaks(tmp_path: Path) -> None:
    """Threads that never rest; keys that end after an overlap of several readings, and keys that end as soon as their successor is there."""
    with LocalCloud(tmp_path) as cloud:
        account = Account(cloud)
        reader = account.reader(max_age=0.1)
        stop, refused_with_overlap = threading.Event(), [0]
        leaks = threading.Event()
        used: dict[int, str] = {}

        def consume(number: int) -> list[int]:
            services, answers = Services(cloud.ready["http"]), []

            def send(secret: str) -> int:
                used[number] = secret
                answer = services.call("translate", secret).status
                if answer == 401 and not leaks.is_set():
                    refused_with_overlap[0] += 1
                return answer

            while not stop.is_set():
                answers.append(reader.call(send, status))
            return answers

        def wait_until_all_use_the_new_one() -> None:
            deadline = time.monotonic() + SECONDS
            while set(used.values()) != {account.secret} or len(used) < 4:
                assert time.monotonic() < deadline
                time.sleep(0.02)

        with ThreadPoolExecutor(4) as threads:
            consumers = [threads.submit(consume, number) for number in range(4)]
            try:
                for _ in range(6):
                    before = account.deliver()
                    wait_until_all_use_the_new_one()
                    account.end(before)
                leaks.set()
                for _ in range(6):
                    account.end(account.deliver())
                    wait_until_all_use_the_new_one()
            finally:
                stop.set()
            answers = [answer for consumer in consumers for answer in consumer.result(SECONDS)]
        assert refused_with_overlap == [0]
        assert set(answers) == {200}
        assert len(answers) > 24
