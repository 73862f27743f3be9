"""What is wrong with an API key's inputs is said before any call: every problem at once, each on one line with its path and what would be right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.yandex_keys import marks
from provider.yandex_keys.api_key.inputs import FIELDS, INPUTS, checked
from provider.yandex_keys.api_key.state import inputs_of
from provider.yandex_keys.errors import InvalidInput
from provider.yandex_keys.fields import changes
from provider.yandex_keys.properties import UNKNOWN, is_unknown

from .input_bags import ACCOUNT, bag, problems

DURATION = "is not a duration: write a whole number and a unit, such as 90d, 36h or 15m"


def test_every_default_is_filled_in() -> None:
    assert checked(bag()) == {
        "serviceAccountId": ACCOUNT,
        "scopes": ["yc.ai.translate.execute"],
        "description": "",
        "lifetime": "90d",
        "rotateEvery": "30d",
        "overlap": "7d",
        "spread": 10,
        "windows": [],
        "freezes": [],
        "compromised": [],
        "whenStillUsed": "extend",
        "exposeSecret": False,
        "lockbox": {"secretId": "e6qsecret", "secretEntry": "api_key", "keyIdEntry": "api_key_id"},
    }


def test_what_is_given_stays() -> None:
    lockbox = {"secretId": "e6qsecret", "secretEntry": "nightly", "keyIdEntry": "nightly.id"}
    verify = {"url": "https://example.com/", "method": "POST", "expectStatus": 204, "timeout": "5m"}
    given = bag(
        description="Nightly batch",
        lifetime="30d",
        rotateEvery="14d",
        overlap="3d",
        spread=0,
        windows=[{"days": ["mon", "fri"], "from": "22:00", "to": "04:00", "timezone": "Europe/Moscow"}],
        freezes=[{"from": "2026-12-20", "until": "2027-01-10T09:00:00+03:00", "why": "The end of the year"}],
        reissue="2026-12",
        compromised=["ajegone"],
        whenStillUsed="retire",
        exposeSecret=True,
        lockbox=lockbox,
        verify=verify,
    )
    assert checked(given) == given
    assert set(given) == set(INPUTS)


def test_checking_twice_changes_nothing() -> None:
    once = checked(bag(verify={"url": "https://example.com"}))
    assert checked(once) == once


def test_null_is_as_good_as_nothing() -> None:
    nulls = dict.fromkeys(set(INPUTS) - set(bag()))
    assert checked(bag(**nulls)) == checked(bag())
    lockbox = {"secretId": "e6qsecret", "secretEntry": None}
    assert checked(bag(lockbox=lockbox)) == checked(bag())


def test_sets_come_out_sorted_and_once_each() -> None:
    out = checked(bag(scopes=["yc.b", "yc.a", "yc.b"], compromised=["ajez", "ajea", "ajez"]))
    assert (out["scopes"], out["compromised"]) == (["yc.a", "yc.b"], ["ajea", "ajez"])


def test_all_problems_are_told_at_once() -> None:
    assert set(
        problems(serviceAccountId="", scopes=[], lifetime="soon", overlap="0d", whenStillUsed="never", reissue=5)
    ) == {"serviceAccountId", "scopes", "lifetime", "overlap", "whenStillUsed", "reissue"}
    with pytest.raises(InvalidInput) as raised:
        checked({})
    assert [path for path, _ in raised.value.problems] == ["serviceAccountId", "scopes", "lockbox"]


@pytest.mark.parametrize("account", [None, ""])
def test_an_account_is_required(account: str | None) -> None:
    expected = "is required: the id of the service account that the key belongs to"
    assert problems(serviceAccountId=account) == {"serviceAccountId": expected}


@pytest.mark.parametrize("account", ["x" * 51, "two words", "ключ", "aje\n", "aje\x00", 5, True, ["aje"], {}])
def test_an_account_is_an_id(account: object) -> None:
    expected = "must be the id of a service account, such as ajexxxxxxxxxxxxxxxxx"
    assert problems(serviceAccountId=account) == {"serviceAccountId": expected}


@pytest.mark.parametrize("scopes", [None, [], "yc.postbox.send", {"yc.postbox.send": True}, 1])
def test_at_least_one_scope_is_required(scopes: object) -> None:
    assert problems(scopes=scopes)["scopes"].startswith("give 1 to 100 scopes, such as yc.ai.translate.execute")


@pytest.mark.parametrize(
    "scope",
    ["", "  ", None, 5, ["a"], "a", "yc. a", "yc.", "yc.a\n", "yc.\x1b[31m", "yc.\u202eb", "yc.\ud800", "yc.\u0430"],
)
def test_a_scope_is_names_with_dots_between_them(scope: object) -> None:
    expected = "must be a scope such as yc.ai.translate.execute"
    assert problems(scopes=["yc.postbox.send", scope]) == {"scopes[1]": expected}


def test_the_api_takes_a_hundred_scopes_of_256_characters() -> None:
    most = [f"scope.{number:03}".ljust(256, "x") for number in range(100)]
    assert checked(bag(scopes=[*most, most[0]]))["scopes"] == most
    assert problems(scopes=[*most, "yc.z"])["scopes"].startswith("has 101 elements")
    long = problems(scopes=["yc.z", "yc." + "x" * 254, "yc.a"])
    assert list(long) == ["scopes[1]"]
    assert long["scopes[1]"].startswith("is 257 characters long")


@pytest.mark.parametrize("value", [5, True, ["words"], {"a": "b"}])
def test_description_and_reissue_are_texts(value: object) -> None:
    assert problems(description=value, reissue=value) == {
        "description": "must be a string",
        "reissue": "must be a string",
    }


@pytest.mark.parametrize("char", ["\n", "\r", "\t", "\x00", "\x1b", "\x85", "\u2028", "\u202e", "\ud800"])
def test_description_and_reissue_are_one_line(char: str) -> None:
    found = problems(description=f"a{char}b", reissue=f"a{char}b")
    assert list(found) == ["description", "reissue"]
    assert all("which can't stand there: write one line of" in reason for reason in found.values())


def test_a_reissue_is_a_text_of_1_to_256_characters() -> None:
    assert checked(bag(reissue="x" * 256))["reissue"] == "x" * 256
    assert problems(reissue="") == {"reissue": "is empty: write one line of 1 to 256 characters"}
    assert list(problems(reissue="x" * 257)) == ["reissue"]


def test_a_description_leaves_room_for_our_mark() -> None:
    most = 256 - marks.ROOM
    assert checked(bag(description="я" * most))["description"] == "я" * most
    expected = f"has {most + 1} characters, the limit is {most}: write one line of at most {most} characters"
    assert problems(description="я" * (most + 1)) == {"description": expected}


@pytest.mark.parametrize("name", ["lifetime", "rotateEvery", "overlap"])
@pytest.mark.parametrize("value", ["", "soon", "1.5h", "-1d", "٣d", 90, True, ["90d"], {}, "9" * 5_000])
def test_a_wrong_duration_is_told_with_its_path(name: str, value: object) -> None:
    found = problems(**{name: value})
    assert list(found) == [name]
    assert found[name].endswith(DURATION)


@pytest.mark.parametrize("name", ["lifetime", "rotateEvery", "overlap"])
def test_no_time_at_all_is_no_duration(name: str) -> None:
    assert problems(**{name: "0s"})[name].startswith("'0s' is no time at all")


@pytest.mark.parametrize("name", ["lifetime", "rotateEvery", "overlap"])
def test_a_period_is_15_minutes_at_least(name: str) -> None:
    long = {"lifetime": "90d", "rotateEvery": "15m", "overlap": "900s"}
    assert checked(bag(**long))["rotateEvery"] == "15m"
    assert problems(**{**long, name: "14m"})[name] == "'14m' is shorter than 15m: write 15m or longer"


def test_rotation_and_overlap_fit_into_a_lifetime() -> None:
    assert checked(bag(lifetime="37d", rotateEvery="30d", overlap="7d"))["lifetime"] == "37d"
    assert problems(lifetime="887h", rotateEvery="30d", overlap="7d") == {
        "lifetime": "887h is shorter than rotateEvery + overlap (30d + 7d): "
        "a key would die before its overlap ends; make it 37d or longer"
    }


def test_a_lifetime_ends_while_the_api_has_dates() -> None:
    assert checked(bag(lifetime="18250d"))["lifetime"] == "18250d"
    expected = "18251d would end after 2105, where the API's dates end: write 18250d or less"
    assert problems(lifetime="18251d") == {"lifetime": expected}
    assert problems(lifetime="18251d", overlap="18251d") == {"lifetime": expected}


@pytest.mark.parametrize("listed", ["ajegone", {"ajegone": True}, 5])
def test_compromised_is_a_list(listed: object) -> None:
    assert problems(compromised=listed) == {"compromised": "must be a list of key ids"}


@pytest.mark.parametrize(
    "key_id", ["", "two words", "aje\n", "ключ", "x" * 51, None, 5, "AQVN" + "x" * 36, "AQVNx", "aje_1", "Aje"]
)
def test_compromised_takes_ids_and_never_repeats_what_may_be_a_secret(key_id: object) -> None:
    expected = "must be a key id such as ajexxxxxxxxxxxxxxxxx, never the secret"
    assert problems(compromised=["ajegone", key_id]) == {"compromised[1]": expected}


@pytest.mark.parametrize("value", ["", "Extend", "never", True, 5, ["extend"], {}])
def test_when_still_used_is_extend_or_retire(value: object) -> None:
    assert problems(whenStillUsed=value) == {"whenStillUsed": f"{value!r} is not a choice: write extend or retire"}


def test_a_long_wrong_choice_is_cut() -> None:
    assert problems(whenStillUsed="x\n" * 1_000)["whenStillUsed"].partition(" is")[0] == "'" + "x\\n" * 18 + "x\\..."
    assert problems(whenStillUsed="x" * 58)["whenStillUsed"].startswith("'" + "x" * 58 + "' is")
    assert problems(whenStillUsed="x" * 59)["whenStillUsed"].startswith("'" + "x" * 56 + "... is")


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}])
def test_expose_secret_is_true_or_false(value: object) -> None:
    assert problems(exposeSecret=value) == {"exposeSecret": "must be true or false"}


def test_a_secret_that_goes_nowhere_is_an_error() -> None:
    expected = "the secret would go nowhere: give lockbox, or set exposeSecret to true"
    assert problems(lockbox=None) == {"lockbox": expected}
    assert "lockbox" not in checked(bag(lockbox=None, exposeSecret=True))


def test_unknown_names_are_told_with_the_nearest_that_is_known() -> None:
    assert problems(lifetme="90d", zzz=1) == {
        "lifetme": "is not an input of ApiKey; did you mean lifetime?",
        "zzz": "is not an input of ApiKey",
    }
    nested = problems(lockbox={"secretId": "e6q", "secretEntri": "a"}, verify={"url": "https://example.com", "q\n": 1})
    assert nested == {
        "lockbox.secretEntri": "is not an input of ApiKey; did you mean secretEntry?",
        "verify.'q\\n'": "is not an input of ApiKey",
    }


def test_what_the_engine_adds_for_itself_is_left_out() -> None:
    assert checked(bag(__defaults=[], __internal={})) == checked(bag())


@pytest.mark.parametrize("name", INPUTS)
def test_what_is_not_known_yet_passes(name: str) -> None:
    assert checked(bag(**{name: UNKNOWN}))[name] is UNKNOWN


def test_what_is_not_known_yet_passes_inside_too() -> None:
    parts = {
        "scopes": ["b", UNKNOWN],
        "compromised": [UNKNOWN],
        "lockbox": {"secretId": UNKNOWN, "secretEntry": UNKNOWN, "keyIdEntry": UNKNOWN},
        "verify": {"url": UNKNOWN},
    }
    assert {name: checked(bag(**parts))[name] for name in parts} == parts


def test_what_is_known_is_checked_beside_what_is_not() -> None:
    assert list(problems(lockbox=UNKNOWN, scopes=UNKNOWN, overlap=UNKNOWN, lifetime="soon")) == ["lifetime"]


TEXTS = (
    st.text() | st.text(st.characters()) | st.sampled_from(["90d", "extend", "https://example.com", "a", "AQVN", ""])
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just(UNKNOWN)
NAMES = st.sampled_from([*INPUTS, "secretId", "secretEntry", "keyIdEntry", "url", "method", "timeout"]) | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=8
)


@given(st.dictionaries(NAMES, VALUES) | st.dictionaries(NAMES, VALUES).map(lambda more: bag(**more)))
def test_anything_at_all_is_either_fine_or_told_line_by_line(given_bag: dict[str, Any]) -> None:
    out = answer(given_bag)
    if isinstance(out, InvalidInput):
        assert out.problems
        assert all(path and reason and (path + reason).isprintable() for path, reason in out.problems)
    elif not is_unknown(out):
        inputs_of(out)


def answer(given_bag: dict[str, Any]) -> dict[str, Any] | InvalidInput:
    try:
        return checked(given_bag)
    except InvalidInput as error:
        return error


@pytest.mark.parametrize(
    ("calendar", "run_every", "path"),
    [
        ({"windows": [{"days": ["mon"], "from": "09:00", "to": "17:00"}]}, timedelta(days=16), "windows"),
        ({"windows": [{"from": "09:00", "to": "17:00"}]}, timedelta(days=4), "windows"),
        ({"freezes": [{"from": "2026-12-20", "until": "2027-01-10"}]}, timedelta(days=4), "freezes"),
    ],
)
def test_a_calendar_that_runs_can_not_follow_is_refused_and_one_whose_runs_are_not_known_is_not(
    calendar: dict[str, Any], run_every: timedelta, path: str
) -> None:
    with pytest.raises(InvalidInput) as told:
        checked(bag(**calendar), run_every)
    assert [where for where, _ in told.value.problems] == [path]
    assert checked(bag(**calendar), timedelta(days=1))[path]
    assert checked(bag(**calendar))[path]


def test_windows_that_are_not_known_yet_pass() -> None:
    window = {"from": UNKNOWN, "to": "17:00"}
    assert is_unknown(checked(bag(windows=[window]), timedelta(days=1))["windows"])
    assert checked(bag(windows=UNKNOWN, freezes=UNKNOWN, spread=UNKNOWN), timedelta(days=1))["spread"] is UNKNOWN


def test_two_ways_of_writing_a_freeze_are_no_change_and_another_moment_or_reason_is_one() -> None:
    """Stacks have had in their state what the engine prints of a date without quotes."""
    had = checked(bag(freezes=[{"from": "2026-12-20 00:00:00 +0000 UTC", "until": "2027-01-10", "why": "A fair"}]))
    freeze = {"from": "2026-12-20", "until": "2027-01-10T03:00:00+03:00", "why": "A fair"}
    assert changes(FIELDS, had, checked(bag(freezes=[freeze]))) == {}
    for other in ({**freeze, "from": "2026-12-21"}, {**freeze, "why": "Fairs"}):
        assert list(changes(FIELDS, had, checked(bag(freezes=[other])))) == ["freezes"]
    assert list(changes(FIELDS, had, checked(bag()))) == ["freezes"]
    assert list(changes(FIELDS, had, checked(bag(freezes=[{**freeze, "until": UNKNOWN}])))) == ["freezes"]
