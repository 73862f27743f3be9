"""Durations as users write them: what is one, what it means, and what is said of what isn't one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys.durations import LONGEST, format_duration, parse_duration

from .examples import DAY, HOUR, SECOND


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90d", 90 * DAY),
        ("36h", 36 * HOUR),
        ("15m", timedelta(minutes=15)),
        ("45s", 45 * SECOND),
        ("1s", SECOND),
        ("007d", 7 * DAY),
        ("36500d", LONGEST),
        ("3153600000s", LONGEST),
    ],
)
def test_a_number_and_a_unit_is_a_duration(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


NOT_DURATIONS = [
    *("", "d", "90", "90 d", " 90d", "90d ", "90d\n", "-1d", "+1d", "1.5h", "1,5h", "1h30m", "90D", "90w", "3M", "1y"),
    *("\u0663d", "\uff19d", "1²d", "90\u200bd", "9" * 11 + "s", "\x001d", "1e3s", "0x1d", "P30D", "90days"),
]


@pytest.mark.parametrize("text", [*NOT_DURATIONS, None, 90, 90.0, True, ["90d"], {"d": 90}, b"90d"])
def test_what_is_no_duration_is_refused_with_an_example_of_one(text: object) -> None:
    with pytest.raises(
        ValueError, match=r" is not a duration: write a whole number and a unit, such as 90d, 36h or 15m$"
    ):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0d", "0s", "000h"])
def test_no_time_at_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}' is no time at all: write a duration above zero, such as 15m$"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["36501d", "876001h", "3153600001s", "9999999999d"])
def test_more_than_a_hundred_years_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}' is longer than 36500d: write a shorter duration, such as 90d$"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["1s", "899s", "14m", "0014m"])
def test_less_than_the_least_is_refused(text: str) -> None:
    least = timedelta(minutes=15)
    with pytest.raises(ValueError, match=f"^'{text}' is shorter than 15m: write 15m or longer$"):
        parse_duration(text, least=least)
    assert parse_duration("15m", least=least) == parse_duration("900s", least=least) == least


def test_a_text_without_end_is_cut_in_the_error_and_keeps_it_on_one_line() -> None:
    with pytest.raises(ValueError, match="is not a duration") as raised:
        parse_duration("9\n" * 10_000)
    shown = str(raised.value).partition(" is not")[0]
    assert shown == "'" + "9\\n" * 18 + "9\\..."
    with pytest.raises(ValueError, match=f"^'{'x' * 58}' is not"):
        parse_duration("x" * 58)
    with pytest.raises(ValueError, match=rf"^'{'x' * 56}\.\.\. is not"):
        parse_duration("x" * 59)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (90 * DAY, "90d"),
        (48 * HOUR, "2d"),
        (36 * HOUR, "36h"),
        (90 * SECOND, "90s"),
        (120 * SECOND, "2m"),
        (SECOND, "1s"),
        (timedelta(0), "0s"),
        (timedelta(seconds=1.9), "1s"),
    ],
)
def test_a_duration_is_written_in_the_largest_unit_that_says_it_exactly(length: timedelta, text: str) -> None:
    assert format_duration(length) == text


@given(st.integers(1, LONGEST // SECOND).map(lambda seconds: seconds * SECOND))
def test_what_is_written_can_be_read(length: timedelta) -> None:
    assert parse_duration(format_duration(length)) == length


@given(st.text() | st.from_regex(r"[0-9]{1,12}[a-z]"))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    length, remark = _read(text)
    assert SECOND <= length <= LONGEST
    assert not remark or ("write a" in remark and "\n" not in remark)


def _read(text: str) -> tuple[timedelta, str]:
    try:
        return parse_duration(text), ""
    except ValueError as error:
        return SECOND, str(error)
