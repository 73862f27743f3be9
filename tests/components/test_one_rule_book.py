"""What the stack file accepts, the provider accepts, and what it refuses, the provider refuses: case by case, for each input of an API key.

The stack file is stricter in three things, on purpose, and in nothing else: null and an item that is listed twice are slips of the pen there (a
program's null means the default, and a set has no order and no copies), and the catalogue knows services by name.
"""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.service_account_keys import ServiceAccountKeys
from components.spec import SpecError, parse_account
from provider.yandex_keys import fields as provider_fields
from provider.yandex_keys.access_binding import FolderIamMember, LockboxSecretIamMember
from provider.yandex_keys.api_key.inputs import checked
from provider.yandex_keys.errors import InvalidInput
from provider.yandex_keys.http import address
from provider.yandex_keys.key_rules import DESCRIPTION_LENGTH, url_problem
from provider.yandex_keys.kms_symmetric_key import KmsSymmetricKey
from provider.yandex_keys.lockbox_secret import LockboxSecret
from provider.yandex_keys.service_account import ServiceAccount
from tests.components.declared import run

Case = dict[str, Any]
"""Fields of a key as they stand in a stack file, those of `verify` and of the delivery among them."""

BASE: Final[Case] = {"scopes": ["yc.ai.translate.execute"]}
ADDRESS: Final = "https://example.com/"
LONE: Final = "\ud800"

