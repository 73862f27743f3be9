"""Windows, freezes and spread in a stack file: who takes them from whom, and what is refused, each by its path."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from components.service_account_keys import ServiceAccountKeys
from components.spec import AccountSpec, SpecError, parse
from tests.components.declared import run

DAY = timedelta(days=1)
WORK = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00", "timezone": "Europe/Moscow"}
MONDAY = {"days": ["mon"], "from": "09:00", "to": "17:00", "timezone": "Europe/Moscow"}
FAIR = {"from": "2026-12-20", "until": "2027-01-10", "why": "A fair"}


def accounts(*keys: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    named = [{"name": f"k{number}", "scopes": ["yc.ai.translate.execute"], **key} for number, key in enumerate(keys)]
    return [{"name": "shop", "keys": named, **more}]


def read(defaults: Any, written: list[dict[str, Any]], run_every: timedelta = DAY) -> AccountSpec:
    return parse(defaults, written, run_every=run_every).accounts[0]


def problems(defaults: Any, written: list[dict[str, Any]], run_every: timedelta = DAY) -> list[str]:
    with pytest.raises(SpecError) as told:
        parse(defaults, written, run_every=run_every)
    return [str(problem) for problem in told.value.problems]


def test_a_key_takes_its_calendar_from_itself_then_its_account_then_the_defaults() -> None:
    defaults = {"windows": [WORK], "freezes": [FAIR], "spread": 20}
    plain, own, none = read(
        defaults, accounts({}, {"windows": [MONDAY], "spread": 0}, {"windows": [], "freezes": []})
    ).keys
    assert ([it.timezone for it in plain.windows], plain.freezes[0].why, plain.spread) == (
        ["Europe/Moscow"],
        "A fair",
        20,
    )
    assert (own.windows[0].days, own.freezes, own.spread) == (("mon",), plain.freezes, 0)
    assert (none.windows, none.freezes, none.spread) == ((), (), 20)
    taken, kept = read(defaults, accounts({}, {"spread": 1}, windows=[MONDAY], freezes=[], spread=5)).keys
    assert (taken.windows[0].days, taken.freezes, taken.spread) == (("mon",), (), 5)
    assert (kept.windows[0].days, kept.spread) == (("mon",), 1)


def test_what_a_stack_file_says_reaches_the_key_as_it_is_written() -> None:
    account = accounts({"windows": [MONDAY], "freezes": [FAIR], "spread": 20}, {})[0]
    declared = run(lambda: ServiceAccountKeys("shop", account) and None)
    key, other = (declared.inputs["ApiKey", f"shop/k{number}"] for number in (0, 1))
    assert (key["windows"], key["freezes"], key["spread"]) == ([MONDAY], [FAIR], 20)
    assert ("windows" in other, "freezes" in other, other["spread"]) == (False, False, 10)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (
            {"windows": [{**MONDAY, "timezone": "Europe/Moskow"}]},
            "windows[0].timezone: 'Europe/Moskow' is no time zone of the tz database: write one such as Europe/Moscow",
        ),
        (
            {"windows": [MONDAY, {**MONDAY, "days": ["monday"]}]},
            "windows[1].days[0]: 'monday' is not a choice: write days of mon, tue, wed, thu, fri, sat, sun, or leave `days` "
            "out for every day",
        ),
        (
            {"windows": [{**MONDAY, "from": 540}]},
            'windows[0].from: the number 540 where text belongs: write a time of day such as "09:00", in quotes',
        ),
        (
            {"windows": [{**MONDAY, "to": "09:00"}]},
            'windows[0]: from and to are both 09:00: write from "00:00" and to "24:00" for a whole day',
        ),
        ({"windows": [{**MONDAY, "form": "1"}]}, "windows[0].form: unknown field: did you mean from?"),
        ({"windows": [{"from": "09:00"}]}, "windows[0].to: is missing: add `to:`"),
        (
            {"freezes": [{"from": "2027-01-10", "until": "2026-12-20"}]},
            "freezes[0]: until 2026-12-20 is not after from 2027-01-10: write the first moment that is free again",
        ),
        (
            {"freezes": [{**FAIR, "from": "Christmas"}]},
            "freezes[0].from: 'Christmas' is no moment: write a day such as 2026-12-20 (from 00:00 UTC), or a time such as "
            "2026-12-20T18:00:00+03:00",
        ),
        (
            {"spread": 51},
            "spread: the number 51 is not a share: write a whole number of hundredths from 0 to 50, such as 10",
        ),
    ],
)
def test_a_slip_is_one_line_with_its_path_and_remedy(key: dict[str, Any], problem: str) -> None:
    assert problems(None, accounts(key)) == [f"accounts[0] (shop).keys[0] (k0).{problem}"]
    assert problems(key, accounts({})) == [f"defaults.{problem}"]


def test_windows_that_runs_can_not_meet_in_time_are_refused_where_they_stand() -> None:
    """Mondays come every seventh of runs that come every sixteen days."""
    words = (
        "runs every 16d (yandex-keys:runEvery) meet these windows only once in 112d, and a lifetime of 150d with "
        "rotateEvery 30d and overlap 32d can't wait that long: make lifetime 198d or longer, open more windows, or run "
        "more often and say so in yandex-keys:runEvery"
    )
    seldom, rest = {"windows": [MONDAY]}, {"lifetime": "150d", "overlap": "32d"}
    assert problems({**seldom, **rest}, accounts({}, {}), 16 * DAY) == [f"defaults.windows: {words}"]
    assert problems(rest, accounts({}, {}, **seldom), 16 * DAY) == [f"accounts[0] (shop).windows: {words}"]
    assert problems(rest, accounts({}, seldom), 16 * DAY) == [f"accounts[0] (shop).keys[1] (k1).windows: {words}"]
    assert read({**seldom, **rest, "lifetime": "198d"}, accounts({}), 16 * DAY).keys
    assert parse({**seldom, **rest}, accounts({})).accounts  # how often runs come isn't known


@pytest.mark.parametrize("calendar", [{"windows": [WORK]}, {"freezes": [FAIR]}])
def test_a_calendar_whose_keys_could_expire_before_the_next_run_is_refused(calendar: dict[str, Any]) -> None:
    (name,) = calendar
    words = (
        "overlap 7d holds fewer than two runs (yandex-keys:runEvery is 4d), and a key that waits could expire before the "
        "next one comes: make overlap 8d or longer, or run more often and say so in yandex-keys:runEvery"
    )
    assert problems(calendar, accounts({}, {}), 4 * DAY) == [f"defaults.{name}: {words}"]
    assert problems(None, accounts({}, {}, **calendar), 4 * DAY) == [f"accounts[0] (shop).{name}: {words}"]
    assert problems(None, accounts({}, calendar), 4 * DAY) == [f"accounts[0] (shop).keys[1] (k1).{name}: {words}"]
    assert read({**calendar, "overlap": "8d"}, accounts({}), 4 * DAY).keys
    assert read(None, accounts({}), 4 * DAY).keys


def test_a_schedule_that_leaves_no_room_for_the_windows_of_the_defaults_is_refused_where_it_stands() -> None:
    """83 + 10.5 days and a weekend's three are more than 90."""
    (problem,) = problems({"windows": [WORK]}, accounts({}, {"rotateEvery": "83d"}))
    assert problem.startswith("accounts[0] (shop).keys[1] (k1).rotateEvery: runs every 1d")
    assert "make lifetime 97d or longer" in problem
    assert read({"windows": [WORK]}, accounts({"rotateEvery": "83d", "windows": []})).keys


@pytest.mark.parametrize("run_every", [timedelta(hours=1), DAY, 7 * DAY])
def test_windows_of_working_hours_are_met_by_hourly_daily_and_weekly_runs(run_every: timedelta) -> None:
    assert read({"windows": [WORK], "overlap": "14d"}, accounts({}), run_every).keys
