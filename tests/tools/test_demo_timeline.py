"""The picture of the demo can be read."""

from __future__ import annotations

from tools.demo.timeline import WIDTH, Lifespan, draw

LIVES = [
    Lifespan("key 1", 0, rotated=31, ended=38),
    Lifespan("key 2", 31, rotated=41, ended=41, killed=True),
    Lifespan("key 3", 41, rotated=141),
    Lifespan("key 4", 141),
]
MARKS = [0, 31, 39, 41, 141]


def test_every_day_that_matters_is_on_the_scale_however_close_it_is_to_the_next() -> None:
    assert draw(LIVES, MARKS, 144)[0].split() == ["day", "0", "31", "39", "41", "141"]


def test_each_key_is_current_then_previous_then_gone() -> None:
    _, first, second, third, fourth = draw(LIVES, MARKS, 144)
    assert first.replace("│", "").split() == ["key", "1", "●" + first.count("━") * "━" + first.count("╌") * "╌" + "┤"]
    assert first.count("━") > first.count("╌") > 0
    assert second.rstrip("│ ").endswith("✖")
    assert "╌" not in second
    assert third.endswith("╌▶")
    assert fourth.endswith("━▶")


def test_a_key_begins_where_the_one_before_it_becomes_previous() -> None:
    _, first, second, *_ = draw(LIVES, MARKS, 144)
    assert first.index("╌") == second.index("●")


def test_no_line_is_wider_than_asked_for() -> None:
    for width in (40, 60, WIDTH):
        assert max(map(len, draw(LIVES, MARKS, 144, width))) <= width


def test_the_very_beginning_can_be_drawn() -> None:
    assert draw([Lifespan("key 1", 0)], [0], 0)[1].split() == ["key", "1", "●"]
