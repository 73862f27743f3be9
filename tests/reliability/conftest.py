"""A bench for each test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.reliability.bench import Bench


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A local cloud, used by one case after the other."""
    opened = Bench(tmp_path_factory.mktemp("bench"))
    yield opened
    opened.close()
