"""The emulated cloud of a test process: one for all of its tests, with a clean slate of faults and counts for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provider.yandex_keys.run import Runtime
from tests.provider.emulated_cloud import EmulatedCloud


@pytest.fixture(scope="session")
def served_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedCloud]:
    """The emulator, running."""
    with EmulatedCloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def cloud(served_cloud: EmulatedCloud) -> EmulatedCloud:
    """The emulator, with no faults and nothing counted yet. What other tests made is still there: use names of your own."""
    served_cloud.heal()
    # One process may run all of the tests.
    served_cloud.set(serviceAccountQuota=100_000, apiKeyQuota=100_000)
    served_cloud.forget_calls()
    served_cloud.logged.clear()
    return served_cloud


@pytest.fixture
def runtime(cloud: EmulatedCloud) -> Runtime:
    """A run of the plugin that has logged in, with nothing counted yet."""
    made = cloud.runtime()
    cloud.forget_calls()
    return made
