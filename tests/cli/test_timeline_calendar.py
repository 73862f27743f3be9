"""Windows and freezes in the timeline and the page: what is frozen is hatched where it is frozen, what waits shows since when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from cli.borrowed import Calendar, Window
from cli.deployed import DeployedKey
from cli.forecast import forecast
from cli.key_calendar import calendar_in_words, open_times, windows_in_words
from cli.timeline import timeline
from cli.timeline_picture import picture
from provider.yandex_keys.rotation_calendar import ALWAYS, freeze_of, window_of
from tests.cli.conftest import Yckeys
from tests.cli.test_report import seen_in_chromium, written
from tests.provider.examples import DAY, DUE, OWNER, URN, at, standing, wanted

NOW = at("2026-12-15 00:00")
OFFICE = window_of(frozenset({"mon", "tue", "wed", "thu"}), "10:00", "16:00", "Europe/Moscow")
TUESDAYS = window_of(frozenset({"tue"}), "09:00", "17:00", "Europe/Moscow")
WEEKENDS = window_of(frozenset({"sat", "sun"}), "00:00", "24:00", "UTC")
HOLIDAYS = freeze_of("2026-12-20", "2027-01-11", "The end of the year")
LEFT, RIGHT = 250, 1060
_SVG = "{http://www.w3.org/2000/svg}"


def key(calendar: Calendar, name: str = "default") -> DeployedKey:
    """A key of `calendar`, due on Monday 2026-12-21 at 10:00, issued on 2026-11-23 for 90 days."""
    inputs = wanted(calendar=calendar)
    return DeployedKey("prod", URN, "translator", name, inputs, standing(applied=inputs), OWNER)


def drawn(*keys: DeployedKey, days: int = 45, now: datetime = NOW) -> ElementTree.Element:
    span = timedelta(days=days)
    events = forecast(keys, now, now + span, {"prod": DAY})
    return ElementTree.fromstring(picture(timeline(keys, events, now, span)))


def x(moment: datetime, days: int = 45, now: datetime = NOW) -> float:
    """Where a moment is on the picture."""
    part = (moment - now + timedelta(days=days)) / timedelta(days=2 * days)
    return LEFT + part * (RIGHT - LEFT)


def titled(svg: ElementTree.Element, of_class: str) -> dict[str, list[Mapping[str, str]]]:
    """What is drawn of a class, by the title that a pointer on it is told."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for group in svg.iter(f"{_SVG}g"):
        title = group.find(f"{_SVG}title")
        for it in group:
            if title is not None and it.get("class") == of_class:
                found.setdefault(title.text or "", []).append(it.attrib)
    return found


def texts(svg: ElementTree.Element) -> list[str]:
    return [it.text or "" for it in svg.iter(f"{_SVG}text")]


def test_a_freeze_is_hatched_from_its_first_moment_to_its_last_and_says_why() -> None:
    ((words, (band,)),) = titled(drawn(key(Calendar((), (HOLIDAYS,)))), "tl-frozen").items()
    assert words == "frozen from 2026-12-20 00:00 until 2027-01-11 00:00 UTC: The end of the year"
    assert float(band["x"]) == pytest.approx(x(HOLIDAYS.begins), abs=0.1)
    assert float(band["x"]) + float(band["width"]) == pytest.approx(x(HOLIDAYS.ends), abs=0.2)


def test_a_freeze_is_drawn_in_the_row_of_its_key_alone() -> None:
    frozen, free = key(Calendar((), (HOLIDAYS,)), "frozen"), key(ALWAYS, "free")
    svg = drawn(frozen, free)
    (band,) = titled(svg, "tl-frozen")["frozen from 2026-12-20 00:00 until 2027-01-11 00:00 UTC: The end of the year"]
    names = {it.text: float(it.attrib["y"]) for it in svg.iter(f"{_SVG}text") if it.text}
    assert float(band["y"]) < names["translator/frozen"] < float(band["y"]) + float(band["height"])
    assert not float(band["y"]) < names["translator/free"] < float(band["y"]) + float(band["height"])


def test_a_freeze_that_never_ends_goes_to_the_edge_and_one_outside_is_not_drawn() -> None:
    long, over = freeze_of("2026-12-01", "9999-12-31", "A merger"), freeze_of("2026-01-01", "2026-02-01", "Long ago")
    ((words, (band,)),) = titled(drawn(key(Calendar((), (long, over)))), "tl-frozen").items()
    assert "A merger" in words
    assert float(band["x"]) + float(band["width"]) == pytest.approx(RIGHT, abs=0.2)
    nothing = drawn(key(Calendar((), (over,))))
    assert titled(nothing, "tl-frozen") == {}
    assert [it for it in texts(nothing) if "freeze" in it] == []


