"""A cloud and a stack for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.first_start import as_first_started
from tests.support.forked_python import ForkedPython, forked_python
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    """A local Yandex Cloud of the test's own."""
    running = LocalCloud(as_first_started(tmp_path / "cloud"))
    yield running
    running.stop()


@pytest.fixture
def ordinary_python() -> None:
    """For tests of processes and of how they end: the engine's are not forked."""


@pytest.fixture
def python(request: pytest.FixtureRequest) -> ForkedPython | None:
    """What a test's stacks run in; None, with `ordinary_python`, for what a user has."""
    return None if "ordinary_python" in request.fixturenames else forked_python()


@pytest.fixture
def stack(tmp_path: Path, cloud: LocalCloud, python: ForkedPython | None) -> Stack:
    """A stack without resources yet."""
    return Stack(tmp_path / "stack", cloud, python=python)
