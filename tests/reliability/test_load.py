"""A little load: consumers that call all the time are never refused while their keys rotate."""

from __future__ import annotations

from tests.reliability.load import Size, load


def test_no_consumer_is_refused_while_keys_rotate() -> None:
    wrong: list[str] = []
    table = load(Size(accounts=1, keys=3, rotations=2, consumers=2, calls=500, refresh=0.2), wrong.append)
    ((_, rotations, _, _, calls, refused, *_),) = table.rows
    assert wrong == []
    assert not table.failed
    assert rotations == 6
    assert int(calls) >= 500
    assert refused == 0
