"""One wrong stack file a rule: the line names the path, what is wrong and what would be right. And never more than is wrong."""

from __future__ import annotations

import pytest

from components.spec import SpecError, account_problems, parse, parse_account
from tests.components import wrong_accounts, wrong_keys
from tests.components.wrong_keys import A_DURATION, KEY, READER, account, key, keys


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
        "accounts[1] (translator).name: 'translator' is the name of accounts[0] (translator) already: give each account its own name"
    ]


CLASH = "write another name: a secret belongs to one account of its folder"


def test_secrets_of_two_accounts_clash() -> None:
    other = {"name": "other", "keys": [{**KEY, "secret": "translator-default"}]}
    assert problems([account(), other]) == [
        "accounts[1] (other).keys[0] (default).secret: translator-default is a secret of translator already, by "
        "accounts[0] (translator).keys[0] (default).secret: " + CLASH
    ]


def test_a_secret_that_stays_clashes_with_another_accounts_too() -> None:
    listing = {"name": "listing", "keys": [], "secrets": ["one-another", "shared"]}
    other = {"name": "one", "keys": [{**KEY, "name": "another"}, {**KEY, "name": "more", "secret": "shared"}]}
    assert problems([listing, other]) == [
        f"accounts[1] (one).keys[0] (another).secret: one-another is a secret of listing already, by accounts[0] (listing).secrets[0]: {CLASH}",
        f"accounts[1] (one).keys[1] (more).secret: shared is a secret of listing already, by accounts[0] (listing).secrets[1]: {CLASH}",
    ]


def test_secrets_of_one_name_in_two_folders_do_not_clash() -> None:
    other = {"name": "other", "folderId": "b1gother", "keys": [{**KEY, "secret": "translator-default"}]}
    spec = parse(None, [account(), other])
    assert [each.folder_id for each in spec.accounts] == [None, "b1gother"]


def test_a_folder_that_is_named_and_one_that_is_the_settings_may_be_the_same() -> None:
    other = {"name": "other", "folderId": "b1gfolder", "keys": [{**KEY, "secret": "translator-default"}]}
    with pytest.raises(
        SpecError,
        match=r"accounts\[1\] \(other\).keys\[0\] \(default\).secret: .*, by accounts\[0\] \(translator\).keys",
    ):
        parse(None, [account(), other], folder_id="b1gfolder")
    assert parse(None, [account(), other], folder_id="b1gelsewhere").accounts


def readers(*accounts: tuple[str, list[str]], **more: object) -> list[dict[str, object]]:
    return [{"name": name, "keys": [], "readers": listed, **more} for name, listed in accounts]


def test_accounts_may_read_each_others_secrets_whichever_comes_first() -> None:
    accounts = readers(("shop", ["account:desk", "self"]), ("desk", ["account:shop"]))
    assert [each.readers for each in parse(None, accounts).accounts] == [("account:desk", "self"), ("account:shop",)]


@pytest.mark.parametrize(
    ("reader", "line"),
    [
        ("account:dekc", "no account is called dekc: did you mean desk?"),
        ("account:zzz", "no account is called zzz: accounts: desk"),
        ("account:shop", "account:shop is the account itself: write self"),
        ("account:before", "no account is called before: it was renamed, write account:desk"),
        ("account:No", f"'account:No' is not a reader: {READER}"),
        ("account:", f"'account:' is not a reader: {READER}"),
    ],
)
def test_a_reader_that_is_no_account_is_told_where_it_stands(reader: str, line: str) -> None:
    desk = {"name": "desk", "renamedFrom": "before", "keys": []}
    assert problems([*readers(("shop", ["self", reader])), desk]) == [f"accounts[0] (shop).readers[1]: {line}"]


def test_a_reader_is_not_called_missing_where_the_name_of_an_account_cannot_be_read() -> None:
    assert len(problems(readers(("shop", ["account:desk"]), ("Desk", [])))) == 1


def test_one_account_alone_may_be_read_by_those_that_the_program_gives_it() -> None:
    written = {"name": "shop", "keys": [], "readers": ["account:desk"]}
    assert parse_account(written, accounts=["desk"]).readers == ("account:desk",)
    with pytest.raises(SpecError, match="no account is called desk: there are no other accounts: write self"):
        parse_account(written)


