"""Invariants of reading, over anything that YAML can hold: nothing but SpecError is raised, each problem is one short line with a
path, and what is accepted is kept as it was written, with every default filled in.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yandex.cloud.lockbox.v1.secret_service_pb2 import CreateSecretRequest

from components import catalogue
from components.spec import AccountSpec, KeySpec, Spec, SpecError, VerifySpec, account_problems, parse, parse_account
from components.spec.problems import MOST_SHOWN
from provider.yandex_keys import marks
from provider.yandex_keys.durations import SHORTEST, parse_duration
from provider.yandex_keys.limits import field_violations

LONGEST_LINE = 1200
CREATE_SECRET: str = CreateSecretRequest.DESCRIPTOR.full_name

FIELDS = sorted(
    {str(field.alias) for model in (AccountSpec, KeySpec, VerifySpec) for field in model.model_fields.values()}
)
texts = st.text() | st.sampled_from(
    ["translate", "translator", "default", "90d", "self", "lockbox", "yc.postbox.send", "\n", "\ud800", "${x}", "true"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=6),
    max_leaves=30,
)
near_keys = st.fixed_dictionaries(
    {"name": texts}, optional={name: anything for name in FIELDS if name not in ("name", "keys")}
)
near_account: dict[str, st.SearchStrategy[Any]] = {
    "name": texts,
    "keys": st.lists(near_keys | anything, max_size=3) | anything,
}
near_accounts = st.fixed_dictionaries(
    near_account,
    optional=dict.fromkeys(("description", "owner", "readers", "roles", "labels", "kmsKey", "folderId"), anything),
)

names = st.from_regex(r"\A[a-z][-a-z0-9]{1,10}[a-z0-9]\Z")
durations = (
    st.integers(1, 1000)
    .flatmap(lambda count: st.sampled_from([f"{count}{unit}" for unit in "dhms"]))
    .filter(lambda text: parse_duration(text) >= SHORTEST)
)
delivery = st.sampled_from(["lockbox", "output", "both"])


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, str]:
    every, overlap = draw(durations), draw(durations)
    seconds = int((parse_duration(every) + parse_duration(overlap)).total_seconds())
    return {"rotateEvery": every, "overlap": overlap, "lifetime": f"{seconds + draw(st.integers(0, 10**6))}s"}


good_keys = st.builds(
    lambda name, schedule, optional: {"name": name, **schedule, **optional},
    names,
    schedules() | st.just({}),
    st.fixed_dictionaries(
        {"uses": st.lists(st.sampled_from(sorted(catalogue.SERVICES)), min_size=1, unique=True)},
        optional={
            "deliver": delivery,
            "description": st.text(st.characters(categories=["L", "N", "P"]), max_size=207),
            "whenStillUsed": st.sampled_from(["extend", "retire"]),
            "compromised": st.lists(st.from_regex(r"\Aaje[a-z0-9]{17}\Z"), unique=True, max_size=3),
            "verify": st.just(False) | st.just({"url": "https://example.com/", "expectStatus": 204}),
        },
    ),
)
good_account: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        # A hyphen in both names could make two secrets of one name.
        "name": st.from_regex(r"\A[a-z][a-z0-9]{2,20}\Z"),
        "keys": st.lists(good_keys, max_size=3, unique_by=lambda key: str(key["name"])),
    },
    optional={
        "readers": st.just(["self", "group:ajegroup"]),
        "roles": st.just(["viewer"]),
        "kmsKey": st.booleans() | st.just("abjkey"),
    },
)
good_accounts = st.lists(good_account, max_size=3, unique_by=lambda account: str(account["name"]))


def read(defaults: object, accounts: object) -> Spec | SpecError:
    try:
        return parse(defaults, accounts)
    except SpecError as error:
        return error


def assert_readable(error: SpecError) -> None:
    assert error.problems
    for problem in error.problems:
        line = str(problem)
        assert len(line.splitlines()) == 1
        assert line.isprintable()
        assert len(line) < LONGEST_LINE
        assert problem.path
        assert problem.wrong
        assert problem.right
    assert len(str(error).splitlines()) == 1 + min(len(error.problems), MOST_SHOWN) + (len(error.problems) > MOST_SHOWN)


@settings(max_examples=150, deadline=None)
@given(anything, anything)
def test_anything_at_all_is_read_or_refused_in_lines(defaults: object, accounts: object) -> None:
    result = read(defaults, accounts)
    if isinstance(result, SpecError):
        assert_readable(result)


@settings(max_examples=150, deadline=None)
@given(near_accounts | anything, anything)
def test_one_account_is_judged_as_data_whatever_it_is(account: object, defaults: object) -> None:
    found = account_problems(account, defaults)
    if found:
        with pytest.raises(SpecError) as refused:
            parse_account(account, defaults)
        assert list(refused.value.problems) == found
    else:
        parse_account(account, defaults)
    assert all(problem.text.isprintable() for problem in found)


@settings(max_examples=100, deadline=None)
@given(st.none() | st.dictionaries(st.sampled_from(FIELDS), anything, max_size=4), st.lists(near_accounts, max_size=3))
def test_what_is_nearly_right_is_read_or_refused_in_lines(defaults: object, accounts: object) -> None:
    result = read(defaults, accounts)
    if isinstance(result, SpecError):
        assert_readable(result)


@settings(max_examples=100, deadline=None)
@given(good_accounts)
def test_what_is_right_is_kept_as_written_and_filled_in(accounts: list[dict[str, Any]]) -> None:
    spec = parse(None, accounts)
    for account, written in zip(spec.accounts, accounts, strict=True):
        plain = account.model_dump(by_alias=True, mode="json")
        assert {name: plain[name] for name in written if name != "keys"} == {
            name: value for name, value in written.items() if name != "keys"
        }
        for key, written_key in zip(account.keys, written["keys"], strict=True):
            plain_key = key.model_dump(by_alias=True, mode="json")
            kept = {name: value for name, value in written_key.items() if name != "verify"}
            assert {name: plain_key[name] for name in kept} == kept
            assert parse_duration(key.rotate_every) + parse_duration(key.overlap) <= parse_duration(key.lifetime)
            assert key.all_scopes
            assert key.in_lockbox or key.as_output
            assert (key.secret is not None) == key.in_lockbox
            assert key.verify is not True


@settings(max_examples=50, deadline=None)
@given(good_accounts)
def test_reading_what_was_read_changes_nothing(accounts: list[dict[str, Any]]) -> None:
    for account in parse(None, accounts).accounts:
        assert parse_account(account) == account


def deep(levels: int) -> object:
    value: object = "x"
    for level in range(levels):
        value = [value] if level % 2 else {"keys": value}
    return value


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "value",
    [
        "x" * 10_000_000,
        "\n" * 10_000_000,
        "я" * 1_000_000,
        10**5000,
        -(10**5000),
        float("nan"),
        float("inf"),
        deep(5000),
        ["x"] * 200_000,
        {str(number): number for number in range(20_000)},
    ],
    ids=["10 MB", "10 MB of lines", "no ASCII", "large", "small", "nan", "inf", "deep", "many items", "many fields"],
)
def test_a_monstrous_value_is_refused_in_short_lines(field: str, value: object) -> None:
    key = {"name": "default", "uses": ["translate"], "verify": {"url": "https://example.com/", field: value}}
    result = read({field: value}, [{"name": "translator", field: value, "keys": [{**key, field: value}]}])
    assert isinstance(result, SpecError)
    assert_readable(result)


def test_a_monstrous_field_name_is_cut() -> None:
    result = read(None, [{"name": "translator", "keys": [], "x" * 10_000_000: 1}])
    assert isinstance(result, SpecError)
    assert_readable(result)


def test_field_names_that_are_not_text_are_refused() -> None:
    result = read({1: 2}, [{"name": "translator", "keys": [{None: 1, "name": "a", "uses": ["vision"]}], True: 1}])
    assert isinstance(result, SpecError)
    assert_readable(result)
    assert len(result.problems) == 3


def test_very_many_problems_are_counted_and_cut() -> None:
    result = read(None, [5] * 3000)
    assert isinstance(result, SpecError)
    assert len(result.problems) == 3000
    assert str(result).splitlines()[-1] == "  and 2000 more"


label_texts = st.from_regex(r"\A[-_0-9a-z]{1,5}\Z")
answered_for = st.fixed_dictionaries(
    {},
    optional={
        "owner": label_texts,
        "labels": st.dictionaries(st.sampled_from(["owner", "env", "team", "tier"]), label_texts, max_size=3),
    },
)


@given(answered_for, answered_for, st.lists(st.tuples(answered_for, st.booleans()), min_size=1, max_size=3))
def test_whose_a_key_is_follows_from_what_is_nearest(
    defaults: dict[str, Any], account: dict[str, Any], keys: list[tuple[dict[str, Any], bool]]
) -> None:
    """And whatever is said, the API takes the labels that come of it, and reading it again changes nothing."""
    written = [
        {"name": f"k{at}", "uses": ["translate"], "secretEntry": f"k{at}", "keyIdEntry": f"k{at}.id", **said}
        | ({"secret": "shared"} if shares else {})
        for at, (said, shares) in enumerate(keys)
    ]
    problems: list[str] = []
    try:
        read = parse(defaults, [{"name": "translator", **account, "keys": written}]).accounts[0]
    except SpecError as error:
        problems = [problem.path for problem in error.problems]
    # The one thing that can be wrong: a label `owner` that says another than the owner.
    assert all(path.endswith("labels.owner") for path in problems)
    if problems:
        return
    levels = [defaults, account]
    for key, (said, _) in zip(read.keys, keys, strict=True):
        assert key.owner == next((it["owner"] for it in reversed([*levels, said]) if "owner" in it), None)
        merged = {name: text for it in [*levels, said] for name, text in it.get("labels", {}).items()}
        assert {**key.labels, "owner": key.owner or key.labels.get("owner")} == {
            **merged,
            "owner": key.owner or merged.get("owner"),
        }
    for secret in read.secrets:
        sent = marks.with_labels(read.labels_of(secret), "0" * marks.OWNER_DIGITS, "a" * marks.RANDOM_DIGITS)
        assert field_violations(CREATE_SECRET, "labels", sent) == []
        of_keys = {key.owner for key in read.keys if read.secret_of(key) == secret}
        if len(of_keys) == 1 and None not in of_keys:
            assert read.labels_of(secret)["owner"] in of_keys
    assert parse_account(read) == read
