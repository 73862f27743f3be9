"""A refresh looks at accounts, secrets and KMS keys by listings of their folder, which confirm what the state has and accuse nobody of anything."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from provider.yandex_keys import folder_listings
from provider.yandex_keys.api_key.handler import ApiKey
from provider.yandex_keys.api_key.inputs import checked
from provider.yandex_keys.errors import Cancelled
from provider.yandex_keys.folder_resource import INSTANCE, FolderResource
from provider.yandex_keys.kms_symmetric_key import KmsSymmetricKey
from provider.yandex_keys.lockbox_secret import LockboxSecret
from provider.yandex_keys.marks import INSTANCE_LABEL, labelled_instance
from provider.yandex_keys.properties import Properties
from provider.yandex_keys.reads import MAX_AGE
from provider.yandex_keys.resource import Read
from provider.yandex_keys.run import Runtime
from provider.yandex_keys.service_account import ServiceAccount
from tests.provider.emulated_cloud import EmulatedCloud
from tests.support.fast_time import FastTime
from tools.local_stack.account_tokens import token_for

SECRET, ACCOUNT, KMS_KEY, API_KEY = LockboxSecret(), ServiceAccount(), KmsSymmetricKey(), ApiKey()
_HELD_SECONDS = 60.0


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:prod::shop::{token}::{name}"


@dataclass(frozen=True)
class Thing:
    """A resource that an earlier run has made."""

    handler: FolderResource
    name: str
    id: str
    inputs: Properties
    state: Properties

    def read(self, runtime: Runtime, state: Properties | None = None) -> Read | None:
        state = self.state if state is None else state
        return self.handler.read(urn(self.handler.token, self.name), self.id, self.inputs, state, runtime)


@dataclass(frozen=True)
class Folder:
    """A folder of its own in the emulated cloud."""

    cloud: EmulatedCloud
    id: str

    def make(self, handler: FolderResource, number: int) -> list[Thing]:
        made = []
        runtime = self.cloud.runtime()
        for _ in range(number):
            name = f"{self.id}-{secrets.token_hex(3)}"
            inputs = handler.check(urn(handler.token, name), {}, {"name": name, "folderId": self.id}, runtime)
            resource_id, state = handler.create(urn(handler.token, name), inputs, runtime)
            made.append(Thing(handler, name, resource_id, inputs, state))
        self.cloud.forget_calls()
        return made

    def with_keys(self, accounts: int, keys: int) -> list[tuple[str, Properties]]:
        """Keys of these accounts, each with a secret of its own: their names and states."""
        runtime = self.cloud.runtime()
        made = []
        for account in self.make(ACCOUNT, accounts):
            for secret in self.make(SECRET, keys):
                given = {"scopes": ["yc.ai.translate.execute"], "lockbox": {"secretId": secret.id}}
                inputs = checked({**given, "serviceAccountId": account.id})
                made.append((secret.name, API_KEY.create(urn(API_KEY.token, secret.name), inputs, runtime)[1]))
        self.cloud.forget_calls()
        return made

    def by_hand(self, method: str, **request: Any) -> dict[str, Any]:
        return self.cloud.runtime().cloud.operate(method, request)

    def calls(self, service: str) -> tuple[int, int]:
        """How many reads by id, and how many pages."""
        calls = self.cloud.calls()
        return calls.get(f"{service}/Get", 0), calls.get(f"{service}/List", 0)

    def wait_until_a_call_is_held(self) -> None:
        deadline = time.monotonic() + _HELD_SECONDS
        while not self.cloud.admin("GET", "held"):
            assert time.monotonic() < deadline, "no call was held"
            time.sleep(0.01)


@pytest.fixture
def folder(cloud: EmulatedCloud) -> Folder:
    request = {"cloud_id": cloud.ready["cloudId"], "name": f"folder-{secrets.token_hex(4)}"}
    folder_id = cloud.runtime().cloud.operate("FolderService/Create", request)["response"]["id"]
    cloud.forget_calls()
    return Folder(cloud, folder_id)


@pytest.fixture(params=[SECRET, ACCOUNT, KMS_KEY], ids=lambda handler: handler.noun)
def handler(request: pytest.FixtureRequest) -> FolderResource:
    made = request.param
    assert isinstance(made, FolderResource)
    return made


def refreshed_key(name: str, state: Properties, runtime: Runtime) -> Properties:
    inputs = {field: state[field] for field in ("serviceAccountId", "scopes", "lockbox")}
    found = API_KEY.read(urn(API_KEY.token, name), state["keyId"], inputs, state, runtime)
    assert found is not None
    return found.state


class TestARefreshOfOneFolder:
    def test_of_two_asks_for_each_by_its_id(self, folder: Folder, handler: FolderResource, runtime: Runtime) -> None:
        things = folder.make(handler, 2)
        assert [thing.read(runtime) for thing in things] == [Read(it.id, it.inputs, it.state) for it in things]
        assert folder.calls(handler.service) == (2, 0)

    def test_of_many_asks_for_two_and_one_page_and_finds_the_same(
        self, folder: Folder, handler: FolderResource, runtime: Runtime
    ) -> None:
        things = folder.make(handler, 9)
        assert [thing.read(runtime) for thing in things] == [Read(it.id, it.inputs, it.state) for it in things]
        assert folder.calls(handler.service) == (2, 1)

    def test_of_two_folders_looks_at_each(self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime) -> None:
        request = {"cloud_id": cloud.ready["cloudId"], "name": f"folder-{secrets.token_hex(4)}"}
        second = Folder(cloud, runtime.cloud.operate("FolderService/Create", request)["response"]["id"])
        things = [thing for one in (folder, second) for thing in one.make(SECRET, 4)]
        assert [thing.read(runtime) for thing in things] == [Read(it.id, it.inputs, it.state) for it in things]
        assert folder.calls("SecretService") == (4, 2)

    def test_by_many_threads_at_once_waits_for_one_page(
        self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        things = folder.make(SECRET, 20)
        cloud.hold("SecretService/List", "after")
        with ThreadPoolExecutor(len(things)) as threads:
            reads = [threads.submit(thing.read, runtime) for thing in things]
            folder.wait_until_a_call_is_held()
            cloud.let_go()
            assert [read.result() for read in reads] == [Read(it.id, it.inputs, it.state) for it in things]
        assert folder.calls("SecretService") == (2, 1)

    def test_that_is_cancelled_lets_nobody_wait_for_the_page(
        self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        first, second, third, fourth = folder.make(SECRET, 4)
        for thing in (first, second):
            thing.read(runtime)
        cloud.hold("SecretService/List", "before")
        with ThreadPoolExecutor(2) as threads:
            asks = threads.submit(third.read, runtime)
            folder.wait_until_a_call_is_held()
            waits = threads.submit(fourth.read, runtime)
            runtime.cloud.cancelled.set_result(None)
            with pytest.raises(Cancelled):
                waits.result()
            assert not asks.done()
            cloud.let_go()
            assert asks.result() == Read(third.id, third.inputs, third.state)

    def test_that_takes_long_asks_for_a_new_page(self, folder: Folder, runtime: Runtime) -> None:
        clock = FastTime()
        runtime.cloud.wait, runtime.cloud.monotonic = clock.wait, clock.monotonic
        things = folder.make(SECRET, 4)
        for _ in range(2):
            for thing in things:
                thing.read(runtime)
            clock.wait(MAX_AGE + 1)
        assert folder.calls("SecretService") == (4, 2)


def _relabelled(folder: Folder, thing: Thing, **labels: str | None) -> None:
    id_field, service = thing.handler.id_field, thing.handler.service
    had = folder.cloud.runtime().cloud.call(f"{service}/Get", {id_field: thing.id})["labels"]
    wanted = {name: text for name, text in {**had, **labels}.items() if text is not None}
    name = {"name": thing.name} if service == "ServiceAccountService" else {}
    folder.by_hand(f"{service}/Update", **{id_field: thing.id}, update_mask="labels", labels=wanted, **name)


def _updated(**changes: Any) -> Callable[[Folder, Thing], None]:
    def change(folder: Folder, thing: Thing) -> None:
        mask = ",".join(re.sub("_(.)", lambda letter: letter[1].upper(), name) for name in changes)
        request = {thing.handler.id_field: thing.id, "name": thing.name, **changes, "update_mask": mask}
        folder.by_hand(f"{thing.handler.service}/Update", **request)

    return change


def _labelled(**labels: str | None) -> Callable[[Folder, Thing], None]:
    return lambda folder, thing: _relabelled(folder, thing, **labels)


DRIFTS: Mapping[str, tuple[FolderResource, Callable[[Folder, Thing], Any]]] = {
    "a secret's name": (SECRET, lambda folder, thing: _updated(name=f"{thing.name}-x")(folder, thing)),
    "a secret's description": (SECRET, _updated(description="x")),
    "a secret's protection": (SECRET, _updated(deletion_protection=True)),
    "a secret's labels": (SECRET, _labelled(team="x")),
    "a secret's status": (
        SECRET,
        lambda folder, thing: folder.by_hand("SecretService/Deactivate", secret_id=thing.id),
    ),
    "an account's name": (ACCOUNT, lambda folder, thing: _updated(name=f"{thing.name}-x")(folder, thing)),
    "an account's description": (ACCOUNT, _updated(description="x")),
    "a KMS key's name": (KMS_KEY, _updated(name="x")),
    "a KMS key's description": (KMS_KEY, _updated(description="x")),
    "a KMS key's labels": (KMS_KEY, _labelled(team="x")),
    "a KMS key's algorithm": (KMS_KEY, _updated(default_algorithm="AES_256")),
    "a KMS key's period": (KMS_KEY, _updated(rotation_period="86400s")),
    "a KMS key's status": (KMS_KEY, _updated(status="INACTIVE")),
}


class TestWhatAListingShowsOtherwise:
    @pytest.mark.parametrize("what", DRIFTS)
    def test_is_asked_for_by_its_id_and_seen(
        self, what: str, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        handler, drift = DRIFTS[what]
        first, second, drifted, last = folder.make(handler, 4)
        drift(folder, drifted)
        by_id = drifted.read(cloud.runtime())
        assert by_id is not None
        assert by_id.state != drifted.state
        cloud.forget_calls()
        assert [thing.read(runtime) for thing in (first, second, drifted, last)] == [
            Read(first.id, first.inputs, first.state),
            Read(second.id, second.inputs, second.state),
            by_id,
            Read(last.id, last.inputs, last.state),
        ]
        assert folder.calls(handler.service) == (3, 1)

    @pytest.mark.parametrize("instance", ["another0", None])
    def test_in_its_instance_is_asked_for_by_its_id(
        self, instance: str | None, folder: Folder, handler: FolderResource, runtime: Runtime
    ) -> None:
        things = folder.make(handler, 4)
        _relabelled(folder, things[2], **{INSTANCE_LABEL: instance})
        folder.cloud.forget_calls()
        assert all(thing.read(runtime) for thing in things)
        assert folder.calls(handler.service) == (3, 1)

    def test_than_a_state_of_an_earlier_version_has_it_is_asked_for_by_its_id(
        self, folder: Folder, handler: FolderResource, runtime: Runtime
    ) -> None:
        *others, older = folder.make(handler, 3)
        for thing in others:
            thing.read(runtime)
        state = {name: value for name, value in older.state.items() if name != INSTANCE}
        found = older.read(runtime, state)
        assert found is not None
        assert found.state == state
        assert folder.calls(handler.service) == (3, 1)

    def test_because_it_lags_is_no_drift(self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime) -> None:
        first, second, third = folder.make(SECRET, 3)
        for thing in (first, second):
            thing.read(runtime)
        cloud.hold("SecretService/List", "after")
        state = {**third.state, "description": "written a moment ago"}
        with ThreadPoolExecutor(1) as threads:
            read = threads.submit(third.read, runtime, state)
            folder.wait_until_a_call_is_held()
            _updated(description="written a moment ago")(folder, third)
            cloud.let_go()
            found = read.result()
        assert found is not None
        assert found.state == state
        assert folder.calls("SecretService") == (3, 1)


class TestWhatAListingLacks:
    def test_is_asked_for_by_its_id_and_is_there(
        self, folder: Folder, handler: FolderResource, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        things = folder.make(handler, 6)
        cloud.set(unlisted=[thing.id for thing in things[3:5]])
        assert [thing.read(runtime) for thing in things] == [Read(it.id, it.inputs, it.state) for it in things]
        assert folder.calls(handler.service) == (4, 1)

    def test_is_asked_for_by_its_id_and_is_gone(
        self, folder: Folder, handler: FolderResource, runtime: Runtime
    ) -> None:
        things = folder.make(handler, 5)
        folder.by_hand(f"{handler.service}/Delete", **{handler.id_field: things[3].id})
        found = [thing.read(runtime) for thing in things]
        assert [read is None for read in found] == [False, False, False, True, False]
        assert folder.calls(handler.service) == (3, 1)


class TestAListingThatIsRefused:
    @pytest.mark.parametrize("code", ["PERMISSION_DENIED", "UNAVAILABLE", "INTERNAL", "UNIMPLEMENTED", "NOT_FOUND"])
    def test_is_not_asked_for_again_and_nobody_hears_of_it(
        self, code: str, folder: Folder, handler: FolderResource, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        things = folder.make(handler, 6)
        cloud.logged.clear()
        cloud.fault(f"{handler.service}/List", "before", code, times=-1)
        assert [thing.read(runtime) for thing in things] == [Read(it.id, it.inputs, it.state) for it in things]
        assert folder.calls(handler.service) == (6, 1)
        assert cloud.logged == []

    def test_in_one_folder_is_not_tried_in_another(
        self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        request = {"cloud_id": cloud.ready["cloudId"], "name": f"folder-{secrets.token_hex(4)}"}
        second = Folder(cloud, runtime.cloud.operate("FolderService/Create", request)["response"]["id"])
        things = [thing for one in (folder, second) for thing in one.make(SECRET, 4)]
        cloud.fault("SecretService/List", "before", "PERMISSION_DENIED", times=-1)
        assert all(thing.read(runtime) for thing in things)
        assert folder.calls("SecretService") == (8, 1)

    def test_to_many_threads_at_once_is_asked_for_once(
        self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        things = folder.make(SECRET, 12)
        cloud.hold("SecretService/List", "before")
        cloud.fault("SecretService/List", "after", "PERMISSION_DENIED", times=-1)
        with ThreadPoolExecutor(len(things)) as threads:
            reads = [threads.submit(thing.read, runtime) for thing in things]
            folder.wait_until_a_call_is_held()
            cloud.let_go()
            assert [read.result() for read in reads] == [Read(it.id, it.inputs, it.state) for it in things]
        assert folder.calls("SecretService") == (12, 1)

    def test_to_whom_sees_single_secrets_alone_is_no_error(
        self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        things = folder.make(SECRET, 5)
        (narrow,) = folder.make(ACCOUNT, 1)
        role = {"role_id": "lockbox.viewer", "subject": {"type": "serviceAccount", "id": narrow.id}}
        for thing in things:
            grant = {"resource_id": thing.id, "access_binding_deltas": [{"action": "ADD", "access_binding": role}]}
            folder.by_hand("SecretService/UpdateAccessBindings", **grant)
        run = cloud.runtime(YC_TOKEN=token_for(cloud.running, narrow.id))
        cloud.forget_calls()
        cloud.logged.clear()
        assert [thing.read(run) for thing in things] == [Read(it.id, it.inputs, it.state) for it in things]
        assert folder.calls("SecretService") == (5, 1)
        assert cloud.logged == []

    def test_by_saying_nothing_is_waited_for_not_long(
        self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        things = folder.make(SECRET, 6)
        runtime.cloud.patience = replace(runtime.cloud.patience, glance=0.2)
        cloud.hold("SecretService/List", "before")
        assert [thing.read(runtime) for thing in things] == [Read(it.id, it.inputs, it.state) for it in things]
        assert folder.calls("SecretService") == (6, 1)

    def test_says_nothing_while_rights_of_this_run_spread(
        self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        things = folder.make(SECRET, 4)
        cloud.logged.clear()
        runtime.cloud._rights_changed = runtime.cloud.monotonic()
        cloud.fault("SecretService/List", "before", "PERMISSION_DENIED", times=-1)
        assert all(thing.read(runtime) for thing in things)
        assert folder.calls("SecretService") == (4, 1)
        assert cloud.logged == []


class TestAFolderThatHoldsMuchOfOthers:
    @pytest.fixture(autouse=True)
    def pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of five."""
        monkeypatch.setattr(folder_listings, "_PAGE", 5)

    @pytest.mark.parametrize(("ours", "most"), [(3, 1), (6, 2), (12, 3), (24, 4)])
    def test_costs_a_few_pages_more_than_reads_by_id(
        self, ours: int, most: int, folder: Folder, runtime: Runtime
    ) -> None:
        folder.make(SECRET, 60)
        things = folder.make(SECRET, ours)
        assert [thing.read(runtime) for thing in things] == [Read(it.id, it.inputs, it.state) for it in things]
        assert folder.calls("SecretService") == (ours, most)

    def test_is_looked_at_page_by_page_until_ours_are_found(self, folder: Folder, runtime: Runtime) -> None:
        on_the_first, between, on_the_third = folder.make(SECRET, 4), folder.make(SECRET, 10), folder.make(SECRET, 3)
        # Two by id, and two on the page that they paid for; three that aren't there: the last of them has the second page
        # asked for, on which it isn't either, and which has what follows.
        things = [*on_the_first, *on_the_third, *between[:5]]
        assert [thing.read(runtime) for thing in things] == [Read(it.id, it.inputs, it.state) for it in things]
        assert folder.calls("SecretService") == (2 + 3, 2)

    def test_ends_with_its_last_page(self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime) -> None:
        things = folder.make(SECRET, 40)
        cloud.set(unlisted=[thing.id for thing in things[4:]])
        assert all(thing.read(runtime) for thing in things)
        assert folder.calls("SecretService")[1] == 1


