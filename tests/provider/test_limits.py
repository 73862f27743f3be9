"""The rule book of field limits: read from the API's descriptors, told with what would be right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.timestamp_pb2 import Timestamp
from yandex.cloud.access.access_pb2 import AccessBindingDelta, UpdateAccessBindingsRequest
from yandex.cloud.iam.v1 import service_account_service_pb2 as iam
from yandex.cloud.iam.v1.api_key_service_pb2 import CreateApiKeyRequest
from yandex.cloud.iam.v1.iam_token_service_pb2 import CreateIamTokenRequest
from yandex.cloud.iam.v1.service_account_service_pb2 import (
    CreateServiceAccountRequest,
    ListServiceAccountsRequest,
    UpdateServiceAccountRequest,
)
from yandex.cloud.kms.v1 import symmetric_key_service_pb2 as kms
from yandex.cloud.lockbox.v1 import secret_service_pb2 as lockbox
from yandex.cloud.lockbox.v1.secret_service_pb2 import AddVersionRequest, PayloadEntryChange
from yandex.cloud.resourcemanager.v1 import folder_service_pb2 as folders

from provider.yandex_keys.limits import field_violations, limits_of, parse_range, violations

_KEY = "yandex.cloud.iam.v1.CreateApiKeyRequest"
_ACCOUNT = "yandex.cloud.iam.v1.CreateServiceAccountRequest"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (CreateApiKeyRequest(description="x" * 256), {}),
        (CreateApiKeyRequest(description="é" * 256), {}),
        (
            CreateApiKeyRequest(description="x" * 257),
            {"description": "is 257 characters long; at most 256 are allowed"},
        ),
        (
            CreateApiKeyRequest(scopes=["a", "b", "a"]),
            {"scopes[2]": "is the same as [0]; elements have to differ"},
        ),
        (
            CreateApiKeyRequest(scopes=[str(number) for number in range(101)]),
            {"scopes": "has 101 elements; at most 100 are allowed"},
        ),
        (
            CreateApiKeyRequest(expires_at=Timestamp(seconds=7_258_118_400)),
            {"expires_at": "is out of range; allowed: 1970-01-01T00:00:00Z to 2105-12-31T23:59:59Z"},
        ),
        (CreateServiceAccountRequest(folder_id="f"), {"name": "is required"}),
        (
            CreateServiceAccountRequest(folder_id="f", name="Upper"),
            {"name": "has to match [a-z]([-a-z0-9]{0,61}[a-z0-9])?"},
        ),
        (
            CreateServiceAccountRequest(folder_id="f", name="a", labels={"A": "b"}),
            {"labels[A]": "the key has to match [a-z][-_0-9a-z]*"},
        ),
        (
            ListServiceAccountsRequest(folder_id="f", page_size=1001),
            {"page_size": "is out of range; allowed: 0 to 1000"},
        ),
        (ListServiceAccountsRequest(folder_id="f", page_size=-1), {"page_size": "is out of range; allowed: 0 to 1000"}),
        (CreateIamTokenRequest(), {"identity": "exactly one of yandex_passport_oauth_token, jwt has to be given"}),
        (
            UpdateAccessBindingsRequest(resource_id="r"),
            {"access_binding_deltas": "has no elements; 1 to 1000 are allowed"},
        ),
        (
            UpdateAccessBindingsRequest(resource_id="r", access_binding_deltas=[AccessBindingDelta()]),
            {
                "access_binding_deltas[0].action": "is required",
                "access_binding_deltas[0].access_binding": "is required",
            },
        ),
        (
            AddVersionRequest(
                secret_id="s", payload_entries=[PayloadEntryChange(key="a b", binary_value=b"x" * 65_537)]
            ),
            {
                "payload_entries[0].key": "has to match [-_./\\\\@0-9a-zA-Z]+",
                "payload_entries[0].binary_value": "is 65537 bytes long; at most 65536 are allowed",
            },
        ),
    ],
)
def test_each_broken_limit_is_named_with_what_would_be_right(message: Any, expected: dict[str, str]) -> None:
    assert dict(violations(message)) == expected


def test_an_update_misses_nothing_that_its_mask_leaves_out() -> None:
    request = UpdateServiceAccountRequest(service_account_id="aje", description="x" * 257)
    assert {field for field, _ in violations(request)} == {"name", "description"}
    request.update_mask.paths.append("description")
    assert {field for field, _ in violations(request)} == {"description"}
    request.service_account_id = ""
    assert {field for field, _ in violations(request)} == {"service_account_id", "description"}


@pytest.mark.parametrize(
    ("message", "field", "value", "expected"),
    [
        (_KEY, "description", "x" * 257, ["is 257 characters long; at most 256 are allowed"]),
        (_KEY, "description", "fine", []),
        (_KEY, "description", None, []),
        (_KEY, "scopes", ["a", "a"], ["[1]: is the same as [0]; elements have to differ"]),
        (_KEY, "scopes", [], []),
        (_KEY, "expires_at", datetime(2030, 1, 1, tzinfo=UTC), []),
        (_KEY, "description", 5, ["can't be sent: the value has the wrong type"]),
        (_KEY, "description", "\ud800", ["can't be sent: the text isn't valid Unicode"]),
        (_ACCOUNT, "name", "", ["is required"]),
        (_ACCOUNT, "labels", {"A": "b"}, ["[A]: the key has to match [a-z][-_0-9a-z]*"]),
        ("yandex.cloud.iam.v1.UpdateApiKeyRequest", "scopes", [], ["has no elements; 1 to 100 are allowed"]),
    ],
)
def test_one_field_is_judged_without_a_message(message: str, field: str, value: object, expected: list[str]) -> None:
    assert field_violations(message, field, value) == expected


def test_an_unknown_field_or_message_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        field_violations(_KEY, "colour", "blue")
    with pytest.raises(KeyError):
        field_violations("yandex.cloud.iam.v1.NoSuchRequest", "name", "x")


def test_a_reason_never_repeats_the_value() -> None:
    secret = "AQVNverysecret with spaces"
    request = AddVersionRequest(
        secret_id="s", payload_entries=[PayloadEntryChange(key=secret, text_value=secret * 9_000)]
    )
    assert secret not in str([reason for _, reason in violations(request)])


def _messages(descriptor: Descriptor) -> Iterator[Descriptor]:
    yield descriptor
    for nested in descriptor.nested_types:
        yield from _messages(nested)


@pytest.mark.parametrize("module", [iam, lockbox, kms, folders], ids=lambda module: module.__name__)
def test_every_option_of_the_apis_in_use_is_understood(module: Any) -> None:
    limits = [
        limits_of(field)
        for top in module.DESCRIPTOR.message_types_by_name.values()
        for message in _messages(top)
        for field in message.fields
    ]
    assert any(item.required for item in limits)


@pytest.mark.parametrize(
    ("text", "inside", "outside", "words"),
    [
        ("<=256", [0, 256], [257], "at most 256 are"),
        ("<3", [2], [3], "at most 2 are"),
        (">0", [1], [0], "at least 1 item is"),
        (">=2", [2], [1], "at least 2 items are"),
        ("1-100", [1, 100], [0, 101], "1 to 100 are"),
        ("36", [36], [35, 37], "exactly 36 are"),
        ("0", [0], [1], "at most 0 are"),
        ("-5-5", [-5, 5], [-6, 6], "at most 5 are"),
        ("1,2,4", [1, 4], [3], "1 or 2 or 4 items are"),
        ("1s-24h", [1, 86_400], [0, 86_401], ""),
        ("<=2h", [timedelta(hours=2).total_seconds()], [7_201], ""),
    ],
)
def test_ranges_are_read_as_the_descriptors_write_them(
    text: str, inside: list[Any], outside: list[Any], words: str
) -> None:
    found = parse_range(text)
    assert found is not None
    assert all(found.holds(value) for value in inside)
    assert not any(found.holds(value) for value in outside)
    if words:
        assert found.words("item") == words


def test_no_text_is_no_range() -> None:
    assert parse_range("") is None