DURATIONS: Final[tuple[Any, ...]] = (
    *("90d", "36h", "15m", "900s", "0015m", "14m", "899s", "1s", "0d", "18250d", "18251d", "36500d", "36501d", "1h"),
    *("3601s", "2h", "61m", "60m", "", "soon", "1.5h", "-1d", "٣d", " 90d", "90d\n", "1h30m", "90D", "9" * 5000),
    *(90, 90.0, True, [], ["90d"], {"d": 90}, LONE),
)
TEXTS: Final[tuple[Any, ...]] = (
    *("", "a", "The desk", "заметка", "a\nb", "a\rb", "a\tb", "a\x00b", "\x1b[31m", "a\x85b", "a\u2028b", "a\u202eb"),
    *(LONE, "\u200b", "x" * 207, "x" * 208, "x" * 256, "x" * 257, "x" * 10_000, "${x}", "null", " ", "a b", "\u00a0"),
    *(5, 0.5, True, [], ["words"], {"a": "b"}, float("nan"), 10**400),
)
SCOPE_LISTS: Final[tuple[Any, ...]] = (
    *([], ["yc.a"], ["yc.b", "yc.a"], ["yc.a.b-c_d"], ["a"], ["yc."], [".a"], ["yc..a"], ["yc. a"], ["yc.a\n"], [""]),
    *(["yc.\u0430"], ["yc.\u202ea"], [LONE], ["yc." + "a" * 253], ["yc." + "a" * 254], [5], [["yc.a"]], [True]),
    *([f"yc.s{n}" for n in range(100)], [f"yc.s{n}" for n in range(101)], "yc.a", {"yc.a": True}, 5, True),
)
ID_LISTS: Final[tuple[Any, ...]] = (
    *([], ["aje1"], ["ajez", "ajea"], [""], ["AQVNx"], ["Aje"], ["aje_1"], ["aje-1"], ["aje 1"], ["aje\n"], ["ключ"]),
    *(["a" * 50], ["a" * 51], [5], [["aje"]], [LONE], "aje", {"aje": True}, 5, True),
)
ENTRIES: Final[tuple[Any, ...]] = (
    *("api_key", "api_key_id", "a", "a/b\\c.d-e@f", "", "a b", "ключ", "a\n", "a:b", "$", "x" * 256, "x" * 257, LONE),
    *(5, True, ["a"], {}),
)
ADDRESSES: Final[tuple[Any, ...]] = (
    *(ADDRESS, "https://example.com:8443/path?q=1", "http://127.0.0.1:80/", "http://localhost", "http://[::1]:1/"),
    *("HTTPS://EXAMPLE.COM/", "http://LOCALHOST/", "https://example.com", "", "example.com", "ftp://example.com"),
    *("http://example.com", "https://", "https:///path", "http://127.0.0.1.example.com", "https://a:b@example.com"),
    *("https://@example.com", "https://exa mple.com", "https://a\nb", "https://example.com:99999", "https://a:0"),
    *("https://example.com:x", "https://[::1", "//localhost", "https://example.com\\@b", "https://пример.example/"),
    *("https://example.com/\u202e", "https://example.com/" + "a" * 2028, "https://example.com/" + "a" * 2029, LONE),
    *("https://example.com/?folderId={folderId}", "http://169.254.169.254/", "http://0.0.0.0/", "http://127.1/"),
    *(5, True, [ADDRESS], {}),
)
CHOICES: Final[tuple[Any, ...]] = ("extend", "retire", "", "Extend", "never", True, 5, ["extend"], {})
SPREADS: Final[tuple[Any, ...]] = (0, 1, 10, 50, 51, -1, 10**400, 10.5, "10", True, [10], {}, float("nan"))
WINDOW_LISTS: Final[tuple[Any, ...]] = (
    *([], [{"from": "09:00", "to": "17:00"}], [{"from": "22:00", "to": "04:00"}], [{"from": "00:00", "to": "24:00"}]),
    [{"days": ["mon", "sun"], "from": "09:00", "to": "17:00", "timezone": "Europe/Moscow"}],
    [{"days": ["sun", "mon"], "from": "09:00", "to": "17:00", "timezone": "Asia/Kathmandu"}, {"from": "1", "to": "2"}],
    *([{"from": "09:00"}], [{"to": "17:00"}], [{}], [5], ["mon"], {}, 5, "mon", True, [None], [[]]),
    *([{"from": "09:00", "to": "09:00"}], [{"from": "24:00", "to": "09:00"}], [{"from": "9:00", "to": "17:00"}]),
    *([{"from": "09:00", "to": "25:00"}], [{"from": "09:00:00", "to": "17:00"}], [{"from": 540, "to": 1020}]),
    *([{"from": "09:00", "to": "17:00", "days": days}] for days in ([], ["Mon"], ["monday"], "mon", [5], [["mon"]])),
    *(
        [{"from": "09:00", "to": "17:00", "timezone": zone}]
        for zone in ("Moscow", "europe/moscow", "", "MSK", "+03:00")
    ),
    *([{"from": "09:00", "to": "17:00", "timezone": zone}] for zone in ("../UTC", "UTC\n", 3, LONE, "x" * 10_000)),
    *(
        [{"from": "09:00", "to": "17:00", "colour": "red"}],
        [{"from": LONE, "to": "17:00"}],
        [{"from": "0\u0669:00", "to": "1"}],
    ),
    *([{"from": f"00:{n:02}", "to": "24:00"} for n in range(most)] for most in (20, 21)),
)
FREEZE_LISTS: Final[tuple[Any, ...]] = (
    *([], [{"from": "2026-12-20", "until": "2027-01-10"}], [{"from": "2026-12-20", "until": "2027-01-10", "why": "x"}]),
    [{"from": "2026-12-20T18:00:00+03:00", "until": "2027-01-10T09:00:00Z"}],
    *([{"from": "2026-12-20"}], [{"until": "2026-12-20"}], [{}], [5], {}, 5, "2026-12-20", True, [[]]),
    *([{"from": "2026-12-20", "until": "2026-12-20"}], [{"from": "2027-01-10", "until": "2026-12-20"}]),
    *([{"from": "2026-02-30", "until": "2027-01-10"}], [{"from": "tomorrow", "until": "2027-01-10"}]),
    *([{"from": "2026-12-20T18:00:00", "until": "2027-01-10"}], [{"from": 20261220, "until": "2027-01-10"}]),
    *([{"from": "2026-12-20", "until": "9999-12-31T23:59:59-01:00"}], [{"from": "0001-01-01", "until": "2027-01-10"}]),
    *([{"from": "2026-12-20", "until": "2027-01-10", "why": why}] for why in ("", "я" * 256, "я" * 257, "a\nb", 5)),
    *([{"from": "2026-12-20", "until": "2027-01-10", "colour": "red"}], [{"from": LONE, "until": "2027-01-10"}]),
    *(
        [{"from": "2026-12-20", "until": f"2027-{n // 28 + 1:02}-{n % 28 + 1:02}"} for n in range(m)]
        for m in (100, 101)
    ),
)
METHODS: Final[tuple[Any, ...]] = ("GET", "HEAD", "POST", "PUT", "get", "DELETE", "PATCH", "", 5, ["GET"], {})
STATUSES: Final[tuple[Any, ...]] = (
    100,
    200,
    405,
    599,
    99,
    600,
    0,
    -1,
    10**400,
    200.0,
    200.5,
    "200",
    True,
    [200],
    {},
    float("nan"),
)

