"""A role that is missing is said at once, also where a right of this run's may only not have spread yet; nothing waits for it for long."""

from __future__ import annotations

import pytest

from provider.yandex_keys.access_binding import FolderIamMember
from provider.yandex_keys.errors import Cancelled, CloudError
from provider.yandex_keys.run import Runtime
from tests.provider.emulated_cloud import EmulatedCloud
from tests.support.fast_time import FastTime

URN = "urn:pulumi:test::api-keys::yandex:index/resourcemanagerFolderIamMember:ResourcemanagerFolderIamMember::role"
READ = "FolderService/Get"


@pytest.fixture
def time() -> FastTime:
    return FastTime()


@pytest.fixture
def runtime(cloud: EmulatedCloud, time: FastTime) -> Runtime:
    """A run that has just given a right."""
    run = cloud.runtime()
    run.cloud.wait, run.cloud.monotonic = time.wait, time.monotonic
    member = {"folderId": run.folder_id, "role": "lockbox.viewer", "member": "userAccount:somebody"}
    FolderIamMember().create(URN, member, run)
    cloud.logged.clear()
    return run


def read(runtime: Runtime) -> None:
    runtime.cloud.call(READ, {"folder_id": runtime.folder_id}, "folder")


def test_it_is_told_at_the_first_refusal_and_once_a_run(cloud: EmulatedCloud, runtime: Runtime, time: FastTime) -> None:
    cloud.fault(READ, "before", "PERMISSION_DENIED", times=3)
    told: list[tuple[float, str]] = []
    runtime.cloud.warn = lambda message: told.append((time.seconds, message))
    began = time.seconds
    read(runtime)
    cloud.fault(READ, "before", "PERMISSION_DENIED", times=3)
    read(runtime)
    ((when, message),) = told
    assert when == began
    assert message.startswith("folder: FolderService/Get failed with PERMISSION_DENIED: ")
    assert "Grant the deployer" in message
    assert message.endswith("up to a minute to spread, so this is tried again for 60 s")


def test_it_reaches_the_user_as_a_warning(cloud: EmulatedCloud, runtime: Runtime) -> None:
    cloud.fault(READ, "before", "PERMISSION_DENIED")
    read(runtime)
    assert [line for line in cloud.logged if "Grant the deployer" in line]


def test_a_minute_is_waited_and_no_more_also_while_others_change_rights(
    cloud: EmulatedCloud, runtime: Runtime, time: FastTime
) -> None:
    cloud.fault(READ, "before", "PERMISSION_DENIED", times=10_000)
    began = time.seconds

    def wait(seconds: float) -> bool:
        runtime.cloud._rights_changed = time.seconds
        return time.wait(seconds)

    runtime.cloud.wait = wait
    with pytest.raises(CloudError, match="PERMISSION_DENIED"):
        read(runtime)
    longest = runtime.cloud.patience.longest_delay
    assert 60 <= time.seconds - began < 60 + longest


def test_what_begins_later_than_that_is_refused_at_once(cloud: EmulatedCloud, runtime: Runtime, time: FastTime) -> None:
    cloud.fault(READ, "before", "PERMISSION_DENIED", times=10_000)
    time.wait(60)
    began = time.seconds
    with pytest.raises(CloudError, match="PERMISSION_DENIED"):
        read(runtime)
    assert time.seconds == began
    assert cloud.logged == []


def test_a_cancelled_run_waits_no_longer(cloud: EmulatedCloud, runtime: Runtime, time: FastTime) -> None:
    cloud.fault(READ, "before", "PERMISSION_DENIED", times=10_000)
    runtime.cloud.warn = lambda message: time.cancelled.set()
    began = time.seconds
    with pytest.raises(Cancelled):
        read(runtime)
    assert time.seconds - began < runtime.cloud.patience.longest_delay