def test_an_account_alone_is_judged_as_data_by_paths_below_it() -> None:
    written = {"name": "translator", "colour": 1, "keys": [{**KEY, "overlap": "soon"}], "readers": ["account:desk"]}
    found = [(problem.path, problem.text) for problem in account_problems(written, accounts=["desk"])]
    assert [path for path, _ in found] == ["colour", "keys[0].overlap"]
    assert found[1][1] == f"'soon' is not a duration: {A_DURATION}"
    assert account_problems(account()) == []
    assert [(each.path, each.text) for each in account_problems("x")] == [
        ("", "'x' where a mapping of fields belongs: write fields as `name: value`")
    ]


def test_an_account_alone_is_refused_by_that_name() -> None:
    with pytest.raises(SpecError) as refused:
        parse_account(key(overlap="soon", lifetime=5))
    assert str(refused.value).splitlines()[0] == "the account has 2 problems:"
    assert str(refused.value).splitlines()[1].startswith("  keys[0] (default).lifetime: ")


@pytest.mark.parametrize("what", ["account", "key"])
def test_a_swap_is_refused_on_both_sides_with_the_way_to_do_it(what: str) -> None:
    names = [("first", "second"), ("second", "first")]
    if what == "key":
        written = [keys(*({**KEY, "name": name, "renamedFrom": before} for name, before in names))]
        paths = [f"accounts[0] (translator).keys[{number}] ({name})" for number, (name, _) in enumerate(names)]
    else:
        written = [{"name": name, "renamedFrom": before, "keys": []} for name, before in names]
        paths = [f"accounts[{number}] ({name})" for number, (name, _) in enumerate(names)]
    assert problems(written) == [
        f"{path}.renamedFrom: {before!r} is the name of {other} still: two names are swapped in two steps, by a third "
        f"name: rename {other}, run `pulumi up`, then rename this one; or leave it out"
        for (path, other), (_, before) in zip([paths, paths[::-1]], names, strict=True)
    ]


def test_a_chain_of_renames_is_refused_where_a_name_is_not_free() -> None:
    chain = [("c", "b"), ("b", "a")]
    (line,) = problems([keys(*({**KEY, "name": name, "renamedFrom": before} for name, before in chain))])
    assert line.startswith(
        "accounts[0] (translator).keys[0] (c).renamedFrom: 'b' is the name of accounts[0] (translator).keys[1] (b) still: a name is taken"
    )


def test_renames_of_accounts_are_judged_as_those_of_keys() -> None:
    written = [
        {"name": "new", "renamedFrom": "old", "keys": []},
        {"name": "newer", "renamedFrom": "old", "keys": []},
        {"name": "newest", "renamedFrom": "new", "keys": []},
    ]
    assert [line.partition(": ")[0] for line in problems(written)] == [
        "accounts[1] (newer).renamedFrom",
        "accounts[2] (newest).renamedFrom",
    ]


def test_names_in_two_accounts_have_nothing_to_do_with_each_other() -> None:
    accounts = [
        {"name": "one", "keys": [{**KEY, "name": "a", "renamedFrom": "b"}]},
        {"name": "two", "keys": [{**KEY, "name": "b", "renamedFrom": "a"}]},
    ]
    assert len(parse(None, accounts).accounts) == 2


def test_a_listed_secret_may_be_one_that_a_key_uses() -> None:
    (spec,) = parse(None, [account(secrets=["translator-old", "translator-default"])]).accounts
    assert spec.secrets == ("translator-default", "translator-old")


def test_a_schedule_names_where_each_value_comes_from() -> None:
    defaults = {"rotateEvery": "60d", "overlap": "20d"}
    assert problems([key(lifetime="70d")], defaults) == [
        "accounts[0] (translator).keys[0] (default).lifetime: rotateEvery 60d (from defaults) + overlap 20d (from defaults) = 80d "
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


def test_accounts_under_a_misspelt_setting_are_not_called_missing_as_well() -> None:
    with pytest.raises(SpecError) as refused:
        parse(None, None, others=["acounts"])
    assert [str(problem) for problem in refused.value.problems] == [
        "acounts: unknown setting under api-keys: did you mean accounts?"
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
        "accounts[0].keys[0] (a).uses[0]",
        "accounts[0].keys[1] (a).overlap",
        "accounts[0].keys[1] (a).scopes",
        "accounts[0].keys[0] (a).overlap",
        "accounts[0].keys[1] (a).name",
        "accounts[1] (other).typo",
        "accounts[1] (other).keys[0] (b)",
    ]


def test_the_error_counts_and_lists_the_problems() -> None:
    with pytest.raises(SpecError) as refused:
        parse(None, [account(name="No"), 5])
    assert str(refused.value).splitlines()[0] == "the stack file has 2 problems:"
    assert len(str(refused.value).splitlines()) == 3