FIXED: Final[dict[str, tuple[Any, ...]]] = {
    "description": TEXTS,
    "reissue": TEXTS,
    "lifetime": DURATIONS,
    "rotateEvery": DURATIONS,
    "overlap": DURATIONS,
    "spread": SPREADS,
    "windows": WINDOW_LISTS,
    "freezes": FREEZE_LISTS,
    "scopes": SCOPE_LISTS,
    "compromised": ID_LISTS,
    "whenStillUsed": CHOICES,
    "secretEntry": ENTRIES,
    "keyIdEntry": ENTRIES,
    "url": ADDRESSES,
    "method": METHODS,
    "expectStatus": STATUSES,
    "timeout": DURATIONS,
}
IN_VERIFY: Final = ("url", "method", "expectStatus", "timeout")
IN_LOCKBOX: Final = ("secretEntry", "keyIdEntry")

anything = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3, unique_by=repr) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
_TIMES_OF_DAY = st.from_regex(r"\A[0-2][0-9]:[0-6][0-9]\Z")
_MOMENTS = st.from_regex(r"\A20(26|27)-[01][0-9]-[0-3][0-9](T09:00:00(Z|\+03:00)?)?\Z")
near = {
    "description": st.text(st.characters(), max_size=220),
    "reissue": st.text(st.characters(), max_size=270),
    "lifetime": st.from_regex(r"\A[0-9]{1,6}[dhms]\Z"),
    "rotateEvery": st.from_regex(r"\A[0-9]{1,4}[dhms]\Z"),
    "overlap": st.from_regex(r"\A[0-9]{1,4}[dhms]\Z"),
    "spread": st.integers(-5, 60),
    "windows": st.lists(
        st.fixed_dictionaries(
            {"from": _TIMES_OF_DAY, "to": _TIMES_OF_DAY},
            optional={
                "days": st.lists(st.sampled_from(["mon", "tue", "sun", "day"]), max_size=3, unique=True),
                "timezone": st.sampled_from(["UTC", "Europe/Moscow", "Europe/Berlin", "Mars/Base"]),
            },
        ),
        max_size=3,
        unique_by=repr,
    ),
    "freezes": st.lists(
        st.fixed_dictionaries({"from": _MOMENTS, "until": _MOMENTS}, optional={"why": st.text(max_size=3)}),
        max_size=3,
        unique_by=repr,
    ),
    "scopes": st.lists(st.from_regex(r"\Azz[-_.a-zA-Z0-9 ]{0,12}\Z"), max_size=3, unique=True),
    "compromised": st.lists(st.from_regex(r"\A[a-z0-9A-Z_]{0,52}\Z"), max_size=3, unique=True),
    "whenStillUsed": st.sampled_from(CHOICES),
    "secretEntry": st.from_regex(r"\A[-_./\\@0-9a-zA-Z:]{0,8}\Z"),
    "keyIdEntry": st.from_regex(r"\A[-_./\\@0-9a-zA-Z:]{0,8}\Z"),
    "url": st.from_regex(r"\A(https?|ftp)://[-a-z0-9.@:\[\]\\]{0,12}(/[!-~]{0,6})?\Z"),
    "method": st.sampled_from(METHODS),
    "expectStatus": st.integers(90, 610),
    "timeout": st.from_regex(r"\A[0-9]{1,4}[dhms]\Z"),
}


def in_stack_file(case: Case) -> dict[str, Any]:
    """The key as the stack file has it."""
    written = {name: value for name, value in case.items() if name not in IN_VERIFY}
    verify = {name: case[name] for name in IN_VERIFY if name in case}
    if verify:
        written["verify"] = {"url": ADDRESS, **verify}
    return {"name": "default", **written}


def in_program(case: Case) -> dict[str, Any]:
    """The same as inputs of `ApiKey`."""
    inputs = {name: value for name, value in case.items() if name not in (*IN_VERIFY, *IN_LOCKBOX)}
    verify = {name: case[name] for name in IN_VERIFY if name in case}
    if verify:
        inputs["verify"] = {"url": ADDRESS, **verify}
    lockbox = {name: case[name] for name in IN_LOCKBOX if name in case}
    return {"serviceAccountId": "ajeaccount", "lockbox": {"secretId": "e6qsecret", **lockbox}, **inputs}


def refusals(case: Case) -> tuple[str, str]:
    """What the stack file and what the provider say against it; empty where they accept it."""
    spec = provider = ""
    try:
        parse_account({"name": "account", "keys": [in_stack_file(case)]})
    except SpecError as error:
        spec = str(error)
    try:
        checked(in_program(case))
    except InvalidInput as error:
        provider = str(error)
    return spec, provider


