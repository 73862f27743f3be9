"""Wrong stack files by hand, by a fuzzer and with hostile texts: refused in lines that name a path, or read as written."""

from __future__ import annotations

import pytest

from tests.reliability.bad_input import flaw, hostile_flaw
from tests.reliability.wrong_stack_files import HOSTILE, Written, by_fuzzer, by_hand, hostile

FUZZED = 300
SHORT = tuple(text for text in HOSTILE if len(text) < 100_000)


def test_there_are_many_by_hand_alone() -> None:
    assert len({name for name, _, _ in by_hand()}) >= 100


def test_every_wrong_file_is_refused_with_its_path() -> None:
    assert [found for written in (*by_hand(), *by_fuzzer(FUZZED)) if (found := flaw(written))] == []


def test_hostile_texts_are_refused_or_read_as_written() -> None:
    assert [found for item in hostile(SHORT) if (found := hostile_flaw(*item))] == []


def test_the_fuzzer_makes_the_same_files_again() -> None:
    assert list(by_fuzzer(20)) == list(by_fuzzer(20))


@pytest.mark.parametrize(
    "written",
    [
        ("a good file", None, [{"name": "translator", "keys": [{"name": "default", "uses": ["translate"]}]}]),
    ],
)
def test_a_file_that_is_taken_for_right_would_be_noticed(written: Written) -> None:
    assert flaw(written) == "a good file: taken for right"
