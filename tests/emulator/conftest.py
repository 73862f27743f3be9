"""An emulator for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.local import Local, RealTime
from tests.support.first_start import as_first_started


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    """An emulator of the test's own, on the machine's clock."""
    running = Local(as_first_started(tmp_path))
    yield running
    running.stop()


@pytest.fixture
def real_time() -> RealTime:
    """The real time, in the test's hands."""
    return RealTime()


@pytest.fixture
def timed(tmp_path: Path, real_time: RealTime) -> Iterator[Local]:
    """An emulator whose real time the test moves."""
    running = Local(as_first_started(tmp_path), real_time)
    yield running
    running.stop()