def test_a_rotation_that_waits_is_marked_where_it_is_planned_and_where_it_is_due() -> None:
    svg = drawn(key(Calendar((), (HOLIDAYS,))))
    ((words, (diamond,)),) = titled(svg, "tl-due").items()
    assert words == (
        "next rotation 2027-01-11 00:00 UTC: due 2026-12-21 10:00, waits for the end of the freeze, 2027-01-11 00:00 UTC; "
        "frozen: The end of the year"
    )
    assert float(diamond["d"].split()[0][1:]) == pytest.approx(x(HOLIDAYS.ends), abs=0.1)
    mark, line = [it.attrib["d"] for it in svg.iter(f"{_SVG}path") if it.get("class") == "tl-wait"][-2:]
    assert float(mark.split()[0][1:]) == pytest.approx(x(DUE), abs=0.1)
    assert float(line.rpartition("H")[2]) == pytest.approx(x(HOLIDAYS.ends), abs=0.1)


def test_what_is_due_and_waits_is_not_late() -> None:
    svg = drawn(key(Calendar((TUESDAYS,))), now=DUE + timedelta(hours=1))
    assert titled(svg, "tl-late") == {}
    (words,) = titled(svg, "tl-due")
    assert words.endswith(
        "due 2026-12-21 10:00, waits for the window of Tue 09:00 Europe/Moscow (2026-12-22 06:00 UTC)"
    )


def test_what_would_expire_in_a_freeze_is_said_not_to_wait() -> None:
    svg = drawn(key(Calendar((), (freeze_of("2026-12-20", "2027-03-01", "A merger"),))))
    (words,) = titled(svg, "tl-due")
    assert words == (
        "next rotation 2026-12-21 10:00 UTC, and not later, for it would expire before the end of the freeze, "
        "2027-03-01 00:00 UTC; frozen: A merger"
    )
    assert not any("waiting" in it for it in texts(svg))


def test_windows_are_drawn_where_they_are_wide_enough_to_be_seen() -> None:
    svg = drawn(key(Calendar((OFFICE,))), days=7)
    ((words, bands),) = titled(svg, "tl-window").items()
    assert words == "window: Mon–Thu 10:00–16:00 Europe/Moscow"  # noqa: RUF001
    assert len(bands) == 8
    tuesday = at("2026-12-15 07:00")
    assert any(float(it["x"]) == pytest.approx(x(tuesday, 7), abs=0.1) for it in bands)
    assert [float(it["width"]) for it in bands] == pytest.approx([(RIGHT - LEFT) / 14 / 4] * 8, abs=0.2)
    assert "window: rotations only then" in texts(svg)
    assert "windows too short to draw: under the key's name" not in texts(svg)


def test_windows_that_would_be_hairlines_are_told_in_words_instead() -> None:
    svg = drawn(key(Calendar((OFFICE,))), days=45)
    assert titled(svg, "tl-window") == {}
    assert "windows too short to draw: under the key's name" in texts(svg)
    assert "prod · Mon–Thu 10:00–16:00 Europe/Moscow" in texts(svg)  # noqa: RUF001
    assert titled(drawn(key(Calendar((WEEKENDS,))), days=45), "tl-window")
    assert titled(drawn(key(Calendar((WEEKENDS,))), days=3650), "tl-window") == {}


def test_windows_that_have_no_room_under_the_name_are_counted_there_and_told_to_a_pointer() -> None:
    svg = drawn(key(Calendar((OFFICE, TUESDAYS, WEEKENDS))))
    assert "prod · 3 windows of the week" in texts(svg)
    titles = [it.text or "" for it in svg.iter(f"{_SVG}title")]
    assert any(it.startswith("prod/translator/default; only Mon") and "Sat, Sun" in it for it in titles)


def test_without_windows_and_freezes_nothing_is_told_of_them() -> None:
    text = ElementTree.tostring(drawn(key(ALWAYS)), encoding="unicode")
    assert [it for it in ("tl-frozen", "tl-window", "tl-wait", "tl-hatch", "freeze", "window") if it in text] == []


@pytest.mark.parametrize("begin", ["2027-03-25 00:10", "2027-04-01 00:10", "2027-10-28 00:10", "2026-12-14 00:10"])
@pytest.mark.parametrize(
    "windows",
    [
        (OFFICE,),
        (WEEKENDS, OFFICE),
        (window_of(None, "22:00", "04:00", "Europe/Berlin"),),
        (
            window_of(None, "02:15", "02:45", "Europe/Berlin"),
            window_of(frozenset({"sun"}), "02:30", "03:30", "Asia/Beirut"),
        ),
        (window_of(None, "01:45", "02:15", "Australia/Lord_Howe"),),
    ],
)
def test_open_times_are_when_a_rotation_may_happen_on_days_of_clock_change_too(
    begin: str, windows: tuple[Window, ...]
) -> None:
    start = at(begin)
    end = start + timedelta(days=8)
    spans = open_times(windows, start, end)
    calendar = Calendar(windows)
    for number in range(8 * 24 * 4):
        moment = start + timedelta(minutes=15) * number
        is_open = any(opens <= moment < closes for opens, closes in spans)
        assert is_open == (calendar.next_allowed(moment) == moment), moment
    assert all(earlier[1] < later[0] for earlier, later in pairwise(spans))


