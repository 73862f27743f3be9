"""One wrong stack file a rule: the line names the path, what is wrong and what would be right. And never more than is wrong."""

from __future__ import annotations

import pytest

from components.spec import SpecError, parse
from tests.components import wrong_accounts, wrong_keys
from tests.components.wrong_keys import A_DURATION, KEY, account, key


def problems(accounts: object, defaults: object = None) -> list[str]:
    with pytest.raises(SpecError) as refused:
        parse(defaults, accounts)
    return [str(problem) for problem in refused.value.problems]


CASES = {**wrong_accounts.CASES, **wrong_keys.CASES}


@pytest.mark.parametrize("case", CASES)
def test_each_slip_is_one_line_with_its_path_and_remedy(case: str) -> None:
    written, line = CASES[case]
    assert problems([written]) == [line]


def test_accounts_of_one_name_clash() -> None:
    other = account(keys=[{**KEY, "name": "other"}])
    assert problems([account(), other]) == [
        "accounts[1].name: 'translator' is the name of accounts[0] already: give each account its own name"
    ]


def test_secrets_of_two_accounts_clash() -> None:
    other = {"name": "other", "keys": [{**KEY, "secret": "translator-default"}]}
    assert problems([account(), other]) == [
        "accounts[1].keys[0].secret: accounts[0] (translator) has a secret named translator-default already: "
        "write another name: a secret belongs to one account"
    ]


def test_secrets_of_one_name_in_two_folders_do_not_clash() -> None:
    other = {"name": "other", "folderId": "b1gother", "keys": [{**KEY, "secret": "translator-default"}]}
    spec = parse(None, [account(), other])
    assert [each.folder_id for each in spec.accounts] == [None, "b1gother"]


def test_a_schedule_names_where_each_value_comes_from() -> None:
    defaults = {"rotateEvery": "60d", "overlap": "20d"}
    assert problems([key(lifetime="70d")], defaults) == [
        "accounts[0].keys[0].lifetime: rotateEvery 60d (from defaults) + overlap 20d (from defaults) = 80d "
        "is longer than lifetime 70d: shorten rotateEvery or overlap, or set lifetime to 80d"
    ]


def test_defaults_that_cannot_be_kept_are_named_once_where_they_stand() -> None:
    assert problems([account(), {**account(), "name": "other"}], {"rotateEvery": "89d"}) == [
        "defaults.rotateEvery: rotateEvery 89d + overlap 7d (built in) = 96d is longer than lifetime 90d (built in): "
        "shorten rotateEvery or overlap, or set lifetime to 96d"
    ]


def test_bad_defaults_are_named_once_where_they_stand() -> None:
    assert problems([key(lifetime="8d"), {**account(), "name": "other"}], {"overlap": 7, "lifetim": "1d"}) == [
        f"defaults.overlap: the number 7 where text belongs: {A_DURATION}",
        "defaults.lifetim: unknown field: did you mean lifetime?",
    ]


@pytest.mark.parametrize(
    ("accounts", "wrong"),
    [(None, "is missing"), ("translator", "'translator' where a list belongs"), ({}, "a mapping where a list belongs")],
)
def test_accounts_have_to_be_a_list(accounts: object, wrong: str) -> None:
    assert problems(accounts) == [f"accounts: {wrong}: list the service accounts under api-keys:accounts"]


def test_a_misspelt_setting_is_named() -> None:
    with pytest.raises(SpecError) as refused:
        parse(None, [], others=["default", "x\ny"])
    assert [str(problem) for problem in refused.value.problems] == [
        "default: unknown setting under api-keys: did you mean defaults?",
        "['x\\ny']: unknown setting under api-keys: settings: accounts, defaults",
    ]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    first = {
        "name": "Translator",
        "keys": [
            {"name": "a", "uses": ["translat"], "lifetime": "9d", "rotateEvery": "9d", "overlap": "9d"},
            {"name": "a", "scopes": [], "overlap": "x"},
        ],
    }
    second = {"name": "other", "keys": [{"name": "b", "deliver": "both"}], "typo": 1}
    assert [line.split(":")[0] for line in problems([first, second])] == [
        "accounts[0].name",
        "accounts[0].keys[0].uses[0]",
        "accounts[0].keys[1].overlap",
        "accounts[0].keys[1].scopes",
        "accounts[0].keys[0].overlap",
        "accounts[0].keys[1].name",
        "accounts[1].typo",
        "accounts[1].keys[0]",
    ]


def test_the_error_counts_and_lists_the_problems() -> None:
    with pytest.raises(SpecError) as refused:
        parse(None, [account(name="No"), 5])
    assert str(refused.value).splitlines()[0] == "the stack file has 2 problems:"
    assert len(str(refused.value).splitlines()) == 3
