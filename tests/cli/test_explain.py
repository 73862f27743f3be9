"""`yckeys explain`: one key's life, and the reason of the next step."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.engine import Engine
from cli.exit_codes import CouldNotLook
from tests.cli.conftest import Yckeys, changed_outputs

Golden = Callable[[str, str], None]
HISTORY = [
    {
        "kind": "update",
        "startTime": "2030-04-01T09:00:20.000Z",
        "endTime": "2030-04-01T09:00:35.000Z",
        "result": "succeeded",
        "resourceChanges": {"same": 17, "update": 4},
    },
    {
        "kind": "update",
        "startTime": "2030-03-01T09:00:01.000Z",
        "endTime": "2030-03-01T09:00:09.000Z",
        "result": "succeeded",
    },
    {"kind": "update", "endTime": "2029-03-01T09:00:09.000Z", "result": "failed"},
]


@pytest.fixture(autouse=True)
def history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "history", lambda engine, stack: HISTORY)


def explained(yckeys: Yckeys, key: str, *arguments: str) -> dict[str, Any]:
    """What `explain --json` tells."""
    ended = yckeys("explain", key, "--json", *arguments)
    assert ended.code == 0, ended.errors
    return dict(json.loads(ended.out))


def test_a_key_is_told_in_the_order_of_time(yckeys: Yckeys, golden: Golden) -> None:
    ended = yckeys("explain", "prod/translator/default")
    assert (ended.code, ended.errors) == (0, "")
    golden("explain.txt", ended.out)


def test_json_has_the_documented_shape(yckeys: Yckeys, golden: Golden) -> None:
    golden("explain.json", yckeys("explain", "prod/translator/default", "--json").out)


def test_a_key_is_found_by_the_id_of_each_of_its_keys(yckeys: Yckeys) -> None:
    whole = explained(yckeys, "translator/default")
    for key in whole["keys"]:
        assert explained(yckeys, key["keyId"]) == whole


def test_what_is_due_is_what_the_next_run_does(yckeys: Yckeys) -> None:
    (now,) = explained(yckeys, "translator-staging/default")["now"]
    assert now.startswith("rotates: due since 2030-03-29 05:57 UTC")


def test_a_lifetime_that_leaves_no_more_is_the_reason(own_copy: Yckeys) -> None:
    with changed_outputs(own_copy, "ApiKey::translator/nightly") as outputs:
        outputs["nextRotationAt"] = "2031-01-01T00:00:00Z"
    why = explained(own_copy, "translator/nightly")["nextRotation"]["why"]
    assert why == "so that the key keeps a whole overlap (3d) of its lifetime (30d)"


def test_a_history_that_can_t_be_read_is_said_and_the_rest_told(
    yckeys: Yckeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(engine: Engine, stack: str) -> None:
        raise CouldNotLook("no `pulumi` on PATH")

    monkeypatch.setattr(Engine, "history", fails)
    ended = yckeys("explain", "translator/default")
    assert ended.code == 0
    assert "The stack's history of runs could not be read: no `pulumi` on PATH" in ended.out
    assert "became a previous key" in ended.out


@pytest.mark.parametrize("wanted", ["nobody", "translator/none"])
def test_an_unknown_key_is_wrong_use_and_the_known_ones_are_named(yckeys: Yckeys, wanted: str) -> None:
    ended = yckeys("explain", wanted)
    assert ended.code == 2
    assert f"{wanted}: no chosen stack has such a key; they have prod/translator/default, " in ended.errors


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("translator/defalt", "prod/translator/default"),
        ("prod/webshop/mailler", "prod/webshop/mailer"),
        ("webshop", "prod/webshop/mailer"),
    ],
)
def test_a_key_that_is_misspelt_or_named_by_its_account_alone_is_told_with_what_may_be_meant(
    yckeys: Yckeys, wanted: str, meant: str
) -> None:
    ended = yckeys("explain", wanted)
    assert ended.code == 2
    told = ended.errors.partition("did you mean ")[2]
    assert meant in told
    assert "staging" not in told


def test_a_secret_in_the_place_of_an_id_is_not_repeated(yckeys: Yckeys) -> None:
    secret = "AQVNabcdefgh12345678ABCDEFGH"
    ended = yckeys("explain", secret)
    assert ended.code == 2
    assert secret not in ended.errors