def assert_they_agree(case: Case) -> None:
    spec, provider = refusals(case)
    assert bool(spec) == bool(provider), (
        f"{case!r}\nthe stack file: {spec or 'fine'}\nthe provider: {provider or 'fine'}"
    )


ACCEPTED: Final = {
    field: [value for value in values if not refusals(BASE | {field: value})[0]] for field, values in FIXED.items()
}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A right key with a few of its fields as anybody might write them; a third of these keys are right."""
    changed = draw(st.lists(st.sampled_from(sorted(FIXED)), min_size=1, max_size=3, unique=True))
    right = {name: st.sampled_from(ACCEPTED[name]) for name in changed}
    return BASE | {
        name: draw(right[name] | right[name] | near[name] | st.sampled_from(FIXED[name]) | anything) for name in changed
    }


@pytest.mark.parametrize("field", sorted(FIXED))
def test_both_accept_or_both_refuse_each_value_that_was_thought_of(field: str) -> None:
    seen = set()
    for value in FIXED[field]:
        assert_they_agree(BASE | {field: value})
        seen.add(bool(refusals(BASE | {field: value})[0]))
    assert seen == {True, False}


@settings(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(cases())
def test_both_accept_or_both_refuse_a_thousand_keys(case: Case) -> None:
    assert_they_agree(case)


def test_the_stack_file_alone_refuses_null_and_copies_and_misnamed_services() -> None:
    for case in (
        {**BASE, "lifetime": None},
        {**BASE, "description": None},
        {"scopes": ["yc.a", "yc.a"]},
        {**BASE, "compromised": ["aje", "aje"]},
        {"scopes": ["postbox.send"]},
    ):
        spec, provider = refusals(case)
        assert spec
        assert not provider


RIGHT: Final[tuple[Case, ...]] = tuple(BASE | {field: value} for field, values in ACCEPTED.items() for value in values)


def _as_the_provider_gets_them(inputs: dict[str, Any]) -> dict[str, Any]:
    """Numbers travel as floats; the provider makes whole ones of them again (`properties.py`)."""
    verify = inputs.get("verify")
    whole = {"spread": int(inputs["spread"])}
    return inputs | whole | ({"verify": verify | {"expectStatus": int(verify["expectStatus"])}} if verify else {})


def test_all_that_a_right_stack_file_declares_passes_the_providers_checks() -> None:
    keys = [
        {**in_stack_file(case), "name": f"k{number}", "secretEntry": f"k{number}", "keyIdEntry": f"k{number}.id"}
        for number, case in enumerate(RIGHT)
    ]
    account = {
        "name": "a" + "b" * 61 + "c",
        "description": "я" * 256,
        "folderId": "b1gfolder",
        "roles": ["monitoring.viewer", "a" * 64],
        "readers": ["self", "serviceAccount:ajereader", "userAccount:" + "a" * 100, "group:ajegroup"],
        "kmsKey": True,
        "labels": {f"l{number}": "v" * 63 for number in range(62)},
        "keys": [{**key, "secret": "shared"} for key in keys],
    }
    declared = run(lambda: ServiceAccountKeys("account", account) and None)
    fields = {
        "IamServiceAccount": ServiceAccount.fields,
        "ResourcemanagerFolderIamMember": FolderIamMember.fields,
        "LockboxSecret": LockboxSecret.fields,
        "LockboxSecretIamMember": LockboxSecretIamMember.fields,
        "KmsSymmetricKey": KmsSymmetricKey.fields,
    }
    seen = set()
    for (kind, name), inputs in declared.inputs.items():
        seen.add(kind)
        if kind == "ApiKey":
            lockbox = inputs["lockbox"] | {"secretId": "e6qsecret"}  # the engine that only listens gives ids of its own
            checked(_as_the_provider_gets_them(inputs) | {"lockbox": lockbox})
        elif kind in fields:
            assert provider_fields.checked(fields[kind], inputs, kind)[1] == [], name
    assert seen >= {"ApiKey", *fields}
    assert len(declared.names("ApiKey")) == len(RIGHT) > 80


@pytest.mark.parametrize("url", [text for text in ADDRESSES if isinstance(text, str) and not url_problem(text)])
def test_an_address_that_is_accepted_is_one_that_a_key_is_sent_to(url: str) -> None:
    assert address(url).hostname


def test_a_description_fills_what_the_mark_leaves() -> None:
    assert not any(refusals(BASE | {"description": "я" * DESCRIPTION_LENGTH}))
    assert all(refusals(BASE | {"description": "я" * (DESCRIPTION_LENGTH + 1)}))
