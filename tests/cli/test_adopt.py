"""`yckeys adopt`: keys made by hand are found, named, declared, and come in by the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Yckeys
from tests.cli.scene import World, small_world
from tests.cli.test_through_the_engine import run

Golden = Callable[[str, str], None]


def made_by_hand(yckeys: Yckeys) -> dict[str, Any]:
    """The hand-made key of an account that a stack declares, as the cloud lists it."""
    listings = [answer for name, answer in yckeys.cloud.answers.items() if name.startswith("ApiKeyService/List {")]
    return next(key for listing in listings for key in listing if key.get("description") == "made in the console")


def test_what_there_is_to_adopt_is_shown_and_nothing_changed(own_copy: Yckeys, golden: Golden) -> None:
    before = (own_copy.folder / "stacks" / "Pulumi.prod.yaml").read_text()
    ended = own_copy("adopt", "--stack", "prod")
    assert (ended.code, ended.errors) == (0, "")
    assert (own_copy.folder / "stacks" / "Pulumi.prod.yaml").read_text() == before
    golden("adopt.txt", ended.out)


def test_json_has_the_documented_shape(own_copy: Yckeys, golden: Golden) -> None:
    golden("adopt.json", own_copy("adopt", "--stack", "prod", "--json").out)


def test_keys_that_ended_or_carry_a_mark_are_not_adopted(own_copy: Yckeys) -> None:
    (found,) = json.loads(own_copy("adopt", "--stack", "prod", "--json").out)["keys"]
    assert found["keyId"] == made_by_hand(own_copy)["id"]


def test_a_declared_key_of_the_same_scopes_gives_its_name(own_copy: Yckeys) -> None:
    made_by_hand(own_copy)["scopes"] = ["yc.ai.translate.execute"]
    file = own_copy.folder / "stacks" / "Pulumi.prod.yaml"
    file.write_text(
        file.read_text().replace(
            "    - name: default\n", "    - name: console\n      uses: [translate]\n    - name: default\n"
        )
    )
    (found,) = json.loads(own_copy("adopt", "--stack", "prod", "--json").out)["keys"]
    assert (found["key"], found["declared"]) == ("console", True)
    before = file.read_text()
    own_copy("adopt", "--stack", "prod", "--edit")
    assert file.read_text() == before


def test_a_key_without_scopes_is_refused_with_the_remedy(own_copy: Yckeys) -> None:
    made_by_hand(own_copy)["scopes"] = []
    out = own_copy.folder / "import.json"
    ended = own_copy("adopt", "--stack", "prod", "--out", str(out))
    assert "it has no scopes: give it some first" in ended.out
    assert "No key to adopt" in ended.out
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "choose one stack with --stack: there are prod, staging"),
        (["--stack", "prod", "--key", "ajenobody00000000000"], "no account of prod has such a live key"),
    ],
)
def test_wrong_use_says_what_is_right(own_copy: Yckeys, arguments: list[str], words: str) -> None:
    ended = own_copy("adopt", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.errors


def test_a_stack_file_with_mistakes_is_not_edited(own_copy: Yckeys) -> None:
    file = own_copy.folder / "stacks" / "Pulumi.prod.yaml"
    file.write_text(file.read_text().replace("- translate", "- transalte"))
    ended = own_copy("adopt", "--stack", "prod", "--edit")
    assert ended.code == 3
    assert "`yckeys check -s prod` shows them" in ended.errors


@pytest.fixture
def small(tmp_path: Path) -> Iterator[World]:
    with small_world(tmp_path) as made:
        yield made


def test_the_engine_takes_the_file_and_the_next_up_rotates_the_key(small: World) -> None:
    account = small.cloud.state()["serviceAccounts"]
    (account_id,) = [it["id"] for it in account if it["name"] == "translator-staging"]
    made = small.create_key(account_id, scopes=["yc.ai.translate.execute"], description="by Ivan")
    key_id = made["api_key"]["id"]
    file = small.stack.directory / "import.json"
    ended = run(small, "adopt", "--edit", "--out", str(file))
    assert (ended.code, ended.errors) == (0, ""), ended.errors
    small.stack.run("import", "--file", str(file), "--generate-code=false", "--protect=false", "--yes")
    assert "adopted by import" in small.stack.preview()
    assert "+-" not in small.stack.up()
    keys = json.loads(run(small, "inventory", "--json").out)["keys"]
    adopted = {it["keyId"]: it["state"] for it in keys if str(it["key"]).startswith("by-hand-")}
    assert sorted(adopted.values()) == ["current", "previous"]
    assert adopted[key_id] == "previous"
    assert small.cloud.use("translate", made["secret"]) == 200
    assert "No key to adopt" in run(small, "adopt").out
    assert "unchanged" in small.stack.up()