def test_words_name_days_as_people_do() -> None:
    assert windows_in_words((window_of(None, "22:00", "04:00", "UTC"),)) == "every day 22:00–04:00 UTC"  # noqa: RUF001
    assert windows_in_words((WEEKENDS,)) == "Sat, Sun 00:00–24:00 UTC"  # noqa: RUF001
    some = window_of(frozenset({"mon", "tue", "wed", "sat"}), "09:00", "17:00", "UTC")
    assert windows_in_words((some,)) == "Mon–Wed, Sat 09:00–17:00 UTC"  # noqa: RUF001


def test_freezes_that_are_over_are_told_no_more_and_of_many_the_next_ones() -> None:
    freezes = tuple(freeze_of(f"2027-0{month}-01", f"2027-0{month}-02", f"No. {month}") for month in range(1, 7))
    first, second, more = calendar_in_words(Calendar((), freezes), at("2027-02-02 00:00"))
    assert (first[-5:], second[-5:], more) == ("No. 3", "No. 4", "and 2 more freezes")


SALE = {"from": "2030-04-20", "until": "2030-05-12", "why": "The <spring> sale"}
SHOP_HOURS = {"days": ["sat", "sun"], "from": "00:00", "to": "24:00", "timezone": "Europe/Moscow"}
SHORT = {"days": ["mon", "tue", "wed"], "from": "10:00", "to": "12:00", "timezone": "Europe/Moscow"}


def with_calendars(yckeys: Yckeys, calendars: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes windows and freezes into the inputs and outputs of keys, as `pulumi up` leaves them in a state."""
    file = yckeys.folder / "state" / ".pulumi" / "stacks" / "api-keys" / "prod.json"
    state = json.loads(file.read_text())
    for resource in state["checkpoint"]["latest"]["resources"]:
        changed = calendars.get(resource["urn"].rpartition("ApiKey::")[2], {})
        for properties in ("inputs", "outputs") if changed else ():
            resource[properties].update(changed)
    file.write_text(json.dumps(state))


def test_each_key_s_row_of_the_page_says_its_windows_and_freezes_and_the_page_explains_them(
    own_copy: Yckeys, tmp_path: Path
) -> None:
    plain = written(own_copy, tmp_path)
    with_calendars(own_copy, {"translator/default": {"freezes": [SALE]}})
    frozen = written(own_copy, tmp_path)
    line = '<br><span class="faint">frozen from 2030-04-20 00:00 until 2030-05-12 00:00 UTC: The &lt;spring&gt; sale</span>'
    assert frozen.count(line) == 1
    assert f'2030-05-12 00:00<br><span class="faint">due 2030-04-27 20:44, waits</span>{line}' in frozen
    assert ("<dt>freeze</dt>" in frozen, "<dt>window</dt>" in frozen) == (True, False)
    with_calendars(own_copy, {"webshop/orders": {"windows": [SHORT]}})
    both = written(own_copy, tmp_path)
    assert '<br><span class="faint">only Mon–Wed 10:00–12:00 Europe/Moscow</span>' in both  # noqa: RUF001
    assert "<dt>window</dt>" in both
    assert [
        it for it in ("<dt>freeze</dt>", "<dt>window</dt>", "tl-frozen", "waits<", 'class="faint">only') if it in plain
    ] == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [(1280, 1000), (375, 800)])
def test_windows_and_freezes_are_seen_in_both_colours_and_no_words_run_into_others(
    own_copy: Yckeys, tmp_path: Path, dark: bool, size: tuple[int, int]
) -> None:
    calendars: dict[str, dict[str, Any]] = {
        "translator/default": {"freezes": [SALE]},
        "webshop/orders": {"windows": [SHOP_HOURS]},
        "webshop/mailer": {"windows": [SHORT], "freezes": [SALE]},
    }
    with_calendars(own_copy, calendars)
    written(own_copy, tmp_path)
    seen = seen_in_chromium(tmp_path / "keys.html", dark=dark, size=size)
    assert {name for name, _ in seen["marks"]} == {".tl-hatch", ".tl-frozen", ".tl-window", ".tl-wait", "svg text"}
    assert [it for it in seen["marks"] if it[1] < (4.5 if it[0] == "svg text" else 3)] == []
    assert (seen["cut"], seen["overlapping"]) == ([], [])
    assert (seen["content"], seen["wide"]) == (size[0], [])
    assert seen["faintest"][0] >= 4.5, seen["faintest"]
