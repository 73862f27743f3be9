"""A slow or strange cloud, in small."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.reliability.bench import Bench
from tests.reliability.promises import BrokenPromises
from tests.reliability.slow_cloud import (
    early_errors,
    endless_operations,
    late_answers,
    quotas,
    spreading_rights,
    wrong_clocks,
)


def a_late_key(bench: Bench, broken: BrokenPromises) -> int:
    return late_answers(bench, broken, ("ApiKeyService/Create",))


def an_endless_creation(bench: Bench, broken: BrokenPromises) -> int:
    return endless_operations(bench, broken, ("ServiceAccountService/Create",))


@pytest.mark.parametrize(
    "scenario", [an_endless_creation, early_errors, a_late_key, quotas, spreading_rights, wrong_clocks]
)
def test_it_is_healed_by_plain_runs(bench: Bench, scenario: Callable[[Bench, BrokenPromises], int]) -> None:
    broken = BrokenPromises()
    try:
        assert scenario(bench, broken) > 0
    finally:
        bench.reset()
    assert broken.wrong == []
