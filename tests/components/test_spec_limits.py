"""The spec's figures are the API's own: each is held to the rule book that is read from the API's descriptors."""

from __future__ import annotations

import re

import pytest
from yandex.cloud.access.access_pb2 import AccessBinding, Subject
from yandex.cloud.iam.v1.api_key_service_pb2 import CreateApiKeyRequest
from yandex.cloud.iam.v1.service_account_service_pb2 import CreateServiceAccountRequest
from yandex.cloud.lockbox.v1.secret_service_pb2 import CreateSecretRequest, PayloadEntryChange

from components import rule_book
from components.spec import account_problems, parse_account
from provider.yandex_keys import key_rules, marks
from provider.yandex_keys.limits import field_violations

CREATE_KEY: str = CreateApiKeyRequest.DESCRIPTOR.full_name
CREATE_ACCOUNT: str = CreateServiceAccountRequest.DESCRIPTOR.full_name
CREATE_SECRET: str = CreateSecretRequest.DESCRIPTOR.full_name
ENTRY_CHANGE: str = PayloadEntryChange.DESCRIPTOR.full_name
BINDING: str = AccessBinding.DESCRIPTOR.full_name
SUBJECT: str = Subject.DESCRIPTOR.full_name

LENGTHS = [
    (CREATE_KEY, "description", rule_book.DESCRIPTION_LENGTH),
    (CREATE_ACCOUNT, "description", rule_book.DESCRIPTION_LENGTH),
    (CREATE_ACCOUNT, "folder_id", rule_book.ID_LENGTH),
    (CREATE_SECRET, "folder_id", rule_book.ID_LENGTH),
    (CREATE_SECRET, "kms_key_id", rule_book.ID_LENGTH),
    (CREATE_SECRET, "name", rule_book.SECRET_NAME_LENGTH),
    (ENTRY_CHANGE, "key", rule_book.ENTRY_LENGTH),
    (BINDING, "role_id", rule_book.ROLE_LENGTH),
    (SUBJECT, "id", rule_book.SUBJECT_LENGTH),
]


@pytest.mark.parametrize(
    ("message", "field", "limit"), LENGTHS, ids=[f"{m.rpartition('.')[2]}.{f}" for m, f, _ in LENGTHS]
)
def test_a_length_is_the_apis(message: str, field: str, limit: int) -> None:
    assert field_violations(message, field, "a" * limit) == []
    assert field_violations(message, field, "a" * (limit + 1)) != []


def test_scopes_are_as_many_and_as_long_as_the_api_takes() -> None:
    scopes = [f"yc.scope.number{number}" for number in range(key_rules.SCOPES + 1)]
    assert field_violations(CREATE_KEY, "scopes", scopes[:-1]) == []
    assert field_violations(CREATE_KEY, "scopes", scopes) != []
    assert field_violations(CREATE_KEY, "scopes", ["a" * key_rules.SCOPE_LENGTH]) == []
    assert field_violations(CREATE_KEY, "scopes", ["a" * (key_rules.SCOPE_LENGTH + 1)]) != []
    assert field_violations(CREATE_KEY, "scopes", ["a", "a"]) != []


@pytest.mark.parametrize(
    "name",
    ["abc", "a-1", "a" * 63, "a" * 64, "Abc", "1abc", "-abc", "abc-", "a_b", "a.b", "a b", "abc\n", "\u0430bc", ""],
)
def test_an_accounts_name_is_right_where_the_api_takes_it(name: str) -> None:
    right = re.fullmatch(rule_book.ACCOUNT_NAME, name) is not None
    assert right == (field_violations(CREATE_ACCOUNT, "name", name) == [])


@pytest.mark.parametrize("entry", ["api_key", "a/b", "a\\b", "A.b-c@d", "a b", "ключ", "a:b", "a\n", "a$b"])
def test_an_entry_is_right_where_the_api_takes_it(entry: str) -> None:
    right = re.fullmatch(rule_book.ENTRY, entry, re.ASCII) is not None
    assert right == (field_violations(ENTRY_CHANGE, "key", entry) == [])


@pytest.mark.parametrize(
    "owner", ["support-team", "a", "1", "-", "a" * 63, "a" * 64, "A", "a b", "команда", "a.b", "a\n"]
)
def test_an_owner_is_right_where_the_api_takes_it_as_a_label(owner: str) -> None:
    said = parse_account({"name": "abc", "owner": owner, "keys": []}).own_labels if is_right(owner) else {}
    assert bool(said) == (field_violations(CREATE_SECRET, "labels", {"owner": owner}) == [])


def is_right(owner: str) -> bool:
    return not account_problems({"name": "abc", "owner": owner, "keys": []})


@pytest.mark.parametrize(
    "labels",
    [
        {"team": "a"},
        {"team": ""},
        {"Team": "a"},
        {"1": "a"},
        {"team": "A"},
        {"team": "a b"},
        {"a" * 63: "b" * 63},
        {"a" * 64: "b"},
        {"a": "b" * 64},
        {f"l{number}": "a" for number in range(62)},
        {f"l{number}": "a" for number in range(63)},
    ],
    ids=lambda labels: (
        ",".join(f"{key[:5]}={value[:5]}" for key, value in list(labels.items())[:1]) + f"({len(labels)})"
    ),
)
def test_labels_are_right_where_the_api_takes_them(labels: dict[str, str]) -> None:
    right = len(labels) <= rule_book.LABELS and all(
        re.fullmatch(rule_book.LABEL_KEY, key)
        and re.fullmatch(rule_book.LABEL_VALUE, value)
        and max(len(key), len(value)) <= rule_book.LABEL_LENGTH
        for key, value in labels.items()
    )
    sent = marks.with_labels(labels, "0" * marks.OWNER_DIGITS, "a" * marks.RANDOM_DIGITS)
    assert right == (field_violations(CREATE_SECRET, "labels", sent) == [])
