"""A cloud and a stack for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.first_start import as_first_started
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    """A local Yandex Cloud of the test's own."""
    running = LocalCloud(as_first_started(tmp_path / "cloud"))
    yield running
    running.stop()


@pytest.fixture
def stack(tmp_path: Path, cloud: LocalCloud) -> Stack:
    """A stack without resources yet."""
    return Stack(tmp_path / "stack", cloud)
