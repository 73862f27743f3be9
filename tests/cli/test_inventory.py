"""`yckeys inventory`: each key once, with what is known of it, however wide the terminal."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable

import pytest

from tests.cli.conftest import Yckeys, changed_outputs
from tests.cli.pictures import TERMINAL, inventory_picture

Golden = Callable[[str, str], None]


def keys_of(yckeys: Yckeys, *arguments: str) -> list[dict[str, object]]:
    """The keys of `inventory --json`."""
    ended = yckeys("inventory", "--json", *arguments)
    assert ended.code == 0, ended.errors
    return list(json.loads(ended.out)["keys"])


def made_by_hand(yckeys: Yckeys) -> dict[str, object]:
    """A key that nobody declares, as the cloud lists it."""
    listings = [item for name, item in yckeys.cloud.answers.items() if name.startswith("ApiKeyService/List {")]
    return next(key for listing in listings for key in listing if key.get("description") == "ask Ivan")


@pytest.mark.parametrize("columns", [60, 80, 120, 200, None])
def test_the_table_has_what_the_terminal_has_room_for(yckeys: Yckeys, golden: Golden, columns: int | None) -> None:
    ended = yckeys("inventory", "--cloud", columns=columns)
    assert (ended.code, ended.errors) == (0, "")
    if columns:
        *table, _ = ended.out.splitlines()
        assert max(map(len, table)) <= columns
    golden(f"inventory-{columns or 'file'}.txt", ended.out)


def test_json_has_the_documented_shape(yckeys: Yckeys, golden: Golden) -> None:
    golden("inventory.json", yckeys("inventory", "--cloud", "--json").out)


def test_csv_has_every_column(yckeys: Yckeys, golden: Golden) -> None:
    ended = yckeys("inventory", "--cloud", "--csv")
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert len(rows) == len(keys_of(yckeys, "--cloud"))
    golden("inventory.csv", ended.out)


def test_states_alone_need_no_cloud(yckeys: Yckeys) -> None:
    keys = keys_of(yckeys)
    assert {key["state"] for key in keys} == {"current", "previous", "expired"}
    assert {key["lastUsedAt"] for key in keys} == {None}
    assert not yckeys.cloud.calls


def test_the_cloud_tells_what_no_stack_declares(yckeys: Yckeys) -> None:
    states = {(key["account"], key["state"]) for key in keys_of(yckeys, "--cloud") if key["key"] is None}
    assert states == {
        ("translator", "unmanaged"),
        ("translator", "orphan"),
        ("webshop", "expired"),
        ("legacy-ci", "unmanaged"),
        ("somebody-else", "another-state"),
    }


def test_a_folder_alone_can_be_looked_into(yckeys: Yckeys) -> None:
    assert keys_of(yckeys, "--folder", str(yckeys.cloud.answers["folderId"])) == keys_of(yckeys, "--cloud")


def test_the_cloud_is_asked_by_account_and_not_by_key(yckeys: Yckeys) -> None:
    keys_of(yckeys, "--cloud")
    accounts = sum(name.startswith("ApiKeyService/List {") for name in yckeys.cloud.answers)
    assert yckeys.cloud.calls == {
        "FolderService/List": 1,
        "ServiceAccountService/List": 1,
        "ApiKeyService/List": accounts,
    }


def test_a_key_that_the_cloud_has_no_longer_is_missing(yckeys: Yckeys) -> None:
    (gone,) = (key for key in keys_of(yckeys) if key["key"] == "nightly")
    for name, answer in yckeys.cloud.answers.items():
        if name.startswith("ApiKeyService/List {"):
            answer[:] = [item for item in answer if item.get("id") != gone["keyId"]]
    (found,) = (key for key in keys_of(yckeys, "--cloud") if key["key"] == "nightly")
    assert (found["keyId"], found["state"]) == (gone["keyId"], "missing")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--state", "unmanaged", "--state", "orphan"], ["legacy-ci", "translator"]),
        (["--account", "web*"], ["webshop"]),
        (["--scope", "yc.search-api.exec*"], ["somebody-else", "translator"]),
        (["--expires-within", "7d"], ["translator", "webshop"]),
        (["--unused-for", "1d"], []),
        (["--owner", "nobody"], []),
        (["--stack", "staging", "--state", "current"], ["translator-staging"]),
    ],
)
def test_filters_leave_what_they_name(yckeys: Yckeys, options: list[str], found: list[str]) -> None:
    assert sorted({str(key["account"]) for key in keys_of(yckeys, "--cloud", *options)}) == found


@pytest.mark.parametrize("order", ["name", "state", "age", "last-used", "expires", "next-rotation"])
def test_sorting_changes_the_order_and_nothing_else(yckeys: Yckeys, order: str) -> None:
    plain, there = keys_of(yckeys, "--cloud"), keys_of(yckeys, "--cloud", "--sort", order)
    assert keys_of(yckeys, "--cloud", "--sort", order, "--reverse") == there[::-1]
    ids = [key["keyId"] for key in there]
    assert sorted(map(str, ids)) == sorted(str(key["keyId"]) for key in plain)
    if order == "expires":
        ends = [str(key["expiresAt"] or "9999") for key in there]
        assert ends == sorted(ends)


def test_a_description_that_holds_a_credential_is_withheld(yckeys: Yckeys) -> None:
    secret = "AQVNabcdefgh12345678ABCDEFGH"
    made_by_hand(yckeys)["description"] = f"old one: {secret}"
    for options in ([], ["--json"], ["--csv"]):
        assert secret not in yckeys("inventory", "--cloud", *options).out


def test_a_description_is_no_formula_in_a_spreadsheet(yckeys: Yckeys) -> None:
    made_by_hand(yckeys)["description"] = "=HYPERLINK(1)"
    assert "'=HYPERLINK(1)" in yckeys("inventory", "--cloud", "--csv").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--json", "--csv"], "--json and --csv: choose one of them"),
        (["--expires-within", "soon"], "--expires-within: 'soon' is not a duration"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_right(yckeys: Yckeys, arguments: list[str], words: str) -> None:
    ended = yckeys("inventory", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.errors.startswith(f"yckeys: {words}")


def test_every_cloud_of_the_stacks_is_looked_into(own_copy: Yckeys) -> None:
    for stack, cloud_id in (("prod", str(own_copy.environment["YC_CLOUD_ID"])), ("staging", "b1ganothercloud00000")):
        file = own_copy.folder / "stacks" / f"Pulumi.{stack}.yaml"
        file.write_text(file.read_text().replace("config:\n", f"config:\n  yandex-keys:cloudId: {cloud_id}\n"))
    own_copy.cloud.answers['FolderService/List {"cloud_id": "b1ganothercloud00000"}'] = []
    own_copy.environment["YC_CLOUD_ID"] = None
    assert {key["state"] for key in keys_of(own_copy, "--cloud")} > {"unmanaged", "orphan"}
    assert own_copy.cloud.calls["FolderService/List"] == 2


def test_stacks_of_two_endpoints_are_not_looked_into_at_once(own_copy: Yckeys) -> None:
    file = own_copy.folder / "stacks" / "Pulumi.staging.yaml"
    file.write_text(file.read_text().replace("config:\n", "config:\n  yandex-keys:endpoint: api.yandexcloud.kz:443\n"))
    assert len(keys_of(own_copy)) > 1
    ended = own_copy("inventory", "--cloud")
    assert ended.code == 2
    assert "the chosen stacks are on different endpoints" in ended.errors


def test_a_cloud_without_an_id_is_wrong_use(yckeys: Yckeys) -> None:
    yckeys.environment["YC_CLOUD_ID"] = None
    ended = yckeys("inventory", "--cloud")
    assert ended.code == 2
    assert "set yandex-keys:cloudId in the stack file, or YC_CLOUD_ID" in ended.errors


def test_a_state_of_an_unknown_form_could_not_be_looked_at(own_copy: Yckeys) -> None:
    with changed_outputs(own_copy, "ApiKey::translator/default") as outputs:
        del outputs["issuedAt"]
    ended = own_copy("inventory")
    assert (ended.code, ended.out) == (3, "")
    assert "ApiKey::translator/default isn't understood (KeyError 'issuedAt')" in ended.errors


def test_a_secret_in_a_state_stays_encrypted_and_out_of_sight(own_copy: Yckeys) -> None:
    """The key that is delivered as an output: what the engine encrypted is no part of an answer, not even encrypted."""
    state = (own_copy.folder / "state/.pulumi/stacks/api-keys/prod.json").read_text()
    encrypted = re.findall(r'"ciphertext": "([^"]+)"', state)
    assert encrypted
    for command in ("inventory", "plan", "audit", "metrics"):
        for options in ([], ["--json"]):
            printed = own_copy(command, *options).out
            assert [cipher for cipher in encrypted if cipher in printed] == []


def test_each_key_has_the_owner_that_its_stack_file_names(yckeys: Yckeys) -> None:
    owners = {(key["account"], key["key"], key["state"]): key["owner"] for key in keys_of(yckeys, "--cloud")}
    assert owners["translator", "default", "current"] == owners["translator", "default", "previous"] == "support-team"
    assert owners["translator", "nightly", "current"] == "data-team"
    assert owners["translator-staging", "default", "current"] is None
    # Of what no stack declares, the account's owner is whom to ask.
    assert owners["translator", None, "orphan"] == owners["translator", None, "unmanaged"] == "support-team"
    assert owners["legacy-ci", None, "unmanaged"] is owners["somebody-else", None, "another-state"] is None


def test_keys_of_one_owner_can_be_asked_for(yckeys: Yckeys) -> None:
    assert {key["account"] for key in keys_of(yckeys, "--owner", "shop")} == {"webshop"}
    assert [key["key"] for key in keys_of(yckeys, "--owner", "data-team") if key["state"] == "current"] == ["nightly"]


def test_the_picture_of_it_is_what_it_shows() -> None:
    """Otherwise `python -m tests.cli.pictures` makes it anew."""
    shown = inventory_picture()
    assert TERMINAL.read_text(encoding="utf-8") == shown
    assert re.findall(r"https?://[^\s\"<]+", shown) == ["http://www.w3.org/2000/svg", "https://www.textualize.io"]
    assert "url(" not in shown.replace("url(#", "")
