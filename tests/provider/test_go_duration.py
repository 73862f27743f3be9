"""`rotationPeriod` is written as Go writes durations, and travels as protobuf's JSON."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys.durations import format_go_duration, format_json_duration, parse_go_duration

HOUR = 3_600_000_000_000


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("8760h", 8760 * HOUR),
        ("8760h0m0s", 8760 * HOUR),
        ("1h30m", HOUR * 3 // 2),
        ("1.5h", HOUR * 3 // 2),
        (".5h", HOUR // 2),
        ("31536000s", 8760 * HOUR),
        ("500ms", 500_000_000),
        ("1µs", 1000),
    ],
)
def test_go_durations_mean_what_go_says(text: str, nanoseconds: int) -> None:
    assert parse_go_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text", ["", "1", "1y", "90d", "h", "1h ", " 1h", "-1h", "1h1", "1h30", "٣h", "1e3s", "1h" * 60]
)
def test_what_is_no_duration_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ValueError, match="such as 8760h"):
        parse_go_duration(text)


@pytest.mark.parametrize("text", ["0s", "0h0m", "0.1ns", "2562048h", "99999999999999999999h"])
def test_no_time_at_all_and_too_long_a_time_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="out of range"):
        parse_go_duration(text)


@given(st.integers(min_value=1, max_value=2**63 - 1))
def test_both_written_forms_mean_the_same_time_again(nanoseconds: int) -> None:
    assert parse_go_duration(format_go_duration(nanoseconds)) == nanoseconds
    assert parse_go_duration(format_json_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("nanoseconds", "text"), [(8760 * HOUR, "8760h0m0s"), (HOUR // 2, "30m0s"), (1_500_000_000, "1.5s")]
)
def test_durations_are_printed_as_go_prints_them(nanoseconds: int, text: str) -> None:
    assert format_go_duration(nanoseconds) == text