class TestWhatThisRunHasChanged:
    def test_is_asked_for_by_its_id_from_then_on(
        self, folder: Folder, handler: FolderResource, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        things = folder.make(handler, 4)
        for thing in things:
            thing.read(runtime)
        changed = things[3]
        wanted = {**changed.inputs, "description": "new"}
        state = handler.update(urn(handler.token, changed.name), changed.id, changed.state, wanted, runtime)
        cloud.forget_calls()
        found = changed.read(runtime, state)
        assert found is not None
        assert found.state == state
        assert folder.calls(handler.service) == (1, 0)
        # Whoever still has the old state is told as well.
        older = changed.read(runtime)
        assert older is not None
        assert older.state == state

    def test_by_a_delivery_is_asked_for_by_its_id(self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime) -> None:
        keys = folder.with_keys(1, 5)
        for name, state in keys:
            assert refreshed_key(name, state, runtime) == state
        name, state = keys[-1]
        version = runtime.versions.deliver(
            state["lockbox"]["secretId"], "ajeother", {"api_key": "s", "api_key_id": "i"}
        )
        assert version != state["lockboxVersionId"]
        cloud.forget_calls()
        assert refreshed_key(name, state, runtime)["status"] == "undelivered"
        assert folder.calls("SecretService") == (1, 0)

    def test_is_looked_at_by_its_id_before_it_is_deleted(
        self, folder: Folder, handler: FolderResource, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        things = folder.make(handler, 4)
        for thing in things:
            thing.read(runtime)
        taken = things[3]
        _relabelled(folder, taken, **{INSTANCE_LABEL: "another0"})
        handler.delete(urn(handler.token, taken.name), taken.id, taken.state, runtime)
        assert [line for line in cloud.logged if f"{taken.id} is left as it is" in line]
        there = cloud.runtime().cloud.call(f"{handler.service}/Get", {handler.id_field: taken.id})
        assert labelled_instance(there) == "another0"


def _version(folder: Folder, state: Properties, description: str = "", **entries: str) -> None:
    changes = [{"key": name, "text_value": text} for name, text in entries.items()]
    request = {"secret_id": state["lockbox"]["secretId"], "description": description, "payload_entries": changes}
    folder.by_hand("SecretService/AddVersion", **request)


UNDELIVERED: Mapping[str, Callable[[Folder, Properties], Any]] = {
    "the secret is gone": lambda folder, state: folder.by_hand(
        "SecretService/Delete", secret_id=state["lockbox"]["secretId"]
    ),
    "the entries are taken away": lambda folder, state: _version(folder, state, api_key="", api_key_id="", other="x"),
    "the current version is another key's": lambda folder, state: _version(
        folder, state, "API key ajeother sets api_key, api_key_id", api_key="s", api_key_id="ajeother"
    ),
    "the current version is to be destroyed": lambda folder, state: folder.by_hand(
        "SecretService/ScheduleVersionDestruction",
        secret_id=state["lockbox"]["secretId"],
        version_id=state["lockboxVersionId"],
    ),
}


class TestARefreshOfKeys:
    def test_of_secrets_that_no_resource_of_the_run_stands_for_lists_them_all_the_same(
        self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        keys = folder.with_keys(1, 9)
        assert [refreshed_key(name, state, runtime) for name, state in keys] == [state for _, state in keys]
        calls = cloud.calls()
        assert calls.pop("SecretService/Get") <= 3
        assert calls == {"SecretService/List": 1, "ApiKeyService/List": 1}

    @pytest.mark.parametrize("how", UNDELIVERED)
    def test_sees_that(self, how: str, folder: Folder, cloud: EmulatedCloud, runtime: Runtime) -> None:
        keys = folder.with_keys(1, 6)
        name, state = keys[4]
        UNDELIVERED[how](folder, state)
        found = [refreshed_key(name, state, runtime) for name, state in keys]
        assert found[4] == refreshed_key(name, state, cloud.runtime()) == {**state, "status": "undelivered"}
        assert [*found[:4], found[5]] == [state for _, state in (*keys[:4], keys[5])]
        assert len([line for line in cloud.logged if "is not what Lockbox gives" in line]) == 2

    def test_lists_the_versions_of_a_secret_whose_current_one_was_written_by_hand(
        self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        keys = folder.with_keys(1, 5)
        _version(folder, keys[4][1], api_key="s")
        cloud.forget_calls()
        assert [refreshed_key(name, state, runtime) for name, state in keys] == [state for _, state in keys]
        assert cloud.calls()["SecretService/ListVersions"] == 1

    def test_finds_a_key_delivered_that_was_put_right_by_hand(
        self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        keys = folder.with_keys(1, 5)
        found = [refreshed_key(name, {**state, "status": "undelivered"}, runtime) for name, state in keys]
        assert [state["status"] for state in found] == ["current"] * 5

    def test_that_share_a_secret_asks_for_it_once(self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime) -> None:
        (account,) = folder.make(ACCOUNT, 1)
        (secret,) = folder.make(SECRET, 1)
        states = []
        for number in range(5):
            lockbox = {"secretId": secret.id, "secretEntry": f"key{number}", "keyIdEntry": f"id{number}"}
            given = {"scopes": ["yc.ai.translate.execute"], "lockbox": lockbox, "serviceAccountId": account.id}
            states.append(API_KEY.create(urn(API_KEY.token, f"{number}"), checked(given), cloud.runtime())[1])
        cloud.forget_calls()
        assert [refreshed_key(f"{number}", state, runtime) for number, state in enumerate(states)] == states
        assert folder.calls("SecretService") == (1, 0)

    def test_of_a_hundred_keys_in_ten_accounts_is_one_call_an_account_and_a_few(
        self, folder: Folder, cloud: EmulatedCloud, runtime: Runtime
    ) -> None:
        keys = folder.with_keys(10, 10)
        with ThreadPoolExecutor(8) as threads:
            reads: list[Future[Properties]] = [
                threads.submit(refreshed_key, name, state, runtime) for name, state in keys
            ]
            assert [read.result() for read in reads] == [state for _, state in keys]
        calls = cloud.calls()
        assert calls["ApiKeyService/List"] == 10
        assert calls["SecretService/List"] == 1
        # The threads that begin at once know no folder yet.
        assert calls["SecretService/Get"] <= 2 + 8
        assert sum(calls.values()) <= 21, calls


def test_what_has_no_answer_yet_waits_for_the_page_that_somebody_asks_for(
    folder: Folder, cloud: EmulatedCloud, runtime: Runtime
) -> None:
    first, second, *others = folder.make(SECRET, 6)
    for thing in (first, second):
        thing.read(runtime)
    cloud.hold("SecretService/List", "before")
    begun = threading.Barrier(len(others) + 1)

    def read(thing: Thing) -> Read | None:
        begun.wait(_HELD_SECONDS)
        return thing.read(runtime)

    with ThreadPoolExecutor(len(others)) as threads:
        reads = [threads.submit(read, thing) for thing in others]
        begun.wait(_HELD_SECONDS)
        folder.wait_until_a_call_is_held()
        assert not any(read.done() for read in reads)
        cloud.let_go()
        assert all(read.result() for read in reads)
    assert folder.calls("SecretService") == (2, 1)
